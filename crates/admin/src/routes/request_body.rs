//! Reads the whole body of a request before its handler runs, bounded in bytes and in time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use crate::response::Refused;

/// How long a client may take to send a body.
const SLOWEST_BODY: Duration = Duration::from_secs(30);
/// Longest body of a request, in bytes: a workflow's input has 256 KiB, and may be escaped in JSON.
const MAX_BODY_BYTES: usize = 2 << 20;

/// Reads the whole body before the handler waits for it: a client that sends only half of one is given up.
pub(super) async fn read_body(request: Request, next: Next) -> Result<Response, Refused> {
    let (head, body) = request.into_parts();
    let body = whole(body, SLOWEST_BODY).await?;
    Ok(next.run(Request::from_parts(head, body)).await)
}

async fn whole(body: Body, longest: Duration) -> Result<Body, Refused> {
    match tokio::time::timeout(longest, to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(bytes)) => Ok(Body::from(bytes)),
        Ok(Err(why)) => Err(Refused::bad_request(format!(
            "the body cannot be read: {why}; it may have {MAX_BODY_BYTES} bytes"
        ))),
        Err(_) => Err(Refused::too_slow()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;

    /// A body of which nothing comes.
    struct Half;

    impl futures_core::Stream for Half {
        type Item = std::io::Result<Bytes>;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let given_up = whole(Body::from_stream(Half), Duration::from_millis(1)).await;
        assert!(given_up.is_err());
        assert!(whole(Body::from("{}"), SLOWEST_BODY).await.is_ok());
        let long = Body::from(vec![b' '; MAX_BODY_BYTES + 1]);
        assert!(whole(long, SLOWEST_BODY).await.is_err());
    }
}

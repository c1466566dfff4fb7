//! Reading a request body within bounds: so many bytes, in so long.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::StatusCode;

use super::error::WireError;

/// How long a client may take to send a body.
const SLOWEST_BODY: Duration = Duration::from_secs(30);

/// Bytes beyond the bound that are still read and thrown away, so that a client that sent a little too much gets to
/// read why it was refused. Most clients read an answer only after they have written the whole request.
const DISCARDED_AT_MOST: usize = 16 << 20;

/// The whole body, of at most `bound` bytes.
pub(crate) async fn read(body: Body, bound: usize) -> Result<Vec<u8>, WireError> {
    within(SLOWEST_BODY, collect(body, bound)).await
}

async fn within(
    slowest: Duration,
    reading: impl Future<Output = Result<Vec<u8>, WireError>>,
) -> Result<Vec<u8>, WireError> {
    tokio::time::timeout(slowest, reading)
        .await
        .unwrap_or_else(|_| {
            Err(WireError::new(
                "RequestTimeout",
                "The request body took too long to arrive.",
            )
            .with_status(StatusCode::REQUEST_TIMEOUT))
        })
}

async fn collect(mut body: Body, bound: usize) -> Result<Vec<u8>, WireError> {
    let mut read = Vec::new();
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame
            .map_err(|why| WireError::serialization(format!("The request body ended: {why}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length <= bound {
            read.extend_from_slice(&data);
        } else if length > bound + DISCARDED_AT_MOST {
            break;
        }
    }
    if length > bound {
        Err(too_large(bound))
    } else {
        Ok(read)
    }
}

fn too_large(bound: usize) -> WireError {
    WireError::new(
        "RequestEntityTooLargeException",
        format!("The request is longer than {bound} bytes."),
    )
    .with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_within_its_bound_is_read_whole() {
        assert_eq!(read(Body::from("12345"), 5).await, Ok(b"12345".to_vec()));
    }

    #[tokio::test]
    async fn a_longer_body_is_refused() {
        let refused = read(Body::from("123456"), 5).await.expect_err("too long");
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_body_that_never_arrives_is_given_up() {
        let refused = within(Duration::from_millis(1), std::future::pending()).await;
        assert_eq!(refused.expect_err("too slow").name, "RequestTimeout");
    }
}

//! Reads a request body within bounds: of its bytes, of the time it takes, and of the memory of all requests together.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::WireError;

/// How long a client may take to send a body.
const SLOWEST_BODY: Duration = Duration::from_secs(30);

/// Bytes beyond the bound that are still read and thrown away, so that a client that sent a little too much can read
/// why it was refused. Most clients read a response only after they have written the whole request.
const DISCARDED_AT_MOST: usize = 16 << 20;

/// Bytes of a body that every request may have, beyond any shared memory.
const FREE: usize = 64 << 10;

/// Longer bodies share this much, in pieces: 256 MiB.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4 << 10;

static SHARED: Semaphore = Semaphore::const_new(PIECES);

/// A body that has been read. Its share of the memory for long bodies is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct ReadBody {
    /// The whole body.
    pub(crate) bytes: Vec<u8>,
    /// Held until the request has been answered.
    pub(crate) share: Option<SemaphorePermit<'static>>,
}

/// The whole body, of at most `bound` bytes.
pub(crate) async fn read(body: Body, bound: usize) -> Result<ReadBody, WireError> {
    within(SLOWEST_BODY, collect(body, bound, &SHARED)).await
}

async fn within(
    slowest: Duration,
    reading: impl Future<Output = Result<ReadBody, WireError>>,
) -> Result<ReadBody, WireError> {
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

async fn collect(
    mut body: Body,
    bound: usize,
    shared: &'static Semaphore,
) -> Result<ReadBody, WireError> {
    let mut read = Vec::new();
    let mut share: Option<SemaphorePermit<'static>> = None;
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame
            .map_err(|why| WireError::serialization(format!("The request body ended: {why}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length <= bound {
            let wanted = length.saturating_sub(FREE).div_ceil(PIECE);
            let held = share.as_ref().map_or(0, SemaphorePermit::num_permits);
            if wanted > held {
                let more = u32::try_from(wanted - held).unwrap_or(u32::MAX);
                let more = shared.try_acquire_many(more).map_err(|_| too_many())?;
                match &mut share {
                    Some(share) => share.merge(more),
                    None => share = Some(more),
                }
            }
            read.extend_from_slice(&data);
        } else if length > bound + DISCARDED_AT_MOST {
            break;
        }
    }
    if length > bound {
        Err(too_large(bound))
    } else {
        Ok(ReadBody { bytes: read, share })
    }
}

/// SDKs retry a 503 by themselves, after a while.
fn too_many() -> WireError {
    WireError::new(
        "ServiceUnavailable",
        "Too many long requests are being read. Send this one again.",
    )
    .with_status(StatusCode::SERVICE_UNAVAILABLE)
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
        let read = read(Body::from("12345"), 5).await.expect("read");
        assert_eq!(read.bytes, b"12345");
        assert!(read.share.is_none());
    }

    #[tokio::test]
    async fn long_bodies_share_a_bounded_memory_and_give_it_back() {
        static TWO_PIECES: Semaphore = Semaphore::const_new(2);
        let long = || Body::from(vec![0; FREE + 2 * PIECE]);
        let first = collect(long(), usize::MAX / 2, &TWO_PIECES).await;
        let refused = collect(long(), usize::MAX / 2, &TWO_PIECES).await;
        assert_eq!(
            refused.expect_err("no memory").status,
            StatusCode::SERVICE_UNAVAILABLE
        );
        let short = collect(Body::from("x"), 5, &TWO_PIECES).await;
        assert_eq!(short.expect("read").bytes, b"x");
        drop(first);
        assert!(collect(long(), usize::MAX / 2, &TWO_PIECES).await.is_ok());
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

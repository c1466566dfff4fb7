//! The paths of the port, and what answers each of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::HOST;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use rampmeter_wire::loopback;

use crate::answer::Refused;
use crate::dashboard;
use crate::site::Site;

mod body;
mod bulk;
mod calls;
mod control;
mod dead_letters;
mod executions;
mod metrics;
mod probe;
mod targets;
mod watch;
mod workflows;

/// The admin port as a router.
pub fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/livez", get(probe::live))
        .route("/readyz", get(probe::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/targets", get(targets::targets))
        .route("/v1/limits", get(targets::limits))
        .route("/v1/calls", get(calls::calls))
        .route("/v1/calls/{call}", get(calls::call))
        .route("/v1/calls/{call}/body", get(body::body))
        .route("/v1/calls/{call}/move", post(control::move_call))
        .route("/v1/calls/{call}/cancel", post(control::cancel_call))
        .route("/v1/targets/{target}/pause", post(control::pause))
        .route("/v1/targets/{target}/resume", post(control::resume))
        .route("/v1/limits/{target}/{limit}", post(control::change_limit))
        .route("/v1/changes", get(control::changes))
        .route("/v1/bulk-changes", post(bulk::begin))
        .route("/v1/live", get(watch::live))
        .route("/v1/series", get(watch::series))
        .route("/v1/health", get(watch::health))
        .route("/v1/workflows", get(workflows::list))
        .route(
            "/v1/workflows/{workflow}/executions",
            post(workflows::start),
        )
        .route("/v1/execution-counts", get(executions::counts))
        .route("/v1/executions", get(executions::list))
        .route("/v1/executions/{execution}", get(executions::execution))
        .route(
            "/v1/executions/{execution}/history",
            get(executions::history),
        )
        .route("/v1/executions/{execution}/stop", post(workflows::stop))
        .route(
            "/v1/executions/{execution}/redrive",
            post(workflows::redrive),
        )
        .route("/v1/dead-letters", get(dead_letters::list))
        .route("/v1/dead-letter-groups", get(dead_letters::groups))
        .route(
            "/v1/dead-letters/{letter}/redrive",
            post(dead_letters::redrive),
        )
        .route(
            "/v1/dead-letters/{letter}/discard",
            post(dead_letters::discard),
        )
        .merge(dashboard::router())
        .fallback(async || Refused::not_found("nothing is served at this path"))
        .method_not_allowed_fallback(async || Refused::method_not_allowed())
        .layer(middleware::from_fn(read_body))
        .layer(middleware::from_fn(refuse_foreign_host))
        .with_state(site)
}

/// How long a client may take to send a body.
const SLOWEST_BODY: Duration = Duration::from_secs(30);
/// Longest body of a request, in bytes: a workflow's input has 256 KiB, and may be escaped in JSON.
const MAX_BODY_BYTES: usize = 2 << 20;

/// Reads the whole body before anybody waits for it: a client that sends half of one is given up.
async fn read_body(request: Request, next: Next) -> Result<Response, Refused> {
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

/// A web page that has bound its own name to a loopback address must not read this port through a browser.
async fn refuse_foreign_host(request: Request, next: Next) -> Result<Response, Refused> {
    match request.headers().get(HOST) {
        Some(host) if loopback::is_loopback_host(host.as_bytes()) => Ok(next.run(request).await),
        _ => Err(Refused::foreign_host()),
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

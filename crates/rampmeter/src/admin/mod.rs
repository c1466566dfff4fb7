//! The admin port: what operators and the command line ask of a running server, as JSON objects with a `schema`,
//! snake_case names, RFC 3339 times in UTC and durations in `_ms`.
//! Most of it only reads; `control.rs` has what changes something. The dashboard is not here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use rampmeter_engine::Engine;

use crate::loopback;
use answer::Refused;
pub(crate) use redaction::Redaction;

mod answer;
mod body;
mod redaction;
mod health;
mod metrics;
mod targets;
mod calls;
mod control;
mod executions;

/// What the admin port serves.
#[derive(Debug)]
pub(crate) struct Site {
    /// The engine it reports on.
    pub(crate) engine: Engine,
    /// Whether the process has been asked to end.
    pub(crate) draining: AtomicBool,
    /// What people are not shown.
    pub(crate) redaction: Redaction,
}

impl Site {
    /// From now on not ready.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }
}

/// The admin port as a router.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/targets", get(targets::targets))
        .route("/v1/limits", get(targets::limits))
        .route("/v1/calls", get(calls::calls))
        .route("/v1/calls/{call}", get(calls::call))
        .route("/v1/calls/{call}/body", get(body::body))
        .route("/v1/calls/{call}/move", post(control::move_call))
        .route("/v1/targets/{target}/pause", post(control::pause))
        .route("/v1/targets/{target}/resume", post(control::resume))
        .route("/v1/limits/{target}/{limit}", post(control::change_limit))
        .route("/v1/changes", get(control::changes))
        .route("/v1/executions", get(executions::counts))
        .route("/v1/executions/{execution}", get(executions::execution))
        .fallback(async || Refused::not_found("nothing is served at this path"))
        .method_not_allowed_fallback(async || Refused::method_not_allowed())
        .layer(middleware::from_fn(refuse_foreign_host))
        .with_state(site)
}

/// A web page that has bound its own name to a loopback address must not read this port through a browser.
async fn refuse_foreign_host(request: Request, next: Next) -> Result<Response, Refused> {
    match request.headers().get(HOST) {
        Some(host) if loopback::is_loopback_host(host.as_bytes()) => Ok(next.run(request).await),
        _ => Err(Refused::foreign_host()),
    }
}

//! The admin port: what operators and the command line ask of a running server, as JSON objects with a `schema`,
//! snake_case names, RFC 3339 times in UTC and durations in `_ms`.
//! Most of it only reads; what changes something is a `POST` and says so. The pages that people look at are the
//! dashboard's: `crate::dashboard`.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use rampmeter_config::Config;
use rampmeter_engine::Engine;
use rampmeter_wire::loopback;
use tokio::sync::watch;

use crate::dashboard;
use answer::Refused;
use live::Live;
use redaction::Redaction;

mod answer;
mod body;
mod redaction;
mod health;
mod metrics;
mod targets;
mod calls;
mod control;
mod dead_letters;
mod executions;
mod live;
mod parameters;
mod sample;
mod verdict;
mod workflows;

/// What the admin port serves.
#[derive(Debug)]
pub(crate) struct Site {
    /// The engine it reports on.
    engine: Engine,
    /// Whether the process has been asked to end.
    draining: watch::Sender<bool>,
    /// What people are not shown.
    redaction: Redaction,
    /// What is happening now.
    live: Live,
}

impl Site {
    /// Reports on an engine with this configuration, and looks at it from now on until it has stopped.
    pub(crate) fn start(engine: Engine, config: &Config) -> Arc<Site> {
        let site = Arc::new(Site {
            engine,
            draining: watch::Sender::new(false),
            redaction: Redaction::of(config),
            live: Live::new(config),
        });
        let watched = Arc::clone(&site);
        tokio::spawn(async move { watched.live.run(&watched.engine).await });
        site
    }

    /// From now on not ready.
    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
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
        .route("/v1/live", get(live::live))
        .route("/v1/series", get(live::series))
        .route("/v1/health", get(live::health))
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

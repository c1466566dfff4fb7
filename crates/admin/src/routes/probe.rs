//! `/livez`: the process answers. `/readyz`: it takes work, so not while it drains or once its engine has stopped.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::site::Site;

pub(crate) async fn live() -> &'static str {
    "ok\n"
}

pub(crate) async fn ready(State(site): State<Arc<Site>>) -> (StatusCode, &'static str) {
    if *site.draining.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    // A round trip through the writer: a process whose engine is stuck or stopped is not ready.
    match site.engine.calls().targets().await {
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the engine has stopped\n"),
    }
}

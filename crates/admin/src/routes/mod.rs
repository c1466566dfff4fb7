//! The paths of the port, and the handler of each: `table` says which there are and who may use them, `guard` admits requests.

use std::sync::Arc;

use axum::Router;
use axum::middleware;

use crate::dashboard;
use crate::response::Refused;
use crate::site::Site;

mod body;
mod bulk;
mod calls;
mod changes;
mod control;
mod dead_letters;
mod executions;
mod guard;
mod metrics;
mod probe;
mod request_body;
mod session;
mod table;
mod targets;
mod users;
mod watch;
mod workflows;

/// The admin port as a router.
pub fn router(site: Arc<Site>) -> Router {
    table::router(&site)
        .merge(dashboard::router())
        .fallback(async || Refused::not_found("nothing is served at this path"))
        .method_not_allowed_fallback(async || Refused::method_not_allowed())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&site),
            guard::refuse_foreign_host,
        ))
        .with_state(site)
}

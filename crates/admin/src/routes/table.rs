//! The one table of operations: the method and path of each, what it requires of the caller, and its handler. A route without
//! a row does not exist, and a row without a need does not compile.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::guard::guarded;
use super::{
    body, bulk, calls, changes, control, dead_letters, executions, metrics, probe, session,
    targets, users, watch, workflows,
};
use crate::access::Need;
use crate::site::Site;

/// `get` reads and `post` changes.
macro_rules! operations {
    ($($method:ident $path:literal $need:ident $handler:path;)*) => {
        /// Every operation, as a router that admits only those who may use it.
        pub(super) fn router(site: &Arc<Site>) -> Router<Arc<Site>> {
            Router::new()$(.route($path, guarded(site, Need::$need, $method($handler))))*
        }
    };
}

operations! {
    get  "/livez" Nothing probe::live;
    get  "/readyz" Nothing probe::ready;
    get  "/metrics" Metrics metrics::metrics;
    get  "/v1/session" Nothing session::show;
    post "/v1/session/open" Nothing session::open;
    post "/v1/session/close" Nothing session::close;
    get  "/v1/users" Admin users::list;
    get  "/v1/targets" Viewer targets::targets;
    get  "/v1/limits" Viewer targets::limits;
    get  "/v1/calls" Viewer calls::calls;
    get  "/v1/calls/{call}" Viewer calls::call;
    get  "/v1/calls/{call}/body" Operator body::body;
    post "/v1/calls/{call}/move" Operator control::move_call;
    post "/v1/calls/{call}/cancel" Operator control::cancel_call;
    post "/v1/targets/{target}/pause" Operator control::pause;
    post "/v1/targets/{target}/resume" Operator control::resume;
    post "/v1/limits/{target}/{limit}" Operator control::change_limit;
    get  "/v1/changes" Viewer changes::list;
    post "/v1/bulk-changes" Operator bulk::begin;
    get  "/v1/live" Viewer watch::live;
    get  "/v1/series" Viewer watch::series;
    get  "/v1/health" Viewer watch::health;
    get  "/v1/workflows" Viewer workflows::list;
    post "/v1/workflows/{workflow}/executions" Operator workflows::start;
    get  "/v1/execution-counts" Viewer executions::counts;
    get  "/v1/executions" Viewer executions::list;
    get  "/v1/executions/{execution}" Viewer executions::execution;
    get  "/v1/executions/{execution}/history" Viewer executions::history;
    post "/v1/executions/{execution}/stop" Operator workflows::stop;
    post "/v1/executions/{execution}/redrive" Operator workflows::redrive;
    get  "/v1/dead-letters" Viewer dead_letters::list;
    get  "/v1/dead-letter-groups" Viewer dead_letters::groups;
    post "/v1/dead-letters/{letter}/redrive" Operator dead_letters::redrive;
    post "/v1/dead-letters/{letter}/discard" Admin dead_letters::discard;
}

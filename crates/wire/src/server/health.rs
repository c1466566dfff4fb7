//! The path on which scripts made for LocalStack wait. It needs no credential, so it says only what is served.

use axum::http::Method;
use axum::http::request::Parts;
use serde_json::{Value, json};

use crate::table::OPERATIONS;

const PATHS: [&str; 2] = ["/_localstack/health", "/_localstack/health/"];

/// Whether a request asks for it.
pub(crate) fn is_asked(head: &Parts) -> bool {
    (head.method == Method::GET || head.method == Method::HEAD) && PATHS.contains(&head.uri.path())
}

/// The response. A server that responds is ready: the ports are opened after the engine.
pub(crate) fn answer() -> Value {
    let operations: Vec<_> = OPERATIONS
        .iter()
        .map(|operation| format!("{}.{}", operation.service.target_prefix(), operation.name))
        .collect();
    json!({
        "services": { "stepfunctions": "running", "sqs": "running", "sts": "running" },
        "edition": "rampmeter",
        "version": env!("CARGO_PKG_VERSION"),
        "operations": operations,
    })
}

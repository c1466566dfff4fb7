//! SQS's own error for a missing parameter, and requests that name nothing but a queue.

use serde::Deserialize;

use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// The value of a parameter that must be present and not empty.
pub(super) fn required(name: &str, value: Option<String>) -> Result<String, WireError> {
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| missing(name))
}

/// The error for a required parameter that is missing.
pub(super) fn missing(name: &str) -> WireError {
    WireError::new(
        "MissingRequiredParameterException",
        format!("The request must contain the parameter {name}."),
    )
    .with_query_code("MissingParameter")
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OnlyQueue {
    queue_url: Option<String>,
}

/// The queue URL of a request that has no other parameter.
pub(super) fn queue_url(body: &[u8]) -> Result<String, WireError> {
    let only: OnlyQueue = parameters(body)?;
    required("QueueUrl", only.queue_url)
}

//! SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat.

use rampmeter_engine::{TaskReport, TaskResult};
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::{MAX_CAUSE_CHARS, MAX_ERROR_CHARS, MAX_PAYLOAD_BYTES};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// Longest task token that AWS's model accepts.
const MAX_TASK_TOKEN_CHARS: usize = 2048;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Success {
    task_token: Option<String>,
    output: Option<String>,
}

pub(crate) async fn success(call: Call) -> Result<Value, WireError> {
    let success: Success = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required_secret(
        "taskToken",
        success.task_token.as_deref(),
        1..=MAX_TASK_TOKEN_CHARS,
    );
    constraints.required_secret("output", success.output.as_deref(), 0..=MAX_PAYLOAD_BYTES);
    constraints.check()?;
    let result = TaskResult::Success {
        output: success.output.unwrap_or_default(),
    };
    report(&call, success.task_token, result).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    task_token: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

pub(crate) async fn failure(call: Call) -> Result<Value, WireError> {
    let failure: Failure = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required_secret(
        "taskToken",
        failure.task_token.as_deref(),
        1..=MAX_TASK_TOKEN_CHARS,
    );
    constraints.optional_secret("error", failure.error.as_deref(), 0..=MAX_ERROR_CHARS);
    constraints.optional_secret("cause", failure.cause.as_deref(), 0..=MAX_CAUSE_CHARS);
    constraints.check()?;
    let result = TaskResult::Failure {
        error: failure.error,
        cause: failure.cause,
    };
    report(&call, failure.task_token, result).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Heartbeat {
    task_token: Option<String>,
}

pub(crate) async fn heartbeat(call: Call) -> Result<Value, WireError> {
    let heartbeat: Heartbeat = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let task_token = heartbeat.task_token.as_deref();
    constraints.required_secret("taskToken", task_token, 1..=MAX_TASK_TOKEN_CHARS);
    constraints.check()?;
    report(&call, heartbeat.task_token, TaskResult::Heartbeat).await
}

async fn report(
    call: &Call,
    task_token: Option<String>,
    result: TaskResult,
) -> Result<Value, WireError> {
    let task_token = task_token.unwrap_or_default();
    call.site
        .engine
        .executions()
        .report_task(TaskReport { task_token, result })
        .await?;
    Ok(json!({}))
}

//! SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat.

use rampmeter_engine::{TaskReport, TaskResult};
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::{LONGEST_CAUSE, LONGEST_ERROR, LONGEST_PAYLOAD};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// Longest task token that AWS's model takes.
const LONGEST_TASK_TOKEN: usize = 2048;

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
        1..=LONGEST_TASK_TOKEN,
    );
    constraints.required_secret("output", success.output.as_deref(), 0..=LONGEST_PAYLOAD);
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
        1..=LONGEST_TASK_TOKEN,
    );
    constraints.optional_secret("error", failure.error.as_deref(), 0..=LONGEST_ERROR);
    constraints.optional_secret("cause", failure.cause.as_deref(), 0..=LONGEST_CAUSE);
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
    constraints.required_secret("taskToken", task_token, 1..=LONGEST_TASK_TOKEN);
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

//! StartMessageMoveTask, CancelMessageMoveTask and ListMessageMoveTasks.

use rampmeter_engine::{MoveTask, StartMessageMoveTask};
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameter::required;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Start {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

pub(crate) async fn start(call: Call) -> Result<Value, WireError> {
    let start: Start = parameters(&call.body)?;
    let request = StartMessageMoveTask {
        source_arn: required("SourceArn", start.source_arn)?,
        destination_arn: start.destination_arn,
        max_messages_per_second: start.max_number_of_messages_per_second,
    };
    let handle = call
        .site
        .engine
        .queues()
        .start_message_move_task(request)
        .await?;
    Ok(json!({ "TaskHandle": handle }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cancel {
    task_handle: Option<String>,
}

pub(crate) async fn cancel(call: Call) -> Result<Value, WireError> {
    let cancel: Cancel = parameters(&call.body)?;
    let handle = required("TaskHandle", cancel.task_handle)?;
    let moved = call
        .site
        .engine
        .queues()
        .cancel_message_move_task(&handle)
        .await?;
    Ok(json!({ "ApproximateNumberOfMessagesMoved": moved }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    source_arn: Option<String>,
    max_results: Option<i64>,
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let source = required("SourceArn", list.source_arn)?;
    let engine = &call.site.engine;
    let tasks = engine
        .queues()
        .list_message_move_tasks(&source, list.max_results)
        .await?;
    Ok(json!({ "Results": tasks.into_iter().map(show).collect::<Vec<_>>() }))
}

/// One task. AWS omits what does not apply.
fn show(task: MoveTask) -> Value {
    let mut shown = json!({
        "Status": task.status.as_str(),
        "SourceArn": task.source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started_at,
    });
    for (name, value) in [
        ("TaskHandle", task.task_handle.map(Value::from)),
        ("DestinationArn", task.destination_arn.map(Value::from)),
        (
            "MaxNumberOfMessagesPerSecond",
            task.max_messages_per_second.map(Value::from),
        ),
        ("FailureReason", task.failure_reason.map(Value::from)),
    ] {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}

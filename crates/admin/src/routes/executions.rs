//! `/v1/executions`: the newest, of one workflow, status or error or of all; `/v1/execution-counts`: how many have each status.
//! `/v1/executions/{name or ARN}`: one execution, with the state in which it waits and the call that will resume it, and
//! under it its `history`, with the calls that have ended. What is done to executions is in `workflows.rs`.

use std::sync::Arc;

use axum::extract::{Path, State};
use rampmeter_engine::{
    ExecutionCall, ExecutionDescription, ExecutionStatus, ExecutionSummary, GetExecutionHistory,
    ListExecutions, Rejected, WaitingAt,
};
use rampmeter_time::rfc3339;
use serde_json::{Map, Value, json};

use super::calls::call_json;
use super::workflows::workflow_arn;
use crate::parameters::Parameters;
use crate::response::{JsonResponse, Refused, json_or_text};
use crate::site::Site;

/// Executions in a response when the client does not say, and at most.
const EXECUTIONS: (u32, u32) = (50, 1_000);
/// Events in a response when the client does not say, and at most.
const EVENTS: (u32, u32) = (1_000, 1_000);

pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    parameters: Parameters,
) -> Result<JsonResponse, Refused> {
    let state_machine_arn = match parameters.text("workflow") {
        Some(named) => Some(workflow_arn(&site, named).await?),
        None => None,
    };
    let status = parameters.text("status").map(status).transpose()?;
    let page = site
        .engine
        .executions()
        .list_executions(ListExecutions {
            state_machine_arn,
            map_run_arn: parameters.text("map_run").map(str::to_owned),
            status,
            redriven: None,
            max_results: Some(parameters.limit(EXECUTIONS.0, EXECUTIONS.1)?),
            next_token: parameters.text("next_token").map(str::to_owned),
        })
        .await?;
    let wanted = parameters.text("error");
    let mut executions = Vec::new();
    for summary in &page.items {
        let error = error_of(&site, summary).await?;
        if wanted.is_none() || wanted == error.as_deref() {
            let mut execution = summary_json(summary);
            execution["error"] = error.into();
            executions.push(execution);
        }
    }
    Ok(JsonResponse(json!({
        "schema": "rampmeter.executions/2",
        "executions": executions,
        "next_token": page.next_token,
    })))
}

/// The error of an execution that failed. One that retention has deleted meanwhile has none.
async fn error_of(site: &Site, summary: &ExecutionSummary) -> Result<Option<String>, Refused> {
    if matches!(
        summary.status,
        ExecutionStatus::Running | ExecutionStatus::Succeeded
    ) {
        return Ok(None);
    }
    let executions = site.engine.executions();
    match executions.describe_execution(&summary.execution_arn).await {
        Ok(description) => Ok(description.error),
        Err(Rejected::ExecutionDoesNotExist(_) | Rejected::Unreadable(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

fn status(text: &str) -> Result<ExecutionStatus, Refused> {
    let wanted = text.to_uppercase();
    let all = [
        ExecutionStatus::Running,
        ExecutionStatus::Succeeded,
        ExecutionStatus::Failed,
        ExecutionStatus::TimedOut,
        ExecutionStatus::Aborted,
    ];
    let found = all.into_iter().find(|status| status.as_str() == wanted);
    found.ok_or_else(|| Refused::bad_request(format!("{text:?} is not the status of an execution")))
}

pub(crate) async fn history(
    State(site): State<Arc<Site>>,
    Path(named): Path<String>,
    parameters: Parameters,
) -> Result<JsonResponse, Refused> {
    let execution_arn = find(&site, &named).await?.summary.execution_arn;
    let calls = site
        .engine
        .executions()
        .execution_calls(&execution_arn)
        .await?;
    let page = site
        .engine
        .executions()
        .execution_history(GetExecutionHistory {
            execution_arn,
            max_results: Some(parameters.limit(EVENTS.0, EVENTS.1)?),
            next_token: parameters.text("next_token").map(str::to_owned),
            reverse_order: parameters.text("reverse") == Some("true"),
        })
        .await?;
    let events: Vec<_> = page
        .items
        .iter()
        .map(|event| event.to_history_event(true))
        .collect();
    Ok(JsonResponse(json!({
        "schema": "rampmeter.history/1",
        "events": events,
        "calls": calls.iter().map(ended_json).collect::<Vec<_>>(),
        "next_token": page.next_token,
    })))
}

fn ended_json(call: &ExecutionCall) -> Value {
    json!({
        "event": call.event,
        "id": format!("c-{}", call.id),
        "target": call.target,
        "priority": call.priority.as_str(),
        "sent_at": rfc3339(call.sent_at),
        "first_started_at": call.first_started_at.map(rfc3339),
        "started_at": call.started_at.map(rfc3339),
        "ended_at": rfc3339(call.ended_at),
        "receive_count": call.receive_count,
        "attempts": call.attempts,
        "status": call.status,
    })
}

pub(crate) async fn counts(State(site): State<Arc<Site>>) -> Result<JsonResponse, Refused> {
    let counts = site
        .engine
        .executions()
        .execution_counts()
        .await?
        .into_iter();
    let counts: Map<_, _> = counts
        .map(|(status, count)| (status.as_str().to_owned(), Value::from(count)))
        .collect();
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.execution-counts/1", "counts": counts }),
    ))
}

pub(crate) async fn execution(
    State(site): State<Arc<Site>>,
    Path(named): Path<String>,
) -> Result<JsonResponse, Refused> {
    let description = find(&site, &named).await?;
    let waiting_at = site
        .engine
        .executions()
        .waiting_at(&description.summary.execution_arn)
        .await?;
    Ok(JsonResponse(execution_json(
        &description,
        waiting_at.as_ref(),
    )))
}

/// The execution with this ARN, or with this name in whichever state machine has one.
pub(crate) async fn find(site: &Site, named: &str) -> Result<ExecutionDescription, Refused> {
    if named.starts_with("arn:") {
        return Ok(site.engine.executions().describe_execution(named).await?);
    }
    let mut found = Vec::new();
    for machine in site.engine.state_machines().list_state_machines().await? {
        let arn = machine.arn.replacen(":stateMachine:", ":execution:", 1) + ":" + named;
        match site.engine.executions().describe_execution(&arn).await {
            Ok(description) => found.push(description),
            Err(Rejected::ExecutionDoesNotExist(_) | Rejected::InvalidArn(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let Some(only) = found.pop() else {
        return Err(Refused::not_found(format!(
            "there is no execution named {named:?}"
        )));
    };
    if found.is_empty() {
        return Ok(only);
    }
    found.push(only);
    let arns: Vec<_> = found
        .into_iter()
        .map(|other| other.summary.execution_arn)
        .collect();
    Err(Refused::ambiguous(format!(
        "{named:?} names several executions: {}",
        arns.join(", ")
    )))
}

/// What every list shows of an execution.
fn summary_json(summary: &ExecutionSummary) -> Value {
    let workflow = summary.state_machine_arn.rsplit(':').next();
    json!({
        "execution_arn": summary.execution_arn,
        "state_machine_arn": summary.state_machine_arn,
        "workflow": workflow.unwrap_or_default(),
        "name": summary.name,
        "status": summary.status.as_str(),
        "started_at": rfc3339(summary.start_date),
        "stopped_at": summary.stop_date.map(rfc3339),
        "duration_ms": summary.stop_date.map(|stop| stop.millis_since(summary.start_date)),
        "redrive_count": summary.redrive_count,
        "redriven_at": summary.redrive_date.map(rfc3339),
        "not_redrivable": summary.not_redrivable,
    })
}

fn execution_json(description: &ExecutionDescription, waiting_at: Option<&WaitingAt>) -> Value {
    let mut execution = summary_json(&description.summary);
    let more = json!({
        "schema": "rampmeter.execution/2",
        "input": json_or_text(&description.input),
        "output": description.output.as_deref().map(json_or_text),
        "error": description.error,
        "cause": description.cause,
        "waiting_at": waiting_at.map(waiting_json),
    });
    if let (Value::Object(execution), Value::Object(more)) = (&mut execution, more) {
        execution.extend(more);
    }
    execution
}

fn waiting_json(waiting: &WaitingAt) -> Value {
    json!({
        "state": waiting.state,
        "waits_for": waiting.waits_for,
        "since": rfc3339(waiting.since),
        "call": waiting.call.as_ref().map(call_json),
        "running": (waiting.waits_for == "children").then_some(waiting.running),
        "children": waiting.children.iter().map(waiting_json).collect::<Vec<_>>(),
    })
}

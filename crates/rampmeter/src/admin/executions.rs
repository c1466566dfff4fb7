//! `/v1/executions`: how many have each status. `/v1/executions/{name or ARN}`: one execution, with the state in
//! which it waits and the call that will resume it.

use std::sync::Arc;

use axum::extract::{Path, State};
use rampmeter_engine::{ExecutionDescription, Rejected, WaitingAt};
use serde_json::{Map, Value, json};

use super::Site;
use super::answer::{Answer, Refused};
use super::calls::call_json;
use crate::output::{json_or_text, rfc3339};

pub(super) async fn counts(State(site): State<Arc<Site>>) -> Result<Answer, Refused> {
    let counts = site.engine.execution_counts().await?.into_iter();
    let counts: Map<_, _> = counts
        .map(|(status, count)| (status.as_str().to_owned(), Value::from(count)))
        .collect();
    Ok(Answer(
        json!({ "schema": "rampmeter.executions/1", "counts": counts }),
    ))
}

pub(super) async fn execution(
    State(site): State<Arc<Site>>,
    Path(named): Path<String>,
) -> Result<Answer, Refused> {
    let description = find(&site, &named).await?;
    let waiting_at = site
        .engine
        .waiting_at(&description.summary.execution_arn)
        .await?;
    Ok(Answer(execution_json(&description, waiting_at.as_ref())))
}

/// The execution with this ARN, or with this name in whichever state machine has one.
async fn find(site: &Site, named: &str) -> Result<ExecutionDescription, Refused> {
    if named.starts_with("arn:") {
        return Ok(site.engine.describe_execution(named).await?);
    }
    let mut found = Vec::new();
    for machine in site.engine.state_machines().await? {
        let arn = machine.arn.replacen(":stateMachine:", ":execution:", 1) + ":" + named;
        match site.engine.describe_execution(&arn).await {
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

fn execution_json(description: &ExecutionDescription, waiting_at: Option<&WaitingAt>) -> Value {
    let summary = &description.summary;
    let workflow = summary
        .state_machine_arn
        .rsplit(':')
        .next()
        .unwrap_or_default();
    json!({
        "schema": "rampmeter.execution/1",
        "execution_arn": summary.execution_arn,
        "state_machine_arn": summary.state_machine_arn,
        "workflow": workflow,
        "name": summary.name,
        "status": summary.status.as_str(),
        "started_at": rfc3339(summary.start_date),
        "stopped_at": summary.stop_date.map(rfc3339),
        "duration_ms": summary.stop_date.map(|stop| stop - summary.start_date),
        "input": json_or_text(&description.input),
        "output": description.output.as_deref().map(json_or_text),
        "error": description.error,
        "cause": description.cause,
        "waiting_at": waiting_at.map(waiting_json),
    })
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

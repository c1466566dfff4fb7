//! `/v1/workflows`: the state machines, and what a person does with their executions: start, stop, redrive.
//! The command line and the dashboard use these; programs use the AWS port.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use rampmeter_engine::{RedriveExecution, StartExecution, StateMachineDescription, StopExecution};
use rampmeter_time::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};

use super::executions::find;
use super::guard::Caller;
use crate::change::{Body, read};
use crate::response::{JsonResponse, Refused, json_or_text};
use crate::site::Site;

/// The body of `POST /v1/workflows/NAME/executions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartBody {
    name: Option<String>,
    #[serde(default)]
    input: Value,
}

/// The body of `POST /v1/executions/NAME/stop`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopBody {
    error: Option<String>,
    cause: Option<String>,
}

/// The body of `POST /v1/executions/NAME/redrive`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedriveBody {
    /// The audit entry for all that are redriven together.
    bulk: Option<i64>,
}

pub(crate) async fn list(State(site): State<Arc<Site>>) -> Result<JsonResponse, Refused> {
    let machines = site.engine.state_machines().list_state_machines().await?;
    let workflows: Vec<_> = machines.iter().map(workflow_json).collect();
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.workflows/1", "workflows": workflows }),
    ))
}

fn workflow_json(machine: &StateMachineDescription) -> Value {
    json!({
        "name": machine.name,
        "state_machine_arn": machine.arn,
        "type": machine.kind.as_str(),
        "updated_at": rfc3339(machine.update_date),
        "definition": json_or_text(&machine.definition),
    })
}

pub(crate) async fn start(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(named): Path<String>,
    body: Body<StartBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let state_machine_arn = workflow_arn(&site, &named).await?;
    let input = match body.input {
        Value::Null => "{}".to_owned(),
        given => given.to_string(),
    };
    let start = StartExecution {
        state_machine_arn,
        name: body.name,
        input,
    };
    let started = caller.engine.executions().start_execution(start).await?;
    Ok(JsonResponse(json!({
        "schema": "rampmeter.started/1",
        "execution_arn": started.execution_arn,
        "started_at": rfc3339(started.start_date),
    })))
}

pub(crate) async fn stop(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(named): Path<String>,
    body: Body<StopBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let execution_arn = find(&site, &named).await?.summary.execution_arn;
    let stop = StopExecution {
        execution_arn: execution_arn.clone(),
        error: body.error,
        cause: body.cause,
    };
    let stopped_at = caller.engine.executions().stop_execution(stop).await?;
    Ok(JsonResponse(json!({
        "schema": "rampmeter.stopped/1",
        "execution_arn": execution_arn,
        "stopped_at": rfc3339(stopped_at),
    })))
}

pub(crate) async fn redrive(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(named): Path<String>,
    body: Body<RedriveBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let execution_arn = find(&site, &named).await?.summary.execution_arn;
    let redrive = RedriveExecution {
        execution_arn: execution_arn.clone(),
        client_token: None,
        bulk: body.bulk,
    };
    let redriven_at = caller
        .engine
        .executions()
        .redrive_execution(redrive)
        .await?;
    Ok(JsonResponse(json!({
        "schema": "rampmeter.redriven/1",
        "execution_arn": execution_arn,
        "redriven_at": rfc3339(redriven_at),
    })))
}

/// The ARN of the workflow with this name or ARN.
pub(crate) async fn workflow_arn(site: &Site, named: &str) -> Result<String, Refused> {
    if named.starts_with("arn:") {
        return Ok(named.to_owned());
    }
    let machines = site.engine.state_machines().list_state_machines().await?;
    let found = machines.into_iter().find(|machine| machine.name == named);
    found
        .map(|machine| machine.arn)
        .ok_or_else(|| Refused::not_found(format!("there is no workflow named {named:?}")))
}

//! StartExecution, DescribeExecution, ListExecutions and StopExecution.

use rampmeter_engine::{
    ExecutionDescription, ExecutionStatus, ExecutionSummary, ListExecutions, StartExecution,
    StopExecution,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::constraint::Constraints;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

/// Longest ARN that AWS's model accepts.
pub(super) const MAX_ARN_CHARS: usize = 256;
/// Longest name of an execution or a state machine.
pub(super) const MAX_NAME_CHARS: usize = 80;
/// Longest page token that AWS's model accepts, and the longest of ListExecutions.
pub(super) const MAX_PAGE_TOKEN_CHARS: usize = 1_024;
const MAX_EXECUTIONS_PAGE_TOKEN_CHARS: usize = 3_096;
/// Longest ARN of a map run or a version, for which AWS's model allows more than for others.
pub(super) const MAX_LONG_ARN_CHARS: usize = 2_000;
/// Longest X-Ray header.
const MAX_TRACE_HEADER_CHARS: usize = 256;
/// Longest error name and cause of a stop or a failure.
pub(super) const MAX_ERROR_CHARS: usize = 256;
pub(super) const MAX_CAUSE_CHARS: usize = 32_768;
/// Longest payload, counted in characters here; the engine counts the bytes.
pub(super) const MAX_PAYLOAD_BYTES: usize = 262_144;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    state_machine_arn: Option<String>,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
}

pub(crate) async fn start(call: Call) -> Result<Value, WireError> {
    let start: Start = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required(
        "stateMachineArn",
        start.state_machine_arn.as_deref(),
        1..=MAX_ARN_CHARS,
    );
    constraints.optional("name", start.name.as_deref(), 1..=MAX_NAME_CHARS);
    constraints.optional_secret("input", start.input.as_deref(), 0..=MAX_PAYLOAD_BYTES);
    trace_header(&mut constraints, start.trace_header.as_deref());
    constraints.check()?;
    let started = call
        .site
        .engine
        .executions()
        .start_execution(StartExecution {
            state_machine_arn: start.state_machine_arn.unwrap_or_default(),
            name: start.name,
            input: start.input.unwrap_or_else(|| "{}".to_owned()),
        })
        .await?;
    Ok(json!({ "executionArn": started.execution_arn, "startDate": date(started.start_date) }))
}

/// `traceHeader`, which is checked and has no effect here.
pub(super) fn trace_header(constraints: &mut Constraints, value: Option<&str>) {
    constraints.optional("traceHeader", value, 0..=MAX_TRACE_HEADER_CHARS);
    constraints.pattern("traceHeader", value, r"\p{ASCII}*", str::is_ascii);
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

pub(crate) async fn describe(call: Call) -> Result<Value, WireError> {
    let describe: Describe = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required(
        "executionArn",
        describe.execution_arn.as_deref(),
        1..=MAX_ARN_CHARS,
    );
    let with_data = included_data(&mut constraints, describe.included_data.as_deref());
    constraints.check()?;
    let arn = describe.execution_arn.unwrap_or_default();
    let description = call
        .site
        .engine
        .executions()
        .describe_execution(&arn)
        .await?;
    Ok(description_json(description, with_data))
}

/// `includedData`: `ALL_DATA` (the default) or `METADATA_ONLY`, which omits payloads and causes.
pub(super) fn included_data(constraints: &mut Constraints, value: Option<&str>) -> bool {
    constraints.one_of("includedData", value, &["ALL_DATA", "METADATA_ONLY"]);
    value != Some("METADATA_ONLY")
}

fn description_json(description: ExecutionDescription, with_data: bool) -> Value {
    let not_redrivable = description.summary.not_redrivable.clone();
    let mut answer = summary_json(description.summary);
    if with_data {
        answer.insert("input".to_owned(), description.input.into());
        answer.insert("inputDetails".to_owned(), json!({ "included": true }));
        if let Some(output) = description.output {
            answer.insert("output".to_owned(), output.into());
            answer.insert("outputDetails".to_owned(), json!({ "included": true }));
        }
        if let Some(error) = description.error {
            answer.insert("error".to_owned(), error.into());
        }
        if let Some(cause) = description.cause {
            answer.insert("cause".to_owned(), cause.into());
        }
    }
    match not_redrivable {
        None => answer.insert("redriveStatus".to_owned(), "REDRIVABLE".into()),
        Some(reason) => {
            answer.insert("redriveStatusReason".to_owned(), reason.into());
            answer.insert("redriveStatus".to_owned(), "NOT_REDRIVABLE".into())
        }
    };
    Value::Object(answer)
}

fn summary_json(summary: ExecutionSummary) -> Map<String, Value> {
    let mut item = Map::new();
    item.insert("executionArn".to_owned(), summary.execution_arn.into());
    item.insert(
        "stateMachineArn".to_owned(),
        summary.state_machine_arn.into(),
    );
    for (member, arn) in [
        ("stateMachineVersionArn", summary.state_machine_version_arn),
        ("stateMachineAliasArn", summary.state_machine_alias_arn),
    ] {
        if let Some(arn) = arn {
            item.insert(member.to_owned(), arn.into());
        }
    }
    item.insert("name".to_owned(), summary.name.into());
    item.insert("status".to_owned(), summary.status.as_str().into());
    item.insert("startDate".to_owned(), date(summary.start_date));
    if let Some(stop_date) = summary.stop_date {
        item.insert("stopDate".to_owned(), date(stop_date));
    }
    if let Some((map_run_arn, items)) = summary.item {
        item.insert("mapRunArn".to_owned(), map_run_arn.into());
        item.insert("itemCount".to_owned(), items.into());
    }
    item.insert("redriveCount".to_owned(), summary.redrive_count.into());
    if let Some(redrive_date) = summary.redrive_date {
        item.insert("redriveDate".to_owned(), date(redrive_date));
    }
    item
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    state_machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    redrive_filter: Option<String>,
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.optional(
        "stateMachineArn",
        list.state_machine_arn.as_deref(),
        1..=MAX_ARN_CHARS,
    );
    let map_run_arn = list.map_run_arn.as_deref();
    constraints.optional("mapRunArn", map_run_arn, 1..=MAX_LONG_ARN_CHARS);
    constraints.optional(
        "nextToken",
        list.next_token.as_deref(),
        1..=MAX_EXECUTIONS_PAGE_TOKEN_CHARS,
    );
    let max_results = constraints.max_results(list.max_results);
    let status = status_filter(&mut constraints, list.status_filter.as_deref());
    let redriven = redrive_filter(&mut constraints, list.redrive_filter.as_deref());
    constraints.check()?;
    if list.state_machine_arn.is_some() == list.map_run_arn.is_some() {
        return Err(WireError::new(
            "ValidationException",
            "Must provide a StateMachine ARN or MapRun ARN",
        ));
    }
    let page = call
        .site
        .engine
        .executions()
        .list_executions(ListExecutions {
            state_machine_arn: list.state_machine_arn,
            map_run_arn: list.map_run_arn,
            status,
            redriven,
            max_results,
            next_token: list.next_token,
        })
        .await?;
    let executions = page
        .items
        .into_iter()
        .map(|item| summary_json(item).into())
        .collect();
    Ok(page_json("executions", executions, page.next_token))
}

fn status_filter(constraints: &mut Constraints, value: Option<&str>) -> Option<ExecutionStatus> {
    let name = value?;
    let status = ExecutionStatus::from_name(name);
    if status.is_none() {
        constraints.fail(
            "statusFilter",
            Some(name),
            "Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
        );
    }
    status
}

fn redrive_filter(constraints: &mut Constraints, value: Option<&str>) -> Option<bool> {
    constraints.one_of("redriveFilter", value, &["REDRIVEN", "NOT_REDRIVEN"]);
    value.map(|value| value == "REDRIVEN")
}

/// One page of a listing: its items under their AWS name, and the token of the next page unless it is the last.
pub(super) fn page_json(member: &str, items: Vec<Value>, next_token: Option<String>) -> Value {
    let mut page = Map::new();
    page.insert(member.to_owned(), Value::Array(items));
    if let Some(next_token) = next_token {
        page.insert("nextToken".to_owned(), next_token.into());
    }
    Value::Object(page)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    execution_arn: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

pub(crate) async fn stop(call: Call) -> Result<Value, WireError> {
    let stop: Stop = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required(
        "executionArn",
        stop.execution_arn.as_deref(),
        1..=MAX_ARN_CHARS,
    );
    constraints.optional_secret("error", stop.error.as_deref(), 0..=MAX_ERROR_CHARS);
    constraints.optional_secret("cause", stop.cause.as_deref(), 0..=MAX_CAUSE_CHARS);
    constraints.check()?;
    let stop_date = call
        .site
        .engine
        .executions()
        .stop_execution(StopExecution {
            execution_arn: stop.execution_arn.unwrap_or_default(),
            error: stop.error,
            cause: stop.cause,
        })
        .await?;
    Ok(json!({ "stopDate": date(stop_date) }))
}

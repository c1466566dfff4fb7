//! DescribeMapRun, ListMapRuns and UpdateMapRun.

use rampmeter_engine::{ListMapRuns, MapRunCounts, MapRunDescription, UpdateMapRun};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::constraint::Constraints;
use super::execution::{MAX_ARN_CHARS, MAX_LONG_ARN_CHARS, MAX_PAGE_TOKEN_CHARS, page_json};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    map_run_arn: Option<String>,
}

pub(crate) async fn describe(call: Call) -> Result<Value, WireError> {
    let describe: Describe = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = describe.map_run_arn.as_deref();
    constraints.required("mapRunArn", arn, 1..=MAX_LONG_ARN_CHARS);
    constraints.check()?;
    let arn = describe.map_run_arn.unwrap_or_default();
    let run = call.site.engine.executions().describe_map_run(&arn).await?;
    let mut answer = Map::new();
    let mut tell = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    tell("mapRunArn", run.map_run_arn.into());
    tell("executionArn", run.execution_arn.into());
    tell("status", run.status.as_str().into());
    tell("startDate", date(run.start_date));
    if let Some(stop_date) = run.stop_date {
        tell("stopDate", date(stop_date));
    }
    tell("maxConcurrency", run.max_concurrency.into());
    tell("toleratedFailureCount", run.tolerated_failure_count.into());
    let share = run.tolerated_failure_percentage;
    tell("toleratedFailurePercentage", share.into());
    tell("itemCounts", counts_json(run.items));
    tell("executionCounts", counts_json(run.executions));
    tell("redriveCount", 0.into());
    Ok(Value::Object(answer))
}

/// Results are never written to a file here, and child executions are not redriven.
fn counts_json(counts: MapRunCounts) -> Value {
    json!({
        "pending": counts.pending,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timedOut": counts.timed_out,
        "aborted": counts.aborted,
        "total": counts.total,
        "resultsWritten": 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = list.execution_arn.as_deref();
    constraints.required("executionArn", arn, 1..=MAX_ARN_CHARS);
    let next_token = list.next_token.as_deref();
    constraints.optional("nextToken", next_token, 1..=MAX_PAGE_TOKEN_CHARS);
    let max_results = constraints.max_results(list.max_results);
    constraints.check()?;
    let request = ListMapRuns {
        execution_arn: list.execution_arn.unwrap_or_default(),
        max_results,
        next_token: list.next_token,
    };
    let page = call.site.engine.executions().list_map_runs(request).await?;
    let runs = page.items.into_iter().map(item_json).collect();
    Ok(page_json("mapRuns", runs, page.next_token))
}

fn item_json(run: MapRunDescription) -> Value {
    let mut item = Map::new();
    item.insert("executionArn".to_owned(), run.execution_arn.into());
    item.insert("mapRunArn".to_owned(), run.map_run_arn.into());
    item.insert("stateMachineArn".to_owned(), run.state_machine_arn.into());
    item.insert("startDate".to_owned(), date(run.start_date));
    if let Some(stop_date) = run.stop_date {
        item.insert("stopDate".to_owned(), date(stop_date));
    }
    Value::Object(item)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    map_run_arn: Option<String>,
    max_concurrency: Option<i64>,
    tolerated_failure_count: Option<i64>,
    tolerated_failure_percentage: Option<f64>,
}

pub(crate) async fn update(call: Call) -> Result<Value, WireError> {
    let update: Update = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = update.map_run_arn.as_deref();
    constraints.required("mapRunArn", arn, 1..=MAX_LONG_ARN_CHARS);
    constraints.at_least("maxConcurrency", update.max_concurrency, 0);
    constraints.at_least("toleratedFailureCount", update.tolerated_failure_count, 0);
    let share = update.tolerated_failure_percentage;
    constraints.at_least("toleratedFailurePercentage", share, 0.0);
    constraints.at_most("toleratedFailurePercentage", share, 100.0);
    constraints.check()?;
    let request = UpdateMapRun {
        map_run_arn: update.map_run_arn.unwrap_or_default(),
        max_concurrency: update
            .max_concurrency
            .map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
        tolerated_failure_count: update
            .tolerated_failure_count
            .and_then(|count| u64::try_from(count).ok()),
        tolerated_failure_percentage: update.tolerated_failure_percentage,
    };
    call.site
        .engine
        .executions()
        .update_map_run(request)
        .await?;
    Ok(json!({}))
}

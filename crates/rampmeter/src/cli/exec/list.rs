//! `exec list`: the newest executions of one workflow or of all.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Failure, Table};
use rampmeter_time::{UnixMillis, rfc3339, span};
use serde_json::{Value, json};

use super::failure::{self, ended_badly};
use crate::client::{Client, ServerArguments, text};

/// Options of `exec list`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only those of this workflow, by name or ARN.
    #[arg(long)]
    workflow: Option<String>,
    /// Only those with this status.
    #[arg(long, value_parser = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"], ignore_case = true)]
    status: Option<String>,
    /// Most executions to list.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// The most failed executions of a list that are shown with their error and the state that failed: each costs two
/// requests.
const MAX_EXPLAINED: usize = 200;

/// Runs `exec list`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let client = list.server.client()?;
    let workflows = match &list.workflow {
        Some(named) => vec![client.workflow_arn(named).await?],
        None => client
            .workflows()
            .await?
            .into_iter()
            .map(|(_, arn)| arn)
            .collect(),
    };
    let most = list.limit as usize;
    let status = list.status.as_deref().map(str::to_uppercase);
    let mut executions = Vec::new();
    // ListExecutions lists one state machine at a time; the newest of all are among the newest of each.
    for workflow in workflows {
        executions.extend(newest(&client, &workflow, status.as_deref(), most + 1).await?);
    }
    executions
        .sort_by(|one, other| seconds(&other["startDate"]).total_cmp(&seconds(&one["startDate"])));
    let more = executions.len() > most;
    executions.truncate(most);
    let mut items: Vec<_> = executions.iter().map(list_item).collect();
    let failed = items.iter_mut().filter(|item| ended_badly(&item["status"]));
    for item in failed.take(MAX_EXPLAINED) {
        let arn = text(&item["execution_arn"]);
        let execution = client.admin(&["v1", "executions", &arn]).await?;
        item["error"] = execution["error"].clone();
        item["failed_in"] = failure::state(&client, &arn).await?.into();
    }
    print_list(&items, list.output.format())?;
    if more {
        note(&format!(
            "there are more: --limit {}",
            most.saturating_mul(5)
        ));
    }
    Ok(())
}

async fn newest(
    client: &Client,
    workflow: &str,
    status: Option<&str>,
    most: usize,
) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    let mut request = json!({ "stateMachineArn": workflow, "maxResults": most.min(1_000) });
    if let Some(status) = status {
        request["statusFilter"] = status.into();
    }
    loop {
        let mut page = client.states("ListExecutions", &request).await?;
        if let Value::Array(items) = page["executions"].take() {
            found.extend(items);
        }
        match page["nextToken"].as_str() {
            Some(next) if found.len() < most => request["nextToken"] = next.into(),
            _ => return Ok(found),
        }
    }
}

fn seconds(date: &Value) -> f64 {
    date.as_f64().unwrap_or_default()
}

fn moment(date: &Value) -> Option<UnixMillis> {
    date.as_f64().map(UnixMillis::from_secs_f64)
}

fn list_item(execution: &Value) -> Value {
    let started = moment(&execution["startDate"]).unwrap_or_default();
    let stopped = moment(&execution["stopDate"]);
    let machine = text(&execution["stateMachineArn"]);
    json!({
        "name": execution["name"],
        "workflow": machine.rsplit(':').next(),
        "status": execution["status"],
        "started_at": rfc3339(started),
        "stopped_at": stopped.map(rfc3339),
        "duration_ms": stopped.map(|stopped| stopped.millis_since(started)),
        "execution_arn": execution["executionArn"],
        "state_machine_arn": machine,
    })
}

fn print_list(items: &[Value], format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => {
            output::json(&json!({ "schema": "rampmeter.executions.list/1", "executions": items }))?;
        }
        Format::Jsonl => {
            for item in items {
                output::data(&item.to_string())?;
            }
        }
        Format::Id => {
            for item in items {
                output::data(&text(&item["execution_arn"]))?;
            }
        }
        Format::Table => {
            let mut table = Table::new([
                "NAME", "WORKFLOW", "STATUS", "STARTED", "TOOK", "ERROR", "IN STATE",
            ]);
            for item in items {
                let took = item["duration_ms"].as_i64().map_or_else(String::new, span);
                let [name, workflow, status, started, error, state] = [
                    "name",
                    "workflow",
                    "status",
                    "started_at",
                    "error",
                    "failed_in",
                ]
                .map(|column| text(&item[column]));
                table.add_row([name, workflow, status, started, took, error, state]);
            }
            table.print()?;
        }
    }
    Ok(())
}

//! `exec redrive`: executions that ended badly go on at the state that failed. One by its name, or all failed ones of a
//! workflow, the oldest first and at a given rate.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

use crate::cli::bulk::{Bulk, Pace, in_words};
use crate::client::{Client, ClientError, ServerArguments, text};

/// Options of `exec redrive`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name or ARN of the execution.
    #[arg(required_unless_present = "workflow", conflicts_with = "workflow")]
    execution: Option<String>,
    #[command(flatten)]
    all: All,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Many at once.
#[derive(Debug, Args)]
struct All {
    /// All that failed or timed out of this workflow, by name or ARN.
    #[arg(long)]
    workflow: Option<String>,
    /// Only those that ended with this error, such as Http.StatusCode.404.
    #[arg(long, requires = "workflow")]
    error: Option<String>,
    /// At most so many a second.
    #[arg(long, value_name = "N", default_value = "50", value_parser = Pace::read)]
    rate: Pace,
    /// Why, for the audit trail.
    #[arg(long, default_value = "", requires = "workflow")]
    reason: String,
    /// Do not ask.
    #[arg(long, requires = "workflow")]
    yes: bool,
}

/// Runs `exec redrive`.
pub(super) async fn run(redrive: Arguments) -> Result<(), Failure> {
    let client = redrive.server.client()?;
    let format = redrive.output.format();
    match (&redrive.execution, &redrive.all.workflow) {
        (Some(named), _) => {
            let arn = client.execution_arn(named).await?;
            redrive_one(&client, &arn).await?;
            tell(&arn, format)
        }
        (None, Some(workflow)) => redrive_all(&client, workflow, &redrive.all, format).await,
        (None, None) => unreachable!("the options ask for one of the two"),
    }
}

async fn redrive_one(client: &Client, arn: &str) -> Result<(), ClientError> {
    let request = json!({ "executionArn": arn });
    client.states("RedriveExecution", &request).await.map(drop)
}

fn tell(arn: &str, format: Format) -> Result<(), Failure> {
    let redriven = json!({ "schema": "rampmeter.redriven/1", "execution_arn": arn });
    match format {
        Format::Table => output::data(&format!(
            "{arn} goes on\n  rampmeter exec show {arn} says where it is"
        ))?,
        Format::Id => output::data(arn)?,
        Format::Json => output::json(&redriven)?,
        Format::Jsonl => output::data(&redriven.to_string())?,
    }
    Ok(())
}

async fn redrive_all(
    client: &Client,
    workflow: &str,
    all: &All,
    format: Format,
) -> Result<(), Failure> {
    let executions = failed(client, workflow, all.error.as_deref()).await?;
    if executions.is_empty() {
        note("no execution is meant");
        return Ok(());
    }
    let bulk = Bulk {
        kind: "redrive",
        target: workflow,
        subject: format!("{} executions", executions.len()),
        chosen_by: in_words(&[
            ("workflow", Some(workflow)),
            ("error", all.error.as_deref()),
        ]),
        reason: &all.reason,
    };
    bulk.agree(all.yes)?;
    let entry = bulk.begin(client).await?;
    let mut refused = 0;
    for (before, execution) in executions.iter().enumerate() {
        if before > 0 {
            tokio::time::sleep(all.rate.pause()).await;
        }
        let arn = text(&execution["execution_arn"]);
        let body = json!({ "bulk": entry });
        let path = ["v1", "executions", &arn, "redrive"];
        match client.change(&path, &body).await.map(drop) {
            Ok(()) => tell(&arn, format)?,
            Err(ClientError::Refused(refusal)) => {
                refused += 1;
                note(&format!("{arn}  not done: {}", refusal.message));
            }
            Err(ClientError::Failure(failure)) => return Err(failure),
        }
    }
    if refused == 0 {
        return Ok(());
    }
    let what = format!(
        "{refused} of {} executions stay as they are",
        executions.len()
    );
    Err(Failure::new("RM2044", Exit::Failed, what))
}

/// The executions that failed or timed out and can be redriven, the oldest failure first.
async fn failed(
    client: &Client,
    workflow: &str,
    error: Option<&str>,
) -> Result<Vec<Value>, Failure> {
    let mut executions = Vec::new();
    for status in ["FAILED", "TIMED_OUT"] {
        let mut next: Option<String> = None;
        loop {
            let mut query = vec![
                ("workflow", workflow),
                ("status", status),
                ("limit", "1000"),
            ];
            query.extend(error.map(|error| ("error", error)));
            query.extend(next.as_deref().map(|next| ("next_token", next)));
            let mut page = client.admin_with(&["v1", "executions"], &query).await?;
            if let Value::Array(items) = page["executions"].take() {
                executions.extend(items);
            }
            next = page["next_token"].as_str().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
    }
    executions.retain(|execution| execution["not_redrivable"].is_null());
    executions.sort_by_key(|execution| text(&execution["stopped_at"]));
    Ok(executions)
}

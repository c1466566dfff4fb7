//! `exec stop`: stops an execution, and says so when it had already ended.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure};
use serde_json::json;

use crate::client::{ServerArguments, text};

/// Options of `exec stop`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name or ARN of the execution.
    execution: String,
    /// Error name to record.
    #[arg(long)]
    error: Option<String>,
    /// Cause to record.
    #[arg(long)]
    cause: Option<String>,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `exec stop`.
pub(super) async fn run(stop: Arguments) -> Result<(), Failure> {
    let client = stop.server.client()?;
    let arn = client.execution_arn(&stop.execution).await?;
    let mut request = json!({ "executionArn": arn });
    for (member, value) in [("error", stop.error), ("cause", stop.cause)] {
        if let Some(value) = value {
            request[member] = value.into();
        }
    }
    client.states("StopExecution", &request).await?;
    let described = client
        .states("DescribeExecution", &json!({ "executionArn": arn }))
        .await?;
    let status = text(&described["status"]);
    let stopped = json!({
        "schema": "rampmeter.stopped/1", "execution_arn": arn, "status": status,
    });
    match stop.output.format() {
        Format::Table => output::data(&format!("{arn} {status}"))?,
        Format::Id => output::data(&arn)?,
        Format::Json => output::json(&stopped)?,
        Format::Jsonl => output::data(&stopped.to_string())?,
    }
    if status == "ABORTED" {
        return Ok(());
    }
    let what = format!("{arn} had already ended: {status}");
    Err(Failure::new("RM2015", Exit::Failed, what))
}

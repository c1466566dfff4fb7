//! `exec redrive`: an execution that ended badly goes on at the state that failed.

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use serde_json::json;

use crate::client::ServerArguments;

/// Options of `exec redrive`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name or ARN of the execution.
    execution: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `exec redrive`.
pub(super) async fn run(redrive: Arguments) -> Result<(), Failure> {
    let client = redrive.server.client()?;
    let arn = client.execution_arn(&redrive.execution).await?;
    client
        .states("RedriveExecution", &json!({ "executionArn": arn }))
        .await?;
    let redriven = json!({ "schema": "rampmeter.redriven/1", "execution_arn": arn });
    match redrive.output.format() {
        Format::Table => output::data(&format!(
            "{arn} goes on\n  rampmeter exec show {arn} says where it is"
        ))?,
        Format::Id => output::data(&arn)?,
        Format::Json => output::json(&redriven)?,
        Format::Jsonl => output::data(&redriven.to_string())?,
    }
    Ok(())
}

//! `exec show`: one execution with everything that is known of it, above all why it failed, or where it waits and why.

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_time::span;
use serde_json::Value;

use super::failure::{self, ended_badly};
use super::waiting;
use crate::cli::exec::history;
use crate::client::{ServerArguments, text};

/// Options of `exec show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name or ARN of the execution.
    execution: String,
    /// Show its history too.
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `exec show`.
pub(super) async fn run(show: Arguments) -> Result<(), Failure> {
    let client = show.server.client()?;
    let mut execution = client.admin(&["v1", "executions", &show.execution]).await?;
    if ended_badly(&execution["status"]) {
        let arn = text(&execution["execution_arn"]);
        execution["failed_in"] = failure::state(&client, &arn).await?.into();
    }
    let events = if show.events {
        Some(history::fetch(&client, &text(&execution["execution_arn"])).await?)
    } else {
        None
    };
    match show.output.format() {
        Format::Id => output::data(&text(&execution["execution_arn"]))?,
        Format::Table => {
            print_execution(&execution)?;
            if let Some(events) = &events {
                output::data("")?;
                history::print(events)?;
            }
        }
        format => {
            if let Some(events) = events {
                execution["events"] = Value::Array(events);
            }
            match format {
                Format::Jsonl => output::data(&execution.to_string())?,
                _ => output::json(&execution)?,
            }
        }
    }
    Ok(())
}

fn print_execution(execution: &Value) -> std::io::Result<()> {
    let field = |label: &str, value: &str| output::data(format!("{label:<10} {value}").trim_end());
    for (label, member) in [
        ("cause", "cause"),
        ("error", "error"),
        ("failed in", "failed_in"),
    ] {
        if let Some(value) = execution[member].as_str() {
            field(label, value)?;
        }
    }
    field("execution", &text(&execution["name"]))?;
    field("workflow", &text(&execution["workflow"]))?;
    field("arn", &text(&execution["execution_arn"]))?;
    let took = execution["duration_ms"]
        .as_i64()
        .map(|took| format!(" after {}", span(took)));
    field(
        "status",
        &(text(&execution["status"]) + &took.unwrap_or_default()),
    )?;
    for (label, value) in waiting::fields(&execution["waiting_at"]) {
        field(label, &value)?;
    }
    field("started", &text(&execution["started_at"]))?;
    for (label, member) in [("input", "input"), ("output", "output")] {
        if !execution[member].is_null() {
            field(label, &execution[member].to_string())?;
        }
    }
    Ok(())
}

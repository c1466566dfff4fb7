//! `call move`: gives a waiting call another priority.

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::OutputArguments;
use serde_json::json;

use crate::cli::answer::print;
use crate::client::{ServerArguments, text};

/// Options of `call move`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The call, as `call list` shows it: c-17.
    call: String,
    /// Its new priority: HIGH, MEDIUM or BATCH.
    priority: String,
    /// Why, for the audit trail.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `call move`.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let body = json!({ "priority": arguments.priority, "reason": arguments.reason });
    let answer = client
        .change(&["v1", "calls", &arguments.call, "move"], &body)
        .await?;
    let (id, to) = (text(&answer["id"]), text(&answer["priority"]));
    print(
        &arguments.output,
        &answer,
        &id,
        &format!("{id} waits in the {to} lane"),
    )
}

//! `call cancel`: a waiting call is not made, and the answer to one in flight is no longer waited for.

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::OutputArguments;
use serde_json::json;

use crate::cli::answer::print;
use crate::client::{ServerArguments, text};

/// Options of `call cancel`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The call, as `call list` shows it: c-17.
    call: String,
    /// Why, for the audit trail and for its task.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `call cancel`.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let body = json!({ "reason": arguments.reason });
    let answer = client
        .change(&["v1", "calls", &arguments.call, "cancel"], &body)
        .await?;
    let id = text(&answer["id"]);
    let words = if answer["was_in_flight"] == true {
        format!("{id} was in flight: nobody knows whether the vendor has done it")
    } else {
        format!("{id} is cancelled: it is not made")
    };
    print(&arguments.output, &answer, &id, &words)
}

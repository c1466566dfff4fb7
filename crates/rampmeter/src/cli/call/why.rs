//! `call why`: what holds a call, and when it should start, in the words of the server.

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::OutputArguments;

use crate::cli::answer::print;
use crate::client::{ServerArguments, text};

/// Options of `call why`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The call, as `call list` shows it: c-17.
    call: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `call why`.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let call = client.admin(&["v1", "calls", &arguments.call]).await?;
    let id = text(&call["id"]);
    let mut lines = vec![format!(
        "{id}  {} {} · {} since {}",
        text(&call["target"]),
        text(&call["priority"]),
        text(&call["status"]),
        text(&call["sent_at"]),
    )];
    if let Some(ahead) = call["ahead"]
        .as_u64()
        .filter(|_| call["status"] == "waiting")
    {
        lines.push(format!("  ahead      {ahead} in its lane"));
    }
    for (label, field) in [("held by", "held_by"), ("starts", "starts")] {
        if let Some(words) = call[field].as_str() {
            lines.push(format!("  {label:<9}  {words}"));
        }
    }
    if let Some(key) = call["key"].as_str() {
        lines.push(format!("  key        {key}"));
    }
    print(&arguments.output, &call, &id, &lines.join("\n"))
}

//! `call why`: which limit or which lane holds a call.

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::OutputArguments;
use rampmeter_time::span;

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
        text(&call["standing"]),
        text(&call["sent_at"]),
    )];
    if let Some(ahead) = call["ahead"]
        .as_u64()
        .filter(|_| call["standing"] == "waiting")
    {
        lines.push(format!("  ahead      {ahead} in its lane"));
    }
    if let Some(held_by) = call["held_by"].as_str() {
        lines.push(format!("  held by    {held_by}"));
    }
    if let Some(millis) = call["starts_in_ms"].as_i64() {
        let about = if millis < 1_000 {
            "less than a second".to_owned()
        } else {
            span(millis)
        };
        lines.push(format!(
            "  starts in  about {about}, unless more urgent calls come"
        ));
    }
    if let Some(key) = call["key"].as_str() {
        lines.push(format!("  key        {key}"));
    }
    print(&arguments.output, &call, &id, &lines.join("\n"))
}

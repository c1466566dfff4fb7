//! `target pause`, `resume` and `drain`. The server makes the change and keeps the audit trail.

use std::time::Duration;

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{OutputArguments, note};
use serde_json::{Value, json};

use crate::cli::answer::print;
use crate::client::{Client, ServerArguments, text};

/// The time between two checks whether a target is drained.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Options of `target pause`, `resume` and `drain`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the target.
    target: String,
    /// Only this priority: HIGH, MEDIUM or BATCH.
    #[arg(long, value_name = "PRIORITY")]
    priority: Option<String>,
    /// Why, for the audit trail.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Options of `target resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    target: Arguments,
    /// Forget what the vendor's throttles taught: the target is open, and its ceiling the configured one.
    #[arg(long)]
    forget_throttles: bool,
}

/// Runs `target pause`.
pub(super) async fn pause(arguments: Arguments) -> Result<(), Failure> {
    tell_pause(arguments, "pause", false).await
}

/// Runs `target resume`.
pub(super) async fn resume(arguments: ResumeArguments) -> Result<(), Failure> {
    tell_pause(arguments.target, "resume", arguments.forget_throttles).await
}

async fn tell_pause(
    arguments: Arguments,
    what: &str,
    forget_throttles: bool,
) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let answer = change_pause(&client, &arguments, what, forget_throttles).await?;
    let scope = text(&answer["scope"]);
    let of = if scope == "target" {
        arguments.target.clone()
    } else {
        format!("{scope} of {}", arguments.target)
    };
    let told = match what {
        "pause" => format!("{of} is paused: calls in flight go on, no other starts"),
        _ => match still_paused(&client, &arguments.target).await? {
            still if still.is_empty() => format!("{of} goes on"),
            still => format!(
                "{of} goes on, but for what stays paused: {}",
                still.join(", ")
            ),
        },
    };
    print(&arguments.output, &answer, &arguments.target, &told)
}

/// Runs `target drain`: a pause, and a wait until no call is in flight.
pub(super) async fn drain(arguments: Arguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    change_pause(&client, &arguments, "pause", false).await?;
    let mut told = None;
    loop {
        let answer = client.admin(&["v1", "targets"]).await?;
        let targets = answer["targets"].as_array().cloned().unwrap_or_default();
        let target = targets
            .into_iter()
            .find(|target| target["name"] == arguments.target.as_str());
        let target = target.unwrap_or_default();
        let (in_flight, held) = (target["in_flight"].as_u64(), target["held"].as_u64());
        // Calls of unknown outcome keep their slots, but no answer is awaited for them.
        let out = in_flight.unwrap_or(0).saturating_sub(held.unwrap_or(0));
        if out == 0 {
            let told = format!(
                "{0} is drained: no call is in flight, and none starts before `rampmeter target resume {0}`",
                arguments.target
            );
            return print(&arguments.output, &target, &arguments.target, &told);
        }
        if told != Some(out) {
            note(&format!("{out} in flight"));
            told = Some(out);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// What is paused of a target, by a person or by the calendar.
async fn still_paused(client: &Client, name: &str) -> Result<Vec<String>, Failure> {
    let answer = client.admin(&["v1", "targets"]).await?;
    let mut targets = answer["targets"].as_array().into_iter().flatten();
    let target = targets.find(|target| target["name"] == name);
    Ok(target.map(pauses_of).unwrap_or_default())
}

/// The pauses of a target in a response, in words.
pub(super) fn pauses_of(target: &Value) -> Vec<String> {
    let by_hand = target["paused"].as_array().into_iter().flatten().map(text);
    let planned = target["planned_pauses"].as_array().into_iter().flatten();
    let planned = planned.map(|pause| {
        let (lane, until) = (text(&pause["priority"]), text(&pause["until"]));
        match pause["reason"].as_str() {
            Some(reason) if !reason.is_empty() => format!("{lane} until {until} ({reason})"),
            _ => format!("{lane} until {until}"),
        }
    });
    by_hand.chain(planned).collect()
}

async fn change_pause(
    client: &Client,
    arguments: &Arguments,
    what: &str,
    forget_throttles: bool,
) -> Result<Value, Failure> {
    let body = json!({
        "priority": arguments.priority,
        "reason": arguments.reason,
        "forget_throttles": forget_throttles,
    });
    let path = ["v1", "targets", &arguments.target, what];
    Ok(client.change(&path, &body).await?)
}

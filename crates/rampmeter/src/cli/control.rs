//! `target pause|resume|drain`, `call why|move` and `limit set|reset|changes`: what people change while the server
//! runs, and the question why a call waits. The server does it and keeps the audit trail.

use std::time::Duration;

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::{duration, span};
use serde_json::{Value, json};

use crate::cli::ServerArguments;
use crate::cli::client::{Client, text};

/// Between two looks whether a target is drained.
const LOOK: Duration = Duration::from_millis(200);

/// Options of `target pause`, `resume` and `drain`.
#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
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
    target: TargetArguments,
    /// Forget what the vendor's throttles taught: the target is open, and its ceiling the configured one.
    #[arg(long)]
    forget_throttles: bool,
}

/// Options of `call why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArguments {
    /// The call, as `call list` shows it: c-17.
    call: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Options of `call move`.
#[derive(Debug, Args)]
pub(crate) struct MoveArguments {
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

/// Options of `limit set` and `limit reset`.
#[derive(Debug, Args)]
pub(crate) struct LimitArguments {
    /// The limit, as TARGET/LIMIT.
    limit: String,
    #[command(flatten)]
    change: ChangeArguments,
}

/// Options of `limit set`.
#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// The limit, as TARGET/LIMIT.
    limit: String,
    /// The most calls in flight, or in a window.
    max: u64,
    /// Go back to the configuration after this long, such as 2h.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    lasting: Option<Duration>,
    #[command(flatten)]
    change: ChangeArguments,
}

#[derive(Debug, Args)]
struct ChangeArguments {
    /// Why, for the audit trail.
    #[arg(long, default_value = "")]
    reason: String,
    /// Say what would happen and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `target pause`.
pub(super) async fn pause(arguments: TargetArguments) -> Result<(), Failure> {
    tell_pause(arguments, "pause", false).await
}

/// Runs `target resume`.
pub(super) async fn resume(arguments: ResumeArguments) -> Result<(), Failure> {
    tell_pause(arguments.target, "resume", arguments.forget_throttles).await
}

async fn tell_pause(
    arguments: TargetArguments,
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
        _ => format!("{of} goes on"),
    };
    print(&arguments.output, &answer, &arguments.target, &told)
}

/// Runs `target drain`: a pause, and a wait until no call is in flight.
pub(super) async fn drain(arguments: TargetArguments) -> Result<(), Failure> {
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
        // Places of calls whose outcome is unknown are kept, but nothing is under way there.
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
        tokio::time::sleep(LOOK).await;
    }
}

async fn change_pause(
    client: &Client,
    arguments: &TargetArguments,
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

/// Runs `call why`.
pub(super) async fn why(arguments: WhyArguments) -> Result<(), Failure> {
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

/// Runs `call move`.
pub(super) async fn move_call(arguments: MoveArguments) -> Result<(), Failure> {
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

/// Runs `limit set`.
pub(super) async fn set(arguments: SetArguments) -> Result<(), Failure> {
    let lasting = arguments
        .lasting
        .map(|lasting| u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX));
    let change = json!({ "max": arguments.max, "lasting_ms": lasting });
    change_limit(&arguments.limit, arguments.change, change).await
}

/// Runs `limit reset`.
pub(super) async fn reset(arguments: LimitArguments) -> Result<(), Failure> {
    change_limit(&arguments.limit, arguments.change, json!({})).await
}

async fn change_limit(
    named: &str,
    arguments: ChangeArguments,
    mut body: Value,
) -> Result<(), Failure> {
    let Some((target, limit)) = named.split_once('/') else {
        let what = format!("{named:?} is not a limit");
        return Err(Failure::new("RM4021", Exit::Usage, what)
            .with_help("rampmeter limit list, then name it as TARGET/LIMIT"));
    };
    body["reason"] = arguments.reason.into();
    body["dry_run"] = arguments.dry_run.into();
    let client = arguments.server.client()?;
    let answer = client
        .change(&["v1", "limits", target, limit], &body)
        .await?;
    print(
        &arguments.output,
        &answer,
        named,
        &changed_words(named, &answer),
    )
}

/// What a change of a limit does, for people.
fn changed_words(named: &str, answer: &Value) -> String {
    let number = |field: &str| answer[field].as_u64().unwrap_or(0);
    let (from, to, used) = (number("from"), number("to"), number("used"));
    let done = if answer["applied"] == true {
        ""
    } else {
        " (not done: --dry-run)"
    };
    let mut lines = vec![format!("{named}  {from} -> {to}{done}")];
    if used > to {
        lines.push(format!(
            "  {used} places are taken: nothing starts until {} of them are free",
            used - to + 1
        ));
    }
    if let Some(at) = answer["expires_at"].as_str() {
        lines.push(format!("  goes back to {} at {at}", number("configured")));
    } else if to != number("configured") {
        lines.push(format!(
            "  the configuration says {}: rampmeter limit reset {named}",
            number("configured")
        ));
    }
    lines.join("\n")
}

/// Runs `limit changes`.
pub(super) async fn changes(
    server: ServerArguments,
    output: OutputArguments,
) -> Result<(), Failure> {
    let answer = server.client()?.admin(&["v1", "changes"]).await?;
    let items = answer["changes"].as_array().cloned().unwrap_or_default();
    match output.format() {
        Format::Json => output::json(&answer)?,
        Format::Jsonl | Format::Id => {
            for item in items {
                output::data(&item.to_string())?;
            }
        }
        Format::Table => {
            let mut table = output::table(["AT", "TARGET", "KIND", "SUBJECT", "CHANGE", "REASON"]);
            for item in items {
                table.add_row(
                    ["at", "target", "kind", "subject", "change", "reason"]
                        .map(|field| text(&item[field])),
                );
            }
            output::print_table(&table)?;
        }
    }
    Ok(())
}

fn print(arguments: &OutputArguments, answer: &Value, id: &str, told: &str) -> Result<(), Failure> {
    match arguments.format() {
        Format::Table => output::data(told)?,
        Format::Id => output::data(id)?,
        Format::Json => output::json(answer)?,
        Format::Jsonl => output::data(&answer.to_string())?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_it_means() {
        let answer = json!({
            "from": 12, "to": 8, "used": 10, "configured": 12, "applied": false, "expires_at": null,
        });
        assert_eq!(
            changed_words("netsuite/account", &answer),
            "netsuite/account  12 -> 8 (not done: --dry-run)\n  \
             10 places are taken: nothing starts until 3 of them are free\n  \
             the configuration says 12: rampmeter limit reset netsuite/account"
        );
        let lasting = json!({
            "from": 12, "to": 8, "used": 1, "configured": 12, "applied": true,
            "expires_at": "2026-01-01T02:00:00Z",
        });
        assert_eq!(
            changed_words("netsuite/account", &lasting),
            "netsuite/account  12 -> 8\n  goes back to 12 at 2026-01-01T02:00:00Z"
        );
    }
}

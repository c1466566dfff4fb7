//! `call list`, `limit list` and `target list`: what waits and why, and how full the limits are. The admin port knows;
//! this only sets it out. What changes something is in `control.rs`.

use clap::{Args, Subcommand};
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{self, Color, Format, OutputArguments};
use rampmeter_time::span;
use serde_json::Value;

use super::control::{
    self, LimitArguments, MoveArguments, ResumeArguments, SetArguments, TargetArguments,
    WhyArguments,
};
use crate::cli::ServerArguments;
use crate::cli::client::text;
use crate::cli::rate::Rate;
use crate::cli::{probe, submit, target, target_show};

/// The commands under `call`.
#[derive(Debug, Subcommand)]
pub(crate) enum CallCommand {
    /// Make one call through the gate, without a workflow, and print its answer.
    Submit(Box<submit::Arguments>),
    /// Show one call: as it stands, or how it ended.
    Show(submit::ShowArguments),
    /// Print the whole body of the answer of a call that has ended.
    Body(submit::BodyArguments),
    /// List the calls that have not ended, those in flight first, and what holds each of the others.
    List(Arguments),
    /// Say why a call waits: which limit or which lane holds it, how many are ahead, when it should start.
    Why(WhyArguments),
    /// Move a call that waits to another priority.
    Move(MoveArguments),
}

/// The commands under `limit`.
#[derive(Debug, Subcommand)]
pub(crate) enum LimitCommand {
    /// List every limit of every target, and how full it is.
    List(Arguments),
    /// Give a limit another maximum, at once.
    Set(SetArguments),
    /// Give a limit the maximum of the configuration back.
    Reset(LimitArguments),
    /// List what people changed, the newest first: limits, pauses, calls moved.
    Changes(Arguments),
    /// Ask the vendor what it allows, and compare that with the configuration.
    Probe(probe::Arguments),
}

/// The commands under `target`.
#[derive(Debug, Subcommand)]
pub(crate) enum TargetCommand {
    /// List the targets: what waits, what is in flight, what the vendor refused.
    List(Arguments),
    /// Show one target: what waits, what holds it, what the vendor's answers taught.
    Show(target_show::Arguments),
    /// Start no more calls of a target, or of one priority; those in flight go on.
    Pause(TargetArguments),
    /// Go on after a pause.
    Resume(ResumeArguments),
    /// Pause, and wait until no call is in flight.
    Drain(TargetArguments),
    /// Sign in and make one harmless call.
    Ping(target::Arguments),
}

/// Options of the three lists.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `call list`.
pub(super) async fn calls(command: CallCommand) -> Result<(), Failure> {
    let list = match command {
        CallCommand::List(list) => list,
        CallCommand::Submit(call) => return submit::run(*call).await,
        CallCommand::Show(show) => return submit::show(show).await,
        CallCommand::Body(body) => return submit::body(body).await,
        CallCommand::Why(why) => return control::why(why).await,
        CallCommand::Move(moved) => return control::move_call(moved).await,
    };
    let header = [
        "CALL", "TARGET", "PRIORITY", "KEY", "STANDING", "AHEAD", "HELD BY",
    ];
    show(list, "calls", "id", header, |call| {
        let ahead = call["ahead"]
            .as_u64()
            .filter(|_| call["standing"] == "waiting");
        [
            text(&call["id"]),
            text(&call["target"]),
            text(&call["priority"]),
            text(&call["key"]),
            text(&call["standing"]),
            ahead.map_or_else(String::new, |ahead| ahead.to_string()),
            text(&call["held_by"]),
        ]
    })
    .await
}

/// Runs `limit list`.
pub(super) async fn limits(command: LimitCommand, color: Color) -> Result<(), Failure> {
    let list = match command {
        LimitCommand::List(list) => list,
        LimitCommand::Set(set) => return control::set(set).await,
        LimitCommand::Reset(reset) => return control::reset(reset).await,
        LimitCommand::Probe(asked) => return Box::pin(probe::run(asked, color)).await,
        LimitCommand::Changes(list) => return control::changes(list.server, list.output).await,
    };
    let header = [
        "TARGET",
        "LIMIT",
        "KIND",
        "USED / MAX",
        "HELD",
        "RESERVED",
        "LEARNED",
        "REACHES",
        "CHANGED",
    ];
    show(list, "limits", "name", header, |limit| {
        let window = limit["per_ms"]
            .as_i64()
            .map(|per| format!(" {}", span(per)));
        let learned = limit["learned_ceiling"].as_u64();
        [
            text(&limit["target"]),
            text(&limit["name"]),
            format!("{}{}", text(&limit["kind"]), window.unwrap_or_default()),
            format!("{} / {}", limit["used"], limit["max"]),
            limit["held"].to_string(),
            reserved(&limit["reserved"]),
            learned.map_or_else(String::new, |ceiling| ceiling.to_string()),
            Rate::of_json(limit).words(),
            change_words(limit),
        ]
    })
    .await
}

/// Runs `target list`.
pub(super) async fn targets(command: TargetCommand, color: Color) -> Result<(), Failure> {
    let list = match command {
        TargetCommand::List(list) => list,
        TargetCommand::Show(show) => return target_show::run(show).await,
        TargetCommand::Pause(target) => return control::pause(target).await,
        TargetCommand::Resume(target) => return control::resume(target).await,
        TargetCommand::Ping(asked) => return Box::pin(target::run(asked, color)).await,
        TargetCommand::Drain(target) => return control::drain(target).await,
    };
    let header = [
        "TARGET",
        "HIGH",
        "MEDIUM",
        "BATCH",
        "IN FLIGHT",
        "HELD",
        "THROTTLES",
        "PAUSED",
    ];
    show(list, "targets", "name", header, |target| {
        let waiting = &target["waiting"];
        [
            text(&target["name"]),
            waiting["HIGH"].to_string(),
            waiting["MEDIUM"].to_string(),
            waiting["BATCH"].to_string(),
            target["in_flight"].to_string(),
            target["held"].to_string(),
            target["throttles"].to_string(),
            paused_words(target),
        ]
    })
    .await
}

/// Gets a list of the admin port and prints it in the form that was asked for.
async fn show<const COLUMNS: usize>(
    list: Arguments,
    what: &str,
    id: &str,
    header: [&str; COLUMNS],
    row: impl Fn(&Value) -> [String; COLUMNS],
) -> Result<(), Failure> {
    let answer = list.server.client()?.admin(&["v1", what]).await?;
    let items = answer[what]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    match list.output.format() {
        Format::Json => output::json(&answer)?,
        Format::Jsonl => {
            for item in items {
                output::data(&item.to_string())?;
            }
        }
        Format::Id => {
            for item in items {
                output::data(&text(&item[id]))?;
            }
        }
        Format::Table => {
            let mut table = output::table(header);
            for item in items {
                table.add_row(row(item));
            }
            output::print_table(&table)?;
        }
    }
    Ok(())
}

/// What the configuration says where a person changed it, and when it goes back.
fn change_words(limit: &Value) -> String {
    match (limit["configured"].as_u64(), limit["expires_at"].as_str()) {
        (None, _) => String::new(),
        (Some(configured), None) => format!("was {configured}"),
        (Some(configured), Some(at)) => format!("was {configured}, until {at}"),
    }
}

fn paused_words(target: &Value) -> String {
    let paused = target["paused"].as_array().into_iter().flatten();
    let words: Vec<&str> = paused.filter_map(Value::as_str).collect();
    if words.contains(&"target") {
        "all".to_owned()
    } else {
        words.join(", ")
    }
}

/// The reserves that are not nothing, as `2 HIGH`.
fn reserved(reserves: &Value) -> String {
    let kept = ["HIGH", "MEDIUM", "BATCH"].map(|priority| (priority, reserves[priority].as_u64()));
    let told: Vec<String> = kept
        .into_iter()
        .filter_map(|(priority, kept)| {
            Some(format!("{} {priority}", kept.filter(|kept| *kept > 0)?))
        })
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_reserves_that_keep_something_are_told() {
        assert_eq!(
            reserved(&json!({ "HIGH": 2, "MEDIUM": 0, "BATCH": 0 })),
            "2 HIGH"
        );
        assert_eq!(
            reserved(&json!({ "HIGH": 2, "MEDIUM": 1, "BATCH": 0 })),
            "2 HIGH, 1 MEDIUM"
        );
        assert_eq!(reserved(&json!({ "HIGH": 0, "MEDIUM": 0, "BATCH": 0 })), "");
    }
}

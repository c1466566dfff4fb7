//! `call list`, `limit list` and `target list`: what waits and why, and how full the limits are. The admin port knows;
//! this only sets it out.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::cli::ServerArguments;
use crate::cli::client::text;
use crate::failure::Failure;
use crate::output::{self, Format, OutputArguments, span};

/// The commands under `call`.
#[derive(Debug, Subcommand)]
pub(crate) enum CallCommand {
    /// List the calls that have not ended, those in flight first, and what holds each of the others.
    List(Arguments),
}

/// The commands under `limit`.
#[derive(Debug, Subcommand)]
pub(crate) enum LimitCommand {
    /// List every limit of every target, and how full it is.
    List(Arguments),
}

/// The commands under `target`.
#[derive(Debug, Subcommand)]
pub(crate) enum TargetCommand {
    /// List the targets: what waits, what is in flight, what the vendor refused.
    List(Arguments),
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
pub(super) async fn calls(CallCommand::List(list): CallCommand) -> Result<(), Failure> {
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
pub(super) async fn limits(LimitCommand::List(list): LimitCommand) -> Result<(), Failure> {
    let header = [
        "TARGET",
        "LIMIT",
        "KIND",
        "USED / MAX",
        "HELD",
        "RESERVED",
        "LEARNED",
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
        ]
    })
    .await
}

/// Runs `target list`.
pub(super) async fn targets(TargetCommand::List(list): TargetCommand) -> Result<(), Failure> {
    let header = [
        "TARGET",
        "HIGH",
        "MEDIUM",
        "BATCH",
        "IN FLIGHT",
        "HELD",
        "THROTTLES",
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

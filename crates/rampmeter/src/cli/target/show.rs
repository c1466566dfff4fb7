//! `target show`: one target with everything that is known of it: what waits, what holds it, what the vendor's answers
//! taught.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::span;
use serde_json::Value;

use crate::cli::rate::Rate;
use crate::cli::target::pause::pauses_of;
use crate::client::{ServerArguments, text};

/// Options of `target show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the target.
    target: String,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `target show`.
pub(crate) async fn run(show: Arguments) -> Result<(), Failure> {
    let answer = show.server.client()?.admin(&["v1", "targets"]).await?;
    let targets = answer["targets"].as_array().into_iter().flatten();
    let Some(target) = targets
        .into_iter()
        .find(|target| target["name"] == show.target.as_str())
    else {
        let what = format!("there is no target {}", show.target);
        return Err(Failure::new("RM2060", Exit::Failed, what).with_help("rampmeter target list"));
    };
    match show.output.format() {
        Format::Id => output::data(&show.target)?,
        Format::Json => output::json(target)?,
        Format::Jsonl => output::data(&target.to_string())?,
        Format::Table => {
            for line in lines(target) {
                output::data(&line)?;
            }
        }
    }
    Ok(())
}

/// Everything, for people.
fn lines(target: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let mut field = |label: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{label:<10} {value}"));
        }
    };
    let waiting = ["HIGH", "MEDIUM", "BATCH"]
        .map(|priority| format!("{priority} {}", target["waiting"][priority]));
    field("target", text(&target["name"]));
    field("waiting", waiting.join(", "));
    let delayed = ["HIGH", "MEDIUM", "BATCH"].map(|priority| &target["delayed"][priority]);
    let delayed: u64 = delayed.into_iter().filter_map(Value::as_u64).sum();
    if delayed > 0 {
        field(
            "delayed",
            format!("{delayed}, in back-off or sent with a delay"),
        );
    }
    field(
        "in flight",
        match target["held"].as_u64() {
            Some(held) if held > 0 => {
                format!("{}, {held} of them of unknown outcome", target["in_flight"])
            }
            _ => target["in_flight"].to_string(),
        },
    );
    field("paused", pauses_of(target).join(", "));
    let mean = target["mean_call_ms"].as_i64();
    field("mean call", mean.map(span).unwrap_or_default());
    for priority in ["HIGH", "MEDIUM", "BATCH"] {
        field(priority, first_words(&target["first_waiting"][priority]));
    }
    field("vendor", vendor_words(target));
    field("last error", error_words(&target["errors"]));
    field("throttles", throttle_words(target));
    for limit in target["limits"].as_array().into_iter().flatten() {
        field("limit", limit_words(limit));
    }
    for limit in target["vendor_limits"].as_array().into_iter().flatten() {
        field("it says", vendor_limit_words(limit));
        field("", text(&limit["disagreement"]));
    }
    lines
}

/// What holds the first call that waits in a lane, and when it should start; empty where none waits.
fn first_words(first: &Value) -> String {
    match (first["held_by"].as_str(), first["starts"].as_str()) {
        (Some(held_by), Some(starts)) => format!("held by {held_by}; starts {starts}"),
        _ => String::new(),
    }
}

/// Whether the vendor admits calls at present.
fn vendor_words(target: &Value) -> String {
    let held_by = target["vendor"]["held_by"].as_str();
    let mut words =
        held_by.map_or_else(|| "open".to_owned(), |held_by| format!("held by {held_by}"));
    if let Some(times) = target["closed_by_headers"]
        .as_u64()
        .filter(|times| *times > 0)
    {
        words.push_str(&format!(
            "; its headers closed it {times} times before a throttle did"
        ));
    }
    words
}

/// The latest error; empty where there is none.
fn error_words(errors: &Value) -> String {
    let Some(last) = errors["last"].as_str() else {
        return String::new();
    };
    let since = errors["since"].as_str().map_or_else(String::new, |since| {
        format!("; nothing has gone well since {since}")
    });
    format!(
        "{last}, at {}; errors in the last minute: {}{since}",
        text(&errors["last_at"]),
        errors["in_last_minute"],
    )
}

fn throttle_words(target: &Value) -> String {
    let under = target["throttles_under_our_limit"].as_u64().unwrap_or(0);
    let all = target["throttles"].to_string();
    if under == 0 {
        return all;
    }
    format!(
        "{all}, {under} of them while we were under our own limits: somebody else uses the account, or a limit is too high"
    )
}

fn limit_words(limit: &Value) -> String {
    let window = limit["per_ms"]
        .as_i64()
        .map_or_else(String::new, |per| format!(" {}", span(per)));
    let pace = match limit["pace"].as_str() {
        Some("even") => ", filled evenly",
        _ => "",
    };
    let learned = limit["learned_ceiling"]
        .as_u64()
        .map_or_else(String::new, |ceiling| {
            format!(", {ceiling} at present: the vendor's throttles taught it, and it rises by one every 30 s")
        });
    let rate = Rate::of_json(limit).words();
    let rate = if rate.is_empty() {
        rate
    } else {
        format!(", reaches {rate}")
    };
    format!(
        "{} ({}{window}{pace}): {} of {} used{learned}{rate}",
        text(&limit["name"]),
        text(&limit["kind"]),
        limit["used"],
        limit["max"],
    )
}

/// A limit as the vendor's last answer stated it.
fn vendor_limit_words(limit: &Value) -> String {
    let number = |field: &str| limit[field].as_u64().map(|number| number.to_string());
    let of = match (number("remaining"), number("limit")) {
        (Some(left), Some(all)) => format!("{left} of {all} left"),
        (Some(left), None) => format!("{left} left"),
        (None, Some(all)) => format!("{all} in all"),
        (None, None) => return String::new(),
    };
    let name = text(&limit["name"]);
    let name = if name.is_empty() { "calls" } else { &name };
    let per = limit["per_ms"]
        .as_i64()
        .map_or_else(String::new, |per| format!(" in {}", span(per)));
    let resets = limit["resets_at"]
        .as_str()
        .map_or_else(String::new, |at| format!(", more at {at}"));
    format!("{name}: {of}{per}{resets}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_vendor_taught_is_told_in_words() {
        let target = json!({
            "name": "erp", "waiting": { "HIGH": 1, "MEDIUM": 0, "BATCH": 7 }, "in_flight": 3, "held": 1,
            "paused": ["BATCH"],
            "planned_pauses": [{ "priority": "MEDIUM", "until": "2026-01-09T19:00:00Z", "reason": "finance close" }],
            "mean_call_ms": 300, "throttles": 4, "throttles_under_our_limit": 2,
            "closed_by_headers": 1,
            "vendor": { "held_by": "the vendor, which closed the target for another 30.0 s" },
            "first_waiting": { "HIGH": {
                "held_by": "the vendor, which closed the target for another 30.0 s", "starts": "in about 30.0 s",
            }, "MEDIUM": null, "BATCH": null },
            "limits": [{
                "name": "account", "kind": "concurrency", "per_ms": null, "used": 3, "max": 12,
                "learned_ceiling": 9, "reaches_per_second": 40.0, "nominal_per_second": null,
            }],
            "vendor_limits": [{
                "name": "default", "kind": "window", "limit": 100, "per_ms": 60_000, "remaining": 0,
                "resets_at": null,
                "disagreement": "the vendor says 100 calls in 1m, the configuration says 600 (limit minute)",
            }],
        });
        let told = lines(&target).join("\n");
        for part in [
            "paused     BATCH, MEDIUM until 2026-01-09T19:00:00Z (finance close)",
            "waiting    HIGH 1, MEDIUM 0, BATCH 7",
            "in flight  3, 1 of them of unknown outcome",
            "HIGH       held by the vendor, which closed the target for another 30.0 s; starts in about 30.0 s",
            "vendor     held by the vendor, which closed the target for another 30.0 s; its headers closed it 1 times",
            "throttles  4, 2 of them while we were under our own limits",
            "account (concurrency): 3 of 12 used, 9 at present",
            "default: 0 of 100 left in 1 min 0 s",
            "the configuration says 600",
        ] {
            assert!(told.contains(part), "{part:?} in\n{told}");
        }
    }
}

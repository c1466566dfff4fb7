//! `exec show`: one execution with all that is known of it, first of all where it waits and why.

use clap::Args;
use serde_json::Value;

use crate::cli::client::text;
use crate::cli::{ServerArguments, history};
use crate::failure::Failure;
use crate::output::{self, Format, OutputArguments, span};

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
    field("started", &text(&execution["started_at"]))?;
    for (label, value) in waiting_fields(&execution["waiting_at"]) {
        field(label, &value)?;
    }
    for (label, member) in [("error", "error"), ("cause", "cause")] {
        if let Some(value) = execution[member].as_str() {
            field(label, value)?;
        }
    }
    for (label, member) in [("input", "input"), ("output", "output")] {
        if !execution[member].is_null() {
            field(label, &execution[member].to_string())?;
        }
    }
    Ok(())
}

/// Where an execution waits, the call it waits for and what holds that call.
fn waiting_fields(waiting: &Value) -> Vec<(&'static str, String)> {
    let Some(state) = waiting["state"].as_str() else {
        return Vec::new();
    };
    let what = match waiting["waits_for"].as_str() {
        Some("task") => "for the result of a task",
        Some("timer") => "for a time",
        Some("retry") => "to retry",
        _ => "to continue",
    };
    let since = text(&waiting["since"]);
    let mut fields = vec![("waits", format!("in {state:?} {what}, since {since}"))];
    let call = &waiting["call"];
    if let Some(id) = call["id"].as_str() {
        let [target, priority, standing] =
            ["target", "priority", "standing"].map(|member| text(&call[member]));
        let key = call["key"].as_str().map(|key| format!(" key {key}"));
        let ahead = call["ahead"].as_u64().filter(|_| standing == "waiting");
        let ahead = ahead.map(|ahead| format!(", {ahead} ahead"));
        let (key, ahead) = (key.unwrap_or_default(), ahead.unwrap_or_default());
        let value = format!("{id} to {target} {priority}{key}: {standing}{ahead}");
        fields.push(("call", value));
    }
    if let Some(held_by) = call["held_by"].as_str() {
        fields.push(("held by", held_by.to_owned()));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_waiting_execution_says_where_why_and_since_when() {
        let waiting = json!({
            "state": "Create sales order", "waits_for": "task", "since": "2026-11-23T01:24:21.120Z",
            "call": {
                "id": "c-12", "target": "netsuite", "priority": "BATCH", "key": "SO-1",
                "standing": "waiting", "ahead": 3, "held_by": "limit account: 12 of 12 used",
            },
        });
        let fields = waiting_fields(&waiting);
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(label, value)| format!("{label}: {value}"))
            .collect();
        assert_eq!(
            fields,
            [
                "waits: in \"Create sales order\" for the result of a task, since 2026-11-23T01:24:21.120Z",
                "call: c-12 to netsuite BATCH key SO-1: waiting, 3 ahead",
                "held by: limit account: 12 of 12 used",
            ]
        );
    }

    #[test]
    fn an_execution_that_has_ended_waits_nowhere() {
        assert!(waiting_fields(&Value::Null).is_empty());
    }
}

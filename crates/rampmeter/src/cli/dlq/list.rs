//! `dlq list` and `dlq groups`: the calls that failed for good, one by one and grouped by error.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Failure, Table};
use serde_json::{Value, json};

use super::{Found, Which, found_where};
use crate::client::{ServerArguments, text};

/// Longest cause in the table; the rest is in `-o json`.
const MAX_CAUSE_CHARS: usize = 80;

/// Options of `dlq list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    which: Which,
    /// Also those whose failure a Retry or a Catch has handled.
    #[arg(long)]
    handled: bool,
    /// Most dead letters to list.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Options of `dlq groups`.
#[derive(Debug, Args)]
pub(crate) struct GroupArguments {
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) async fn list(arguments: ListArguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let most = arguments.limit as usize;
    let is_meant = |letter: &Value| arguments.handled || letter["handled"] != true;
    let Found {
        mut letters,
        passed_over,
    } = found_where(&client, &arguments.which, most + 1, is_meant).await?;
    let more = letters.len() > most;
    letters.truncate(most);
    match arguments.output.format() {
        Format::Json => {
            let list = json!({ "schema": "rampmeter.dead-letters/1", "dead_letters": letters });
            output::json(&list)?;
        }
        Format::Jsonl => each(&letters, Value::to_string)?,
        Format::Id => each(&letters, |letter| text(&letter["id"]))?,
        Format::Table => {
            let header = [
                "CALL",
                "TARGET",
                "PRIORITY",
                "KEY",
                "ERROR",
                "FAILED",
                "HANDLED",
                "CAUSE",
                "EXECUTION",
            ];
            let mut table = Table::new(header);
            for letter in &letters {
                let execution = text(&letter["execution_arn"]);
                let name = execution.rsplit(':').next().unwrap_or_default();
                table.add_row([
                    text(&letter["id"]),
                    text(&letter["target"]),
                    text(&letter["priority"]),
                    text(&letter["key"]),
                    text(&letter["error"]),
                    text(&letter["failed_at"]),
                    if letter["handled"] == true { "yes" } else { "" }.to_owned(),
                    short_cause(&letter["cause"]),
                    name.to_owned(),
                ]);
            }
            table.print()?;
        }
    }
    if passed_over > 0 {
        note(&format!(
            "{passed_over} are not shown whose failure a Retry or a Catch took up: --handled"
        ));
    }
    if more {
        note(&format!(
            "there are more: --limit {}",
            most.saturating_mul(5)
        ));
    }
    Ok(())
}

/// The beginning of a cause in one line: what the vendor said where it said something, else our reason.
fn short_cause(cause: &Value) -> String {
    let told = match cause {
        Value::String(text) => text.clone(),
        cause => match (&cause["Reason"], &cause["ResponseBody"]) {
            (Value::String(reason), _) => reason.clone(),
            (_, Value::Null) => text(&cause["StatusText"]),
            (_, Value::String(body)) => body.clone(),
            (_, body) => body.to_string(),
        },
    };
    let told = told.replace(['\n', '\r', '\t'], " ");
    match told.char_indices().nth(MAX_CAUSE_CHARS) {
        Some((end, _)) => format!("{}…", &told[..end]),
        None => told,
    }
}

fn each(items: &[Value], line: impl Fn(&Value) -> String) -> std::io::Result<()> {
    items.iter().try_for_each(|item| output::data(&line(item)))
}

pub(super) async fn groups(arguments: GroupArguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let answer = client.admin(&["v1", "dead-letter-groups"]).await?;
    let groups = answer["groups"].as_array().cloned().unwrap_or_default();
    match arguments.output.format() {
        Format::Json => output::json(&answer)?,
        Format::Jsonl => each(&groups, Value::to_string)?,
        Format::Id => each(&groups, |group| text(&group["sample"]))?,
        Format::Table => {
            let header = ["TARGET", "ERROR", "COUNT", "FIRST", "LAST", "SAMPLE", "KEY"];
            let mut table = Table::new(header);
            for group in &groups {
                table.add_row([
                    text(&group["target"]),
                    text(&group["error"]),
                    group["count"].to_string(),
                    text(&group["first_at"]),
                    text(&group["last_at"]),
                    text(&group["sample"]),
                    text(&group["sample_key"]),
                ]);
            }
            table.print()?;
        }
    }
    Ok(())
}

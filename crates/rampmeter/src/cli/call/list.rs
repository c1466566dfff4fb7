//! `call list`: the calls that have not ended, filtered as asked, and what holds each of them.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Failure, Table};
use serde_json::Value;

use crate::client::{ServerArguments, text};

/// Most calls that the server gives in one answer.
const MAX_LISTED: u32 = 1_000;

/// Options of `call list`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only those of this target.
    #[arg(long)]
    target: Option<String>,
    /// Only those with this business key.
    #[arg(long)]
    key: Option<String>,
    /// Only those of this priority.
    #[arg(long, value_parser = ["HIGH", "MEDIUM", "BATCH"], ignore_case = true)]
    priority: Option<String>,
    /// Only those with this status, such as "waiting" or "in flight".
    #[arg(long)]
    status: Option<String>,
    /// Most calls to list.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LISTED)))]
    limit: u32,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `call list`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let client = list.server.client()?;
    let most = MAX_LISTED.to_string();
    let mut query = vec![("limit", most.as_str())];
    query.extend(list.target.as_deref().map(|target| ("target", target)));
    let mut answer = client.admin_with(&["v1", "calls"], &query).await?;
    let Value::Array(all) = answer["calls"].take() else {
        return Ok(());
    };
    let looked_through = all.len();
    let mut calls: Vec<Value> = all.into_iter().filter(|call| list.asks_for(call)).collect();
    let found = calls.len();
    calls.truncate(list.limit as usize);
    let not_shown = found - calls.len();
    match list.output.format() {
        Format::Json => {
            answer["calls"] = calls.into();
            answer["not_shown"] = not_shown.into();
            output::json(&answer)?;
        }
        Format::Jsonl => calls
            .iter()
            .try_for_each(|call| output::data(&call.to_string()))?,
        Format::Id => calls
            .iter()
            .try_for_each(|call| output::data(&text(&call["id"])))?,
        Format::Table => print(&calls)?,
    }
    if not_shown > 0 {
        note(&format!(
            "{not_shown} more are not shown: --limit {}",
            found.min(MAX_LISTED as usize)
        ));
    }
    if looked_through == MAX_LISTED as usize {
        note(&format!(
            "the server has more open calls than the {MAX_LISTED} that were looked through; `rampmeter target list` counts them, \
             and --target narrows them"
        ));
    }
    Ok(())
}

impl Arguments {
    fn asks_for(&self, call: &Value) -> bool {
        let matches = |wanted: &Option<String>, member: &str| {
            wanted.as_deref().is_none_or(|wanted| {
                call[member]
                    .as_str()
                    .is_some_and(|found| found.eq_ignore_ascii_case(wanted))
            })
        };
        let same_key = self.key.as_deref().is_none_or(|key| call["key"] == key);
        same_key && matches(&self.priority, "priority") && matches(&self.status, "status")
    }
}

fn print(calls: &[Value]) -> std::io::Result<()> {
    let mut table = Table::new([
        "CALL", "TARGET", "PRIORITY", "KEY", "STANDING", "AHEAD", "HELD BY",
    ]);
    for call in calls {
        let ahead = call["ahead"]
            .as_u64()
            .filter(|_| call["status"] == "waiting");
        table.add_row([
            text(&call["id"]),
            text(&call["target"]),
            text(&call["priority"]),
            text(&call["key"]),
            text(&call["status"]),
            ahead.map_or_else(String::new, |ahead| ahead.to_string()),
            text(&call["held_by"]),
        ]);
    }
    table.print()
}

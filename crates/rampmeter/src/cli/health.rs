//! `health`: the health report of a running server: whether work flows, whether it succeeds, and how fresh that is.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure};
use serde_json::Value;

use crate::client::{Client, ServerArguments, text};

/// Options of `health`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Say only whether the server takes work. It needs no login: for containers and supervisors.
    #[arg(long)]
    ready: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Prints the health report. Exit status 1 unless all is well.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    if arguments.ready {
        return ready(&client).await;
    }
    let health = client.admin(&["v1", "health"]).await?;
    let well = health["well"] == true;
    match arguments.output.format() {
        Format::Table => output::data(&words(&health))?,
        Format::Id => output::data(if well { "well" } else { "unwell" })?,
        Format::Json => output::json(&health)?,
        Format::Jsonl => output::data(&health.to_string())?,
    }
    if well {
        Ok(())
    } else {
        Err(Failure::Reported(Exit::Failed))
    }
}

async fn ready(client: &Client) -> Result<(), Failure> {
    if client.is_ready().await? {
        return Ok(output::data("ready")?);
    }
    output::data("not ready")?;
    Err(Failure::Reported(Exit::Failed))
}

fn words(health: &Value) -> String {
    let sign = |well: &Value| if *well == true { "✔" } else { "✗" };
    let mut lines = Vec::new();
    let stuck = health["stuck"].as_array().cloned().unwrap_or_default();
    let closed = health["closed"].as_array().cloned().unwrap_or_default();
    if stuck.is_empty() && closed.is_empty() {
        lines.push("✔ flowing".to_owned());
    }
    for target in closed {
        lines.push(format!("✗ closed        {}", text(&target["text"])));
        lines.extend(what_to_do(&target));
    }
    for lane in stuck {
        lines.push(format!("✗ not flowing   {}", text(&lane["text"])));
        lines.extend(what_to_do(&lane));
    }
    let disk = &health["disk"];
    if disk["nearly_full"] == true {
        lines.push(format!("✗ disk          {}", text(&disk["text"])));
        lines.extend(what_to_do(disk));
    }
    let share = health["success_share"].as_f64();
    lines.push(match share {
        Some(share) => format!(
            "{} succeeding   {:.1} % of the answers were good in the last quarter of an hour",
            sign(&health["succeeding"]),
            share * 100.0
        ),
        None => "✔ succeeding   nothing was answered in the last quarter of an hour".to_owned(),
    });
    for target in health["failing"].as_array().into_iter().flatten() {
        lines.push(format!("✗ failing       {}", text(&target["text"])));
        lines.extend(what_to_do(target));
    }
    for failed in health["executions"].as_array().into_iter().flatten() {
        let sign = if failed["fails"] == true {
            "✗"
        } else {
            "•"
        };
        lines.push(format!("{sign} executions    {}", text(&failed["text"])));
        lines.extend(what_to_do(failed));
    }
    lines.push(format!(
        "{} fresh        as of {} ms ago",
        sign(&health["fresh"]),
        health["age_ms"]
    ));
    for notice in health["notices"].as_array().into_iter().flatten() {
        lines.push(format!("• {}", text(notice)));
    }
    lines.join("\n")
}

/// The command to run next, and what else to know.
fn what_to_do(finding: &Value) -> Vec<String> {
    let lines = ["next", "hint"].map(|what| (what, text(&finding[what])));
    let lines = lines.into_iter().filter(|(_, words)| !words.is_empty());
    lines
        .map(|(what, words)| format!("                {what}: {words}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_does_not_flow_comes_first_with_the_next_step() {
        let health = json!({
            "well": false, "succeeding": true, "success_share": 0.994, "fresh": true, "age_ms": 3,
            "stuck": [{"text": "netsuite MEDIUM: the first call has waited 11 min 0 s; held by limit account: 15 of 15 used, until a call is answered",
                       "next": "rampmeter target show netsuite"}],
            "notices": ["netsuite has 2 dead letters"],
        });
        let words = words(&health);
        let lines: Vec<_> = words.lines().collect();
        assert!(lines[0].starts_with("✗ not flowing   netsuite MEDIUM: "));
        assert!(lines[1].ends_with("next: rampmeter target show netsuite"));
        assert_eq!(
            lines[2],
            "✔ succeeding   99.4 % of the answers were good in the last quarter of an hour"
        );
        assert_eq!(lines[4], "• netsuite has 2 dead letters");
    }

    #[test]
    fn failed_executions_and_a_disk_that_runs_full_are_told_with_what_to_do() {
        let health = json!({
            "well": false, "succeeding": false, "success_share": 1.0, "fresh": true, "age_ms": 3,
            "disk": {"nearly_full": true, "text": "0.1 of 8.0 GiB are free", "next": "df -h /data", "hint": "make room"},
            "executions": [{"fails": false, "text": "orders: 1 execution failed", "next": "rampmeter exec show x"}],
        });
        let words = words(&health);
        let lines: Vec<_> = words.lines().collect();
        assert_eq!(lines[1], "✗ disk          0.1 of 8.0 GiB are free");
        assert_eq!(lines[2].trim(), "next: df -h /data");
        assert_eq!(lines[3].trim(), "hint: make room");
        assert_eq!(lines[5], "• executions    orders: 1 execution failed");
        assert_eq!(lines[6].trim(), "next: rampmeter exec show x");
    }

    #[test]
    fn a_server_with_nothing_to_do_is_well() {
        let health = json!({ "well": true, "succeeding": true, "success_share": null, "fresh": true, "age_ms": 0, "stuck": [], "notices": [] });
        assert!(words(&health).starts_with("✔ flowing\n✔ succeeding"));
    }
}

//! `dlq`: the calls that failed for good. List them, by error too, take them up again, discard them. Which are taken up
//! is decided by the server; this asks for each, slowly if it is told to.

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use clap::{Args, Subcommand};
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

use super::ServerArguments;
use super::client::{Client, ClientError, text};

/// The error of a call of which nobody knows whether it was done.
const UNKNOWN: &str = "Rampmeter.OutcomeUnknown";

/// The commands under `dlq`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List dead letters, the newest first.
    List(ListArguments),
    /// List how many dead letters have the same target and error.
    Groups(GroupArguments),
    /// Take dead letters up again: redrive the executions they ended, send the others again.
    Redrive(RedriveArguments),
    /// Delete dead letters. What happened stays in the histories of their executions.
    Discard(DiscardArguments),
}

/// Which dead letters are meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// Only those of this target.
    #[arg(long)]
    target: Option<String>,
    /// Only those with this error, such as Http.StatusCode.404.
    #[arg(long)]
    error: Option<String>,
}

/// Options of `dlq list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    which: Which,
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

/// What is changed, and why.
#[derive(Debug, Args)]
struct Change {
    /// The dead letters, as `dlq list` shows them: c-17. Without any: all that --target and --error name.
    letters: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// Why, for the audit trail.
    #[arg(long, default_value = "")]
    reason: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Options of `dlq redrive`.
#[derive(Debug, Args)]
pub(crate) struct RedriveArguments {
    #[command(flatten)]
    change: Change,
    /// The priority of those that are sent again; without it, that which each had.
    #[arg(long, value_name = "PRIORITY")]
    to: Option<String>,
    /// At most so many a second.
    #[arg(long, value_name = "N", default_value_t = 50.0, value_parser = rate)]
    rate: f64,
    /// Also those of which nobody knows whether the vendor did the work: I looked, and it did not.
    #[arg(long)]
    i_checked: bool,
}

/// Options of `dlq discard`.
#[derive(Debug, Args)]
pub(crate) struct DiscardArguments {
    #[command(flatten)]
    change: Change,
}

/// Runs a command under `dlq`.
pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List(list) => self::list(list).await,
        Command::Groups(groups) => self::groups(groups).await,
        Command::Redrive(redrive) => self::redrive(redrive).await,
        Command::Discard(discard) => self::discard(discard).await,
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.trim_end_matches("/s").parse() {
        Ok(rate) if (0.001..=10_000.0).contains(&rate) => Ok(rate),
        _ => Err("a rate is a number from 0.001 to 10000, such as 2 or 2/s".to_owned()),
    }
}

async fn list(arguments: ListArguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let letters = found(&client, &arguments.which, arguments.limit as usize).await?;
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
                "EXECUTION",
            ];
            let mut table = output::table(header);
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
                    name.to_owned(),
                ]);
            }
            output::print_table(&table)?;
        }
    }
    Ok(())
}

fn each(items: &[Value], line: impl Fn(&Value) -> String) -> std::io::Result<()> {
    items.iter().try_for_each(|item| output::data(&line(item)))
}

async fn groups(arguments: GroupArguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let answer = client.admin(&["v1", "dead-letter-groups"]).await?;
    let groups = answer["groups"].as_array().cloned().unwrap_or_default();
    match arguments.output.format() {
        Format::Json => output::json(&answer)?,
        Format::Jsonl => each(&groups, Value::to_string)?,
        Format::Id => each(&groups, |group| text(&group["sample"]))?,
        Format::Table => {
            let header = ["TARGET", "ERROR", "COUNT", "FIRST", "LAST", "SAMPLE", "KEY"];
            let mut table = output::table(header);
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
            output::print_table(&table)?;
        }
    }
    Ok(())
}

async fn redrive(arguments: RedriveArguments) -> Result<(), Failure> {
    let pause = Duration::from_secs_f64(1.0 / arguments.rate);
    let mut body = json!({ "reason": arguments.change.reason });
    if let Some(to) = &arguments.to {
        body["priority"] = to.as_str().into();
    }
    let held_back = |letter: &Value| {
        (letter["error"] == UNKNOWN && !arguments.i_checked).then(|| {
            "nobody knows whether the vendor did the work: look there first, then --i-checked"
                .to_owned()
        })
    };
    let done = |answer: &Value| match answer["execution_arn"].as_str() {
        Some(arn) => format!("{arn} goes on"),
        None => format!("is sent again as {}", text(&answer["sent_as"])),
    };
    change(&arguments.change, "redrive", &body, pause, held_back, done).await
}

async fn discard(arguments: DiscardArguments) -> Result<(), Failure> {
    let body = json!({ "reason": arguments.change.reason });
    let done = |_: &Value| "is discarded".to_owned();
    change(
        &arguments.change,
        "discard",
        &body,
        Duration::ZERO,
        |_| None,
        done,
    )
    .await
}

/// Asks the server for each of the letters, and says what became of it. Those it refuses are told; then the command has
/// failed.
async fn change(
    change: &Change,
    what: &str,
    body: &Value,
    pause: Duration,
    held_back: impl Fn(&Value) -> Option<String>,
    done: impl Fn(&Value) -> String,
) -> Result<(), Failure> {
    let client = change.server.client()?;
    let letters = chosen(&client, change, what).await?;
    let mut refused = 0;
    for (before, letter) in letters.iter().enumerate() {
        if before > 0 {
            tokio::time::sleep(pause).await;
        }
        let id = text(&letter["id"]);
        let outcome = match held_back(letter) {
            Some(why) => Err(why),
            None => match client
                .change(&["v1", "dead-letters", &id, what], body)
                .await
            {
                Ok(answer) => Ok(answer),
                Err(ClientError::Refused(refusal)) => Err(refusal.message),
                Err(ClientError::Failure(failure)) => return Err(failure),
            },
        };
        match outcome {
            Ok(answer) => match change.output.format() {
                Format::Table => output::data(&format!("{id}  {}", done(&answer)))?,
                Format::Id => output::data(&id)?,
                Format::Json | Format::Jsonl => output::data(&answer.to_string())?,
            },
            Err(why) => {
                refused += 1;
                note(&format!("{id}  not done: {why}"));
            }
        }
    }
    if refused == 0 {
        return Ok(());
    }
    let what = format!(
        "{refused} of {} dead letters stay where they are",
        letters.len()
    );
    Err(Failure::new("RM2044", Exit::Failed, what))
}

/// The letters that are named, or those that the filters find, once a person has agreed.
async fn chosen(client: &Client, change: &Change, what: &str) -> Result<Vec<Value>, Failure> {
    if !change.letters.is_empty() {
        let mut letters = Vec::new();
        for id in &change.letters {
            // The error of a letter decides whether somebody has to look first.
            match client.admin(&["v1", "calls", id]).await {
                Ok(call) => letters.push(call),
                Err(error) => return Err(error.into()),
            }
        }
        return Ok(letters);
    }
    if change.which.target.is_none() && change.which.error.is_none() {
        let what = "no dead letter is named".to_owned();
        return Err(Failure::new("RM2045", Exit::Usage, what)
            .with_help("name some as `rampmeter dlq list` shows them, or --target or --error"));
    }
    let letters = found(client, &change.which, usize::MAX).await?;
    if letters.is_empty() || change.yes {
        return Ok(letters);
    }
    if agreed(&format!("{what} {} dead letters?", letters.len()))? {
        return Ok(letters);
    }
    let what = format!("{} dead letters would be meant", letters.len());
    Err(Failure::new("RM2046", Exit::Usage, what).with_help("the same command with --yes"))
}

/// Asks a person at a terminal; nobody else agrees.
fn agreed(question: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(false);
    }
    note(&format!("{question} [y/N]"));
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// The dead letters that the filters name, the newest first.
async fn found(client: &Client, which: &Which, most: usize) -> Result<Vec<Value>, Failure> {
    let mut letters = Vec::new();
    let mut next: Option<String> = None;
    while letters.len() < most {
        let limit = (most - letters.len()).min(1_000).to_string();
        let mut query = vec![("limit", limit.as_str())];
        for (name, value) in [
            ("target", which.target.as_deref()),
            ("error", which.error.as_deref()),
            ("next_token", next.as_deref()),
        ] {
            query.extend(value.map(|value| (name, value)));
        }
        let mut page = client.admin_with(&["v1", "dead-letters"], &query).await?;
        if let Value::Array(items) = page["dead_letters"].take() {
            letters.extend(items);
        }
        next = page["next_token"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    Ok(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_with_or_without_its_unit() {
        assert_eq!(rate("2/s"), Ok(2.0));
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "fast", "1e9", "2/m"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}

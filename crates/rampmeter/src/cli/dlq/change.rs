//! `dlq redrive` and `dlq discard`: for each letter that is meant, once a person has agreed.

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

use super::{Which, found};
use crate::client::{Client, ClientError, ServerArguments, text};

/// The error of a call of which nobody knows whether it was done.
const UNKNOWN: &str = "Rampmeter.OutcomeUnknown";

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

fn rate(text: &str) -> Result<f64, String> {
    match text.trim_end_matches("/s").parse() {
        Ok(rate) if (0.001..=10_000.0).contains(&rate) => Ok(rate),
        _ => Err("a rate is a number from 0.001 to 10000, such as 2 or 2/s".to_owned()),
    }
}

pub(super) async fn redrive(arguments: RedriveArguments) -> Result<(), Failure> {
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

pub(super) async fn discard(arguments: DiscardArguments) -> Result<(), Failure> {
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

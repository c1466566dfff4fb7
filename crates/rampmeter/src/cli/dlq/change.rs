//! `dlq redrive` and `dlq discard`: for each dead letter that is meant, once a person has agreed.

use std::time::Duration;

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

use super::{Which, found};
use crate::cli::bulk::{Bulk, Pace, in_words};
use crate::client::{Client, ClientError, ServerArguments, text};

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
    /// The priority of those that are sent again; by default the one that each had.
    #[arg(long, value_name = "PRIORITY")]
    to: Option<String>,
    /// At most so many a second.
    #[arg(long, value_name = "N", default_value = "50", value_parser = Pace::read)]
    rate: Pace,
    /// Also redrive calls of unknown outcome: you have checked that the vendor did not do the work.
    #[arg(long)]
    i_checked: bool,
}

/// Options of `dlq discard`.
#[derive(Debug, Args)]
pub(crate) struct DiscardArguments {
    #[command(flatten)]
    change: Change,
}

pub(super) async fn redrive(arguments: RedriveArguments) -> Result<(), Failure> {
    let pause = arguments.rate.pause();
    let mut body = json!({
        "reason": arguments.change.reason,
        "checked": arguments.i_checked,
    });
    if let Some(to) = &arguments.to {
        body["priority"] = to.as_str().into();
    }
    let done = |answer: &Value| match answer["execution_arn"].as_str() {
        Some(arn) => format!("{arn} goes on"),
        None => format!("is sent again as {}", text(&answer["sent_as"])),
    };
    change(&arguments.change, "redrive", &body, pause, done).await
}

pub(super) async fn discard(arguments: DiscardArguments) -> Result<(), Failure> {
    let body = json!({ "reason": arguments.change.reason });
    let done = |_: &Value| "is discarded".to_owned();
    change(&arguments.change, "discard", &body, Duration::ZERO, done).await
}

/// Asks the server for each of the dead letters, and says what became of it. If the server refuses any, they are named
/// and the command fails.
async fn change(
    change: &Change,
    what: &str,
    body: &Value,
    pause: Duration,
    done: impl Fn(&Value) -> String,
) -> Result<(), Failure> {
    let client = change.server.client()?;
    let Chosen { letters, bulk } = chosen(&client, change, what).await?;
    let mut body = body.clone();
    body["bulk"] = bulk;
    let mut refused = 0;
    for (before, letter) in letters.iter().enumerate() {
        if before > 0 {
            tokio::time::sleep(pause).await;
        }
        let id = text(&letter["id"]);
        let path = ["v1", "dead-letters", &id, what];
        let outcome = match client.change(&path, &body).await {
            Ok(answer) => Ok(answer),
            Err(ClientError::Refused(refusal)) => Err(refusal.message),
            Err(ClientError::Failure(failure)) => return Err(failure),
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

/// The chosen dead letters, and the audit entry for all of them, if there is one.
struct Chosen {
    letters: Vec<Value>,
    bulk: Value,
}

/// The named dead letters, or those that the filters find, the oldest first, once a person has agreed. Those whose
/// failure a Retry or a Catch handled are left out.
async fn chosen(client: &Client, change: &Change, what: &str) -> Result<Chosen, Failure> {
    if !change.letters.is_empty() {
        let mut letters = Vec::new();
        for id in &change.letters {
            match client.admin(&["v1", "calls", id]).await {
                Ok(call) => letters.push(call),
                Err(error) => return Err(error.into()),
            }
        }
        let bulk = Value::Null;
        return Ok(Chosen { letters, bulk });
    }
    let which = &change.which;
    if which.target.is_none() && which.error.is_none() {
        let what = "no dead letter is named".to_owned();
        return Err(Failure::new("RM2045", Exit::Usage, what)
            .with_help("name some as `rampmeter dlq list` shows them, or --target or --error"));
    }
    let mut letters = found(client, which, usize::MAX).await?;
    if what == "redrive" {
        letters.retain(|letter| letter["handled"] != true);
    }
    letters.reverse();
    if letters.is_empty() {
        let bulk = Value::Null;
        return Ok(Chosen { letters, bulk });
    }
    let (target, error) = (which.target.as_deref(), which.error.as_deref());
    let bulk = Bulk {
        kind: what,
        target: target.unwrap_or_default(),
        subject: format!("{} dead letters", letters.len()),
        chosen_by: in_words(&[("target", target), ("error", error)]),
        reason: &change.reason,
    };
    bulk.agree(change.yes)?;
    let bulk = bulk.begin(client).await?;
    Ok(Chosen { letters, bulk })
}

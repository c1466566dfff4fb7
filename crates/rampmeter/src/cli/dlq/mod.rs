//! `dlq`: the calls that failed for good: list them, group them by error, redrive or discard them. The server decides
//! which can be redriven; this asks for one after another, at a rate if one is given.

use rampmeter_terminal::Failure;

mod change;
mod list;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::client::Client;

/// The commands under `dlq`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List dead letters, the latest failure first.
    List(list::ListArguments),
    /// List how many dead letters have the same target and error.
    Groups(list::GroupArguments),
    /// Redrive dead letters, the oldest first: redrive the executions they ended, send the others again.
    Redrive(change::RedriveArguments),
    /// Delete dead letters. What happened stays in the histories of their executions.
    Discard(change::DiscardArguments),
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

/// Runs a command under `dlq`.
pub(crate) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List(list) => list::list(list).await,
        Command::Groups(groups) => list::groups(groups).await,
        Command::Redrive(redrive) => change::redrive(redrive).await,
        Command::Discard(discard) => change::discard(discard).await,
    }
}

/// Dead letters that were found.
struct Found {
    letters: Vec<Value>,
    /// How many were passed over on the way.
    passed_over: u64,
}

/// The dead letters that match the filters, the latest failure first.
async fn found(client: &Client, which: &Which, most: usize) -> Result<Vec<Value>, Failure> {
    Ok(found_where(client, which, most, |_| true).await?.letters)
}

/// The same, but only those that `is_meant` accepts.
async fn found_where(
    client: &Client,
    which: &Which,
    most: usize,
    is_meant: impl Fn(&Value) -> bool,
) -> Result<Found, Failure> {
    let mut found = Found {
        letters: Vec::new(),
        passed_over: 0,
    };
    let mut next: Option<String> = None;
    while found.letters.len() < most {
        let limit = (most - found.letters.len()).min(1_000).to_string();
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
            for letter in items {
                if is_meant(&letter) {
                    found.letters.push(letter);
                } else {
                    found.passed_over += 1;
                }
            }
        }
        next = page["next_token"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    Ok(found)
}

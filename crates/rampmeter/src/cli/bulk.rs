//! The same change to many items: a person agrees once, one entry of the audit trail says what is meant, and the
//! changes are made one by one at a given rate.

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use rampmeter_terminal::output::note;
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

use crate::client::Client;

/// How many a second, such as `2/s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace(f64);

impl Pace {
    /// Reads `2` or `2/s`.
    pub(super) fn read(text: &str) -> Result<Pace, String> {
        match text.trim_end_matches("/s").parse() {
            Ok(rate) if (0.001..=10_000.0).contains(&rate) => Ok(Pace(rate)),
            _ => Err("a rate is a number from 0.001 to 10000, such as 2 or 2/s".to_owned()),
        }
    }

    /// The time from one to the next.
    pub(super) fn pause(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.0)
    }
}

/// A change that is about to be made to many items.
#[derive(Debug)]
pub(super) struct Bulk<'a> {
    /// `redrive` or `discard`.
    pub(super) kind: &'a str,
    /// The target or workflow, empty for all.
    pub(super) target: &'a str,
    /// How many of what.
    pub(super) subject: String,
    /// The filters by which they were chosen.
    pub(super) chosen_by: String,
    pub(super) reason: &'a str,
}

impl Bulk<'_> {
    /// Asks a person at a terminal, unless `--yes` was given. Without a terminal nobody can agree.
    pub(super) fn agree(&self, yes: bool) -> Result<(), Failure> {
        if yes || agreed(&format!("{} {}?", self.kind, self.subject))? {
            return Ok(());
        }
        let what = format!("{} would be meant", self.subject);
        Err(Failure::new("RM2046", Exit::Usage, what).with_help("the same command with --yes"))
    }

    /// Writes the entry of the audit trail. Returns its number, to which each change refers.
    pub(super) async fn begin(&self, client: &Client) -> Result<Value, Failure> {
        let body = json!({
            "kind": self.kind,
            "target": self.target,
            "subject": self.subject,
            "chosen_by": self.chosen_by,
            "reason": self.reason,
        });
        let mut answer = client.change(&["v1", "bulk-changes"], &body).await?;
        Ok(answer["bulk"].take())
    }
}

/// The filters that are given, in words.
pub(super) fn in_words(filters: &[(&str, Option<&str>)]) -> String {
    let given = filters
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    let words: Vec<String> = given
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    words.join(", ")
}

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
        assert_eq!(Pace::read("2/s"), Ok(Pace(2.0)));
        assert_eq!(
            Pace::read("0.5").map(Pace::pause),
            Ok(Duration::from_secs(2))
        );
        for wrong in ["0", "-1", "fast", "1e9", "2/m"] {
            assert!(Pace::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_are_told_in_words() {
        let filters = [
            ("target", Some("erp")),
            ("error", None),
            ("status", Some("FAILED")),
        ];
        assert_eq!(in_words(&filters), "target erp, status FAILED");
    }
}

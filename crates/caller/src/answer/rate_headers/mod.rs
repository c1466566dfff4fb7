//! What an answer's headers say about the vendor's limits: how many calls a window has, how many are left, when more
//! become available. Pure. It guides the gate but guarantees nothing: a vendor may count other clients' calls too.

mod plain;
mod reset;
mod structured;

use std::time::{Duration, SystemTime};

use rampmeter_call::Answer;

/// One limit as an answer describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatedLimit {
    /// The vendor's name for it, such as `daily`; empty where it has none.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// How many the whole window has.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// Length of the window.
    pub window: Option<Duration>,
    /// Until more are available.
    pub resets_in: Option<Duration>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Calls in a window of time.
    #[default]
    Calls,
    /// Calls in flight.
    Concurrency,
    /// Something else, bytes for example.
    Other,
}

/// The maximum of limits that are read from one answer.
pub(crate) const MAX_ALLOWANCES: usize = 32;

/// Reads the headers of the standard and of common usage. Dates are compared with the answer's own. Malformed headers are
/// ignored.
pub(crate) fn read(answer: &Answer, now: SystemTime) -> Vec<StatedLimit> {
    let plain = plain::read(answer, super::retry_after::sent_at(answer, now));
    if plain.is_empty() || answer.header("ratelimit").is_some() {
        let structured = structured::read(answer);
        if !structured.is_empty() {
            return structured;
        }
    }
    plain
}

/// `used/whole` as the whole and the remainder.
pub(crate) fn used_of(text: &str) -> Option<(u64, u64)> {
    let (used, whole) = text.trim().split_once('/')?;
    let (used, whole) = (used.parse::<u64>().ok()?, whole.parse::<u64>().ok()?);
    Some((whole, whole.saturating_sub(used)))
}

/// A number that is all of a text.
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// How long a used-up limit asks to be left alone: the longest of those that have nothing left.
#[must_use]
pub fn pause(stated_limits: &[StatedLimit]) -> Option<Duration> {
    stated_limits
        .iter()
        .filter(|stated| stated.remaining == Some(0))
        .filter_map(|stated| stated.resets_in)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::tests::answer_with;

    fn of(headers: &[(&str, &str)]) -> Vec<StatedLimit> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        read(&answer_with(200, headers), now)
    }

    #[test]
    fn a_used_up_limit_asks_for_a_pause_until_its_reset() {
        let found = of(&[
            ("ratelimit-policy", "\"burst\";q=100;w=60"),
            ("ratelimit", "\"burst\";r=0;t=30"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "900"),
        ]);
        assert_eq!(found.len(), 1, "the standard comes first: {found:?}");
        assert_eq!(pause(&found), Some(Duration::from_secs(30)));
        let left = of(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "900")]);
        assert_eq!(pause(&left), None);
    }

    #[test]
    fn a_date_is_compared_with_that_of_the_answer() {
        let found = of(&[
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1994-11-06T08:49:40Z"),
        ]);
        assert_eq!(pause(&found), Some(Duration::from_secs(3)));
    }
}

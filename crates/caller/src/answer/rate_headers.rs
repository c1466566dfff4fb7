//! What an answer's headers tell about the vendor's limits: how many calls a window has, how many are left, when more
//! come. Pure. It guides the gate, and promises nothing: a vendor may count others' calls too.

use std::time::{Duration, SystemTime};

use rampmeter_call::Answer;

use super::structured::{self, Member};

/// One limit as an answer describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
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
    /// Until more are there.
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

/// Most limits that are read from one answer.
pub(crate) const MAX_ALLOWANCES: usize = 32;

/// A month: the longest time until a reset that is believed.
const MAX_RESET: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Reads the headers of the standard and of common usage. What is malformed is as if it was not there.
pub(crate) fn read(answer: &Answer, now: SystemTime) -> Vec<Allowance> {
    let mut found = standard(answer);
    if found.is_empty() {
        found.extend(older(answer, now));
    }
    found
}

/// `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10, joined by the name of the policy.
fn standard(answer: &Answer) -> Vec<Allowance> {
    let mut found: Vec<Allowance> = Vec::new();
    for member in members(answer, "ratelimit-policy") {
        let Some(limit) = member.integer("q") else {
            continue;
        };
        found.push(Allowance {
            unit: match member.text("qu") {
                None | Some("requests") => Unit::Calls,
                Some("concurrent-requests") => Unit::Concurrency,
                Some(_) => Unit::Other,
            },
            limit: Some(limit),
            window: member.integer("w").map(Duration::from_secs),
            name: member.name,
            ..Allowance::default()
        });
    }
    for member in members(answer, "ratelimit") {
        let Some(remaining) = member.integer("r") else {
            continue;
        };
        let resets_in = member.integer("t").map(bounded);
        let known = found.iter_mut().find(|other| other.name == member.name);
        match known {
            Some(known) => {
                known.remaining = Some(remaining);
                known.resets_in = resets_in;
            }
            None => found.push(Allowance {
                name: member.name,
                remaining: Some(remaining),
                resets_in,
                ..Allowance::default()
            }),
        }
    }
    found
}

fn members(answer: &Answer, name: &str) -> Vec<Member> {
    structured::list(&answer.headers_joined(name)).unwrap_or_default()
}

/// `RateLimit-Limit` and its fellows (the draft's older form), and `X-RateLimit-*`, which has no standard: plain, and
/// with a window at the end of the name, as Ariba has it.
fn older(answer: &Answer, now: SystemTime) -> Vec<Allowance> {
    let windows = [
        ("", None),
        ("-second", Some(1)),
        ("-minute", Some(60)),
        ("-hour", Some(3_600)),
        ("-day", Some(86_400)),
    ];
    let mut found = Vec::new();
    for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        for (suffix, window) in windows {
            let number = |what: &str| {
                let name = format!("{prefix}-{what}{suffix}");
                answer.header(&name).and_then(leading_number)
            };
            let (limit, remaining) = (number("limit"), number("remaining"));
            if limit.is_none() && remaining.is_none() {
                continue;
            }
            found.push(Allowance {
                name: suffix.trim_start_matches('-').to_owned(),
                unit: Unit::Calls,
                limit,
                remaining,
                window: window.map(Duration::from_secs),
                resets_in: number("reset").map(|reset| until(reset, now)),
            });
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

/// A reset is seconds from now, a Unix time in seconds, or one in milliseconds: told apart by its size.
fn until(reset: u64, now: SystemTime) -> Duration {
    let since_epoch = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let until = match reset {
        0..=1_000_000_000 => Duration::from_secs(reset),
        1_000_000_001..=1_000_000_000_000 => Duration::from_secs(reset).saturating_sub(since_epoch),
        _ => Duration::from_millis(reset).saturating_sub(since_epoch),
    };
    until.min(MAX_RESET)
}

/// `used/whole` as the whole and what is left of it.
pub(crate) fn used_of(text: &str) -> Option<(u64, u64)> {
    let (used, whole) = text.trim().split_once('/')?;
    let (used, whole) = (used.parse::<u64>().ok()?, whole.parse::<u64>().ok()?);
    Some((whole, whole.saturating_sub(used)))
}

/// `100`, and the first number of `100, 100;w=60`, which older servers send.
pub(crate) fn leading_number(text: &str) -> Option<u64> {
    let digits: String = text
        .trim()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

fn bounded(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(MAX_RESET)
}

/// How long a used-up limit asks to be left alone: the longest of those that have nothing left.
#[must_use]
pub fn pause(allowances: &[Allowance]) -> Option<Duration> {
    allowances
        .iter()
        .filter(|allowance| allowance.remaining == Some(0))
        .filter_map(|allowance| allowance.resets_in)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn of(headers: &[(&str, &str)]) -> Vec<Allowance> {
        let answer = Answer {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Answer::default()
        };
        read(&answer, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn one(headers: &[(&str, &str)]) -> Allowance {
        let found = of(headers);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn the_drafts_fields_are_joined_by_their_policy() {
        let found = of(&[
            (
                "ratelimit-policy",
                "\"burst\";q=100;w=60,\"daily\";q=1000;w=86400",
            ),
            (
                "ratelimit-policy",
                "\"open\";q=5;qu=\"concurrent-requests\"",
            ),
            ("ratelimit", "\"burst\";r=0;t=30, \"other\";r=7;pk=:YQ==:"),
        ]);
        assert_eq!(found.len(), 4);
        assert_eq!(
            found[0],
            Allowance {
                name: "burst".to_owned(),
                unit: Unit::Calls,
                limit: Some(100),
                remaining: Some(0),
                window: Some(Duration::from_secs(60)),
                resets_in: Some(Duration::from_secs(30)),
            }
        );
        assert_eq!((found[1].limit, found[1].remaining), (Some(1000), None));
        assert_eq!(found[2].unit, Unit::Concurrency);
        assert_eq!(
            (found[3].name.as_str(), found[3].remaining),
            ("other", Some(7))
        );
        assert_eq!(pause(&found), Some(Duration::from_secs(30)));
    }

    #[test]
    fn malformed_fields_are_as_if_they_were_not_there() {
        for value in [
            "100",
            "burst;q=1",
            "\"a\";q=-1",
            "\"a\";q=x",
            "\"a",
            "\"a\";q=1,",
            ",",
            "",
        ] {
            assert_eq!(of(&[("ratelimit-policy", value)]), [], "{value}");
        }
        assert_eq!(of(&[("x-ratelimit-limit", "many")]), []);
    }

    #[test]
    fn a_reset_is_told_apart_by_its_size() {
        for (reset, seconds) in [
            ("30", 30),
            ("1700000030", 30),
            ("1700000030000", 30),
            ("1600000000", 0),
            ("99999999999999999", 31 * 86_400),
        ] {
            let found = one(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]);
            assert_eq!(
                found.resets_in,
                Some(Duration::from_secs(seconds)),
                "{reset}"
            );
            assert_eq!(pause(&[found]), Some(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn the_older_forms_are_read() {
        let found = one(&[
            ("ratelimit-limit", "100, 100;w=60"),
            ("ratelimit-remaining", "50"),
            ("ratelimit-reset", "7"),
        ]);
        assert_eq!((found.limit, found.remaining), (Some(100), Some(50)));
        assert_eq!(found.resets_in, Some(Duration::from_secs(7)));
        let ariba = of(&[
            ("x-ratelimit-limit-second", "1"),
            ("x-ratelimit-remaining-second", "0"),
            ("x-ratelimit-limit-day", "40"),
            ("x-ratelimit-remaining-day", "39"),
        ]);
        assert_eq!(ariba.len(), 2);
        assert_eq!(ariba[1].window, Some(Duration::from_secs(86_400)));
    }
}

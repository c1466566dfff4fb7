//! What an answer means. Pure: the account's rules, the answer and the present go in, the outcome comes out. The
//! configuration is asked first, then the preset's code, its table, and at last the standards.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::allowance;
use crate::answer::Answer;
use crate::outcome::{Outcome, Repeatable, Throttle};
use crate::preset::{Rules, Seen, Signal, standard_meaning};
use crate::profile::Profile;
use crate::retry_after;

/// What an answer means, before it is joined with the answer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The vendor did it.
    Success,
    /// The vendor's final no.
    Final,
    /// Too much was asked.
    Throttled(Throttle),
    /// A passing failure at the vendor.
    Repeatable,
    /// Something before the vendor lost its answer: nobody knows whether the vendor did it.
    Unknown,
}

/// How much of a gateway's own words is kept, in characters: enough to tell which gateway spoke.
const WORDS_KEPT: usize = 500;

/// The outcome of a complete answer that took so long.
#[must_use]
pub fn classify(profile: &Profile, answer: Answer, took: Duration, now: SystemTime) -> Outcome {
    let rules = profile.preset.rules();
    let vendor_code = (rules.vendor_code)(&answer);
    let seen = Seen {
        answer: &answer,
        code: vendor_code.as_deref(),
        took,
    };
    let (meaning, pause) = judge(rules, &profile.signals, &seen);
    match meaning {
        Meaning::Success => Outcome::Success(answer),
        Meaning::Final => Outcome::Final {
            answer,
            vendor_code,
        },
        Meaning::Throttled(kind) => {
            // What the vendor says of this very answer comes before what is known of it in general.
            let retry_after = answer
                .header("retry-after")
                .and_then(|value| retry_after::parse(value, now))
                .or(pause)
                .or_else(|| allowance::pause(&allowance::read(&answer, now)))
                .map(|pause| pause.min(retry_after::LONGEST));
            Outcome::Throttled {
                kind,
                retry_after,
                answer,
                vendor_code,
            }
        }
        Meaning::Repeatable => Outcome::Repeatable {
            reason: Repeatable::ServerError,
            answer: Some(answer),
            vendor_code,
        },
        Meaning::Unknown => Outcome::Unknown {
            reason: gateway_said(&answer),
        },
    }
}

/// What an answer means by the rules, and how long to leave the vendor alone where that is a throttle.
pub(crate) fn judge(
    rules: &Rules,
    configured: &[Signal],
    seen: &Seen<'_>,
) -> (Meaning, Option<Duration>) {
    let by_table = |signals: &[Signal]| {
        signals
            .iter()
            .find(|signal| signal.fits(seen))
            .map(|signal| (signal.meaning, signal.pause))
    };
    let (meaning, pause) = by_table(configured)
        .or_else(|| (rules.meaning)(seen).map(|meaning| (meaning, None)))
        .or_else(|| by_table(rules.signals))
        .unwrap_or_else(|| (standard_meaning(seen.answer.status), None));
    let pause = match meaning {
        Meaning::Throttled(_) => pause.or_else(|| (rules.pause)(seen)),
        _ => None,
    };
    (meaning, pause)
}

/// The answer of a gateway in one line: its status and the beginning of its body.
fn gateway_said(answer: &Answer) -> String {
    let mut line = format!(
        "a gateway answered in the vendor's place, with {} {}",
        answer.status, answer.status_text
    );
    line.truncate(line.trim_end().len());
    let body = match &answer.body {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    if !body.is_empty() {
        line.push_str(": ");
        line.extend(body.chars().take(WORDS_KEPT));
        if body.chars().nth(WORDS_KEPT).is_some() {
            line.push_str("...");
        }
    }
    line
}

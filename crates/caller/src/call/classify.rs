//! What an answer means. Pure: the account's rules, the answer and the present go in, the outcome comes out. Which
//! meaning counts is decided in `vendor`.

use std::time::{Duration, SystemTime};

use rampmeter_call::{Answer, Outcome, Repeatable};
use serde_json::Value;

use crate::answer::{rate_headers, retry_after};
use crate::meaning::Meaning;
use crate::profile::Profile;
use crate::vendor::{Seen, read_allowances};

/// How much of a gateway's own text is kept, in characters: enough to tell which gateway answered.
const MAX_WORDS_CHARS: usize = 500;

/// The outcome of a complete answer that took this long.
#[must_use]
pub fn classify(profile: &Profile, answer: Answer, took: Duration, now: SystemTime) -> Outcome {
    let vendor = profile.preset.vendor();
    let vendor_code = vendor.code(&profile.signals, &answer);
    let seen = Seen {
        answer: &answer,
        code: vendor_code.as_deref(),
        took,
    };
    let (meaning, pause) = vendor.judge(&profile.signals, &seen);
    match meaning {
        Meaning::Success => Outcome::Success(answer),
        Meaning::Final => Outcome::Final {
            answer,
            vendor_code,
        },
        Meaning::Throttled(kind) => {
            // What the vendor says in this very answer takes precedence over what is known about it
            // in general.
            let stated = read_allowances(&answer, now);
            let retry_after = retry_after::of(&answer, now)
                .or(pause)
                .or_else(|| rate_headers::pause(&stated))
                .map(|pause| pause.min(retry_after::MAX_PAUSE));
            Outcome::Throttled {
                kind,
                retry_after,
                for_all: stated.iter().any(|limit| limit.remaining == Some(0)),
                answer,
                vendor_code,
            }
        }
        Meaning::Repeatable => Outcome::Repeatable {
            reason: Repeatable::ServerError,
            answer: Some(answer),
            vendor_code,
        },
        Meaning::MaybeDone => Outcome::Repeatable {
            reason: Repeatable::MaybeDone,
            answer: Some(answer),
            vendor_code,
        },
        Meaning::Unknown => Outcome::Unknown {
            reason: gateway_said(&answer),
            gateway: Some(answer.status),
        },
    }
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
        line.extend(body.chars().take(MAX_WORDS_CHARS));
        if body.chars().nth(MAX_WORDS_CHARS).is_some() {
            line.push_str("...");
        }
    }
    line
}

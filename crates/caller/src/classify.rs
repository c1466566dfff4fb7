//! What an answer means. Pure: the preset, the answer and the present go in, the outcome comes out. The vendors'
//! differences are in `preset`, one file each.

use std::time::SystemTime;

use serde_json::Value;

use crate::answer::Answer;
use crate::outcome::{Outcome, Repeatable, Throttle};
use crate::preset::Preset;
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

/// The outcome of a complete answer.
#[must_use]
pub fn classify(preset: Preset, answer: Answer, now: SystemTime) -> Outcome {
    let vendor_code = preset.vendor_code(&answer);
    match preset.meaning(&answer, vendor_code.as_deref()) {
        Meaning::Success => Outcome::Success(answer),
        Meaning::Final => Outcome::Final {
            answer,
            vendor_code,
        },
        Meaning::Throttled(kind) => {
            let retry_after = answer
                .header("retry-after")
                .and_then(|value| retry_after::parse(value, now));
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

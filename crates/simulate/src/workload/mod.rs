//! Which calls arrive and how the vendor behaves: everything about a simulation that the configuration does not say. It
//! leaves out where that is read from: options, a TOML file, a CSV file or a store.

pub(crate) mod arrivals;
pub(crate) mod csv;
pub(crate) mod file;
pub(crate) mod history;
pub(crate) mod latency;

use std::time::Duration;

use rampmeter_template::bill::Usage;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::quantity::{Share, Span, millis};
use crate::workload::arrivals::{Arrival, MAX_CALLS, Source};
use crate::workload::latency::Latency;

/// A workload.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Workload {
    /// Where it was read from, in words.
    pub(crate) origin: String,
    /// The stretch of time in which calls arrive.
    pub(crate) stretch: Duration,
    /// Where calls come from.
    pub(crate) sources: Vec<Source>,
    /// How long the vendor works on a call whose duration is not known.
    pub(crate) latency: Latency,
    /// What goes wrong at the vendor.
    pub(crate) failures: Failures,
    /// The vendor's refusals that no limit of ours explains.
    pub(crate) throttles: Throttles,
    /// Others who use the same account.
    pub(crate) foreign: Option<Foreign>,
    /// How many calls the vendor works on at once, ours and others'; `None`: it never refuses a call for their number.
    pub(crate) vendor_concurrency: Option<u32>,
    /// What a call costs on AWS.
    pub(crate) usage: Usage,
    /// The recorded waits of the same calls, HIGH first, for comparison. Empty where none were recorded.
    pub(crate) recorded_waits: [Vec<Duration>; 3],
    /// What to know of it before relying on it.
    pub(crate) notes: Vec<String>,
}

/// Shares of attempts that go wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Failures {
    /// Answered with an error that may pass (a 5xx): repeated by the target's retry rules.
    pub(crate) repeatable: Share,
    /// Answered with a final error (a 4xx).
    #[serde(rename = "final")]
    pub(crate) refused: Share,
    /// Done by the vendor, but the answer is lost: the call is held until its timeout and hold have passed.
    pub(crate) lost: Share,
}

/// Window throttles (429, 503) that come at random.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Throttles {
    /// Share of attempts.
    pub(crate) share: Share,
    /// What the vendor asks for; without it the gate chooses the pause.
    pub(crate) retry_after: Option<Span>,
}

/// Others who use the account: a Poisson process of calls that no gate of ours holds back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Foreign {
    /// Calls a second.
    pub(crate) per_second: f64,
    /// How long the vendor works on one.
    pub(crate) latency: Latency,
}

impl Workload {
    /// A workload of these calls in which nothing goes wrong.
    pub(crate) fn new(
        origin: impl Into<String>,
        stretch: Duration,
        sources: Vec<Source>,
        latency: Latency,
    ) -> Workload {
        Workload {
            origin: origin.into(),
            stretch,
            sources,
            latency,
            failures: Failures::default(),
            throttles: Throttles::default(),
            foreign: None,
            vendor_concurrency: None,
            usage: Usage::default(),
            recorded_waits: Default::default(),
            notes: Vec::new(),
        }
    }

    /// What does not fit together, if anything does not.
    pub(crate) fn problem(&self) -> Option<String> {
        let expected: f64 = self
            .sources
            .iter()
            .map(|source| source.expected(self.stretch))
            .sum();
        if self.sources.is_empty() {
            return Some("no calls arrive".to_owned());
        }
        if expected > MAX_CALLS as f64 {
            return Some(format!(
                "about {expected:.0} calls arrive; at most {MAX_CALLS} are simulated"
            ));
        }
        let foreign = self
            .foreign
            .as_ref()
            .map_or(0.0, |foreign| foreign.per_second);
        let foreign = foreign * self.stretch.as_secs_f64();
        if foreign > MAX_CALLS as f64 {
            return Some(format!(
                "about {foreign:.0} calls of others arrive; at most {MAX_CALLS} are simulated"
            ));
        }
        let Failures {
            repeatable,
            refused,
            lost,
        } = self.failures;
        if repeatable.0 + refused.0 + lost.0 + self.throttles.share.0 > 1.0 {
            return Some("the shares of failures and throttles add up to more than 1".to_owned());
        }
        if self.vendor_concurrency == Some(0) {
            return Some("a vendor works on at least one call at once".to_owned());
        }
        if !self.usage.is_possible() {
            return Some("what a call uses on AWS is between 0 and a million".to_owned());
        }
        None
    }

    /// The workload as the report states it.
    pub(crate) fn to_json(&self) -> Value {
        let foreign = self.foreign.as_ref().map(|foreign| {
            json!({ "per_second": foreign.per_second, "latency": foreign.latency.to_json() })
        });
        json!({
            "origin": self.origin,
            "stretch_ms": millis(self.stretch),
            "arrivals": self.sources.iter().map(source_json).collect::<Vec<_>>(),
            "latency": self.latency.to_json(),
            "failures": {
                "repeatable": self.failures.repeatable.0,
                "final": self.failures.refused.0,
                "lost": self.failures.lost.0,
            },
            "throttles": {
                "share": self.throttles.share.0,
                "retry_after_ms": self.throttles.retry_after.map(|span| millis(span.0)),
            },
            "foreign": foreign,
            "vendor_concurrency": self.vendor_concurrency,
        })
    }
}

fn source_json(source: &Source) -> Value {
    match source {
        Source::Rate {
            priority,
            per_second,
            curve,
        } => json!({ "priority": priority, "per_second": per_second, "curve": curve }),
        Source::Burst {
            priority,
            calls,
            at,
            over,
        } => json!({
            "priority": priority,
            "calls": calls,
            "at_ms": millis(*at),
            "over_ms": millis(*over),
        }),
        Source::Recorded(calls) => {
            json!({ "recorded_calls": calls.len(), "digest": digest(calls) })
        }
    }
}

/// A digest of recorded calls, so that the hash of a configuration depends on them.
fn digest(calls: &[Arrival]) -> String {
    let mut hash = Sha256::new();
    for call in calls {
        hash.update(call.at.as_micros().to_be_bytes());
        hash.update([call.priority as u8]);
        let duration = call
            .duration
            .map_or(u128::MAX, |duration| duration.as_micros());
        hash.update(duration.to_be_bytes());
    }
    short_hex(&hash.finalize())
}

/// The first 32 bits in hexadecimal digits.
pub(crate) fn short_hex(hash: &[u8]) -> String {
    hash.iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

//! The limits of a vendor as the headers of its answers state them, and where the configuration allows more.

use std::time::Duration;

use rampmeter_caller::rate_headers::{StatedLimit, Unit};
use rampmeter_dispatch::{Disagreement, Quota, Time};

use crate::target::Target;

/// Limits of a vendor that are remembered for each target.
const REMEMBERED: usize = 32;

/// One of the vendor's limits, as its last answer stated it.
#[derive(Debug, Clone)]
pub struct VendorLimit {
    /// How many calls it allows in all.
    pub limit: Option<u64>,
    /// Length of its window.
    pub window: Option<Duration>,
    /// Whether it counts calls in flight.
    pub in_flight: bool,
    /// How many were left.
    pub remaining: Option<u64>,
    /// When more come.
    pub resets_at: Option<Time>,
    /// Where the configuration allows more, in words.
    pub disagreement: Option<String>,
}

impl Target {
    /// Remembers what the vendor states of one of its limits, and tells people where ours allows more.
    pub fn note_vendor_limit(&mut self, stated: &StatedLimit, now: Time) {
        let quota = match (stated.unit, stated.limit, stated.window) {
            (Unit::Concurrency, Some(max), _) => Some(Quota::Concurrency { max }),
            (Unit::Calls, Some(calls), Some(per)) if !per.is_zero() => {
                Some(Quota::Window { calls, per })
            }
            _ => None,
        };
        let disagreement = quota.and_then(|quota| self.gate.disagreement(quota));
        let told = disagreement
            .as_ref()
            .zip(quota)
            .map(|(disagreement, quota)| in_words(quota, disagreement));
        let before = self.vendor_limits.get(&stated.name);
        if before.is_none() && self.vendor_limits.len() >= REMEMBERED {
            return;
        }
        if let Some(told) = &told
            && before.is_none_or(|before| before.disagreement.as_ref() != Some(told))
        {
            tracing::warn!(target = self.config.name, "{told}");
        }
        let limit = VendorLimit {
            limit: stated.limit,
            window: stated.window,
            in_flight: stated.unit == Unit::Concurrency,
            remaining: stated.remaining,
            resets_at: stated
                .resets_in
                .map(|resets_in| now.saturating_add(resets_in)),
            disagreement: told,
        };
        self.vendor_limits.insert(stated.name.clone(), limit);
    }
}

/// What the vendor says and what the configuration says, as one sentence.
fn in_words(quota: Quota, disagreement: &Disagreement) -> String {
    let vendor = match quota {
        Quota::Concurrency { max } => format!("{max} calls in flight"),
        Quota::Window { calls, per } => format!("{calls} calls in {}", span(per)),
    };
    match disagreement {
        Disagreement::Higher { limit, allowed } => {
            format!("the vendor says {vendor}, the configuration says {allowed} (limit {limit})")
        }
        Disagreement::Missing => {
            format!("the vendor says {vendor}, and no limit of the configuration keeps to it")
        }
    }
}

/// A length as people write it: in the largest unit of which it is a whole number.
fn span(length: Duration) -> String {
    let millis = length.as_millis();
    for (unit, name) in [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ] {
        if millis >= unit && millis.is_multiple_of(unit) {
            return format!("{}{name}", millis / unit);
        }
    }
    format!("{millis}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disagreement_is_told_with_both_numbers() {
        let quota = Quota::Window {
            calls: 100,
            per: Duration::from_secs(60),
        };
        let higher = Disagreement::Higher {
            limit: "minute".to_owned(),
            allowed: 600,
        };
        assert_eq!(
            in_words(quota, &higher),
            "the vendor says 100 calls in 1m, the configuration says 600 (limit minute)"
        );
        assert_eq!(
            in_words(Quota::Concurrency { max: 5 }, &Disagreement::Missing),
            "the vendor says 5 calls in flight, and no limit of the configuration keeps to it"
        );
        assert_eq!(span(Duration::from_millis(1_500)), "1500ms");
        assert_eq!(span(Duration::from_secs(172_800)), "2d");
    }
}

//! What the headers of an answer say of the vendor's limits: how many calls are left, when more come, how many there
//! are in all. The gate decides what follows (`dispatch`): a target with nothing left closes before the first throttle,
//! and people are told of a limit of ours that is above the vendor's.

use std::time::{Duration, SystemTime};

use rampmeter_call::Outcome;
use rampmeter_caller::rate_headers::{StatedLimit, Unit};
use rampmeter_caller::{rate_headers, stated_limits};
use rampmeter_dispatch::{Disagreement, Quota, Time};
use rampmeter_store::StoreFailure;
use rampmeter_store::model::id::TargetId;

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;
use crate::memory::target::{Target, VendorLimit};

/// The longest time for which a header alone closes a target: a vendor that means longer will say so again.
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Limits of a vendor that are remembered for each target.
const REMEMBERED: usize = 32;

impl CallContext<'_> {
    /// Notes what the headers of an answer say. Called after its permit was freed.
    pub(crate) fn heed_rate_headers(
        &mut self,
        id: TargetId,
        outcome: &Outcome,
    ) -> Result<(), StoreFailure> {
        // Some vendors name a reset by the wall clock, which the engine's own time need not follow.
        let stated_limits = stated_limits(outcome, SystemTime::now());
        if stated_limits.is_empty() {
            return Ok(());
        }
        let now = self.now();
        for stated in &stated_limits {
            self.target(id).note_vendor_limit(stated, now);
        }
        // The throttle itself has closed the target already, for as long as it said.
        if matches!(outcome, Outcome::Throttled { .. }) {
            return Ok(());
        }
        let calls: Vec<StatedLimit> = stated_limits
            .into_iter()
            .filter(|stated| stated.unit == Unit::Calls)
            .collect();
        let Some(resets_in) = rate_headers::pause(&calls) else {
            return Ok(());
        };
        let target = self.target(id);
        if target
            .gate
            .feedback(now)
            .used_up(resets_in.min(MAX_PAUSE))
            .is_none()
        {
            return Ok(());
        }
        target.closed_by_headers += 1;
        tracing::info!(
            target = target.config.name,
            seconds = resets_in.as_secs_f64(),
            "the vendor says that no calls are left while our own limits have room: nothing starts until its reset"
        );
        let memory = target.gate.memory();
        self.store.calls.remember(id, &memory)
    }
}

impl Target {
    /// Remembers what the vendor states of one of its limits, and tells people where ours allows more.
    fn note_vendor_limit(&mut self, stated: &StatedLimit, now: Time) {
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

//! The vendor's limits as its answers state them, compared with our own: a configuration that allows
//! more than the vendor does will be throttled, and people should hear about it beforehand.

use std::time::Duration;

use crate::gate::Gate;
use crate::rules::{Counts, Limit, LimitKind};

/// One limit as the vendor states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Calls in flight.
    Concurrency {
        /// The maximum.
        max: u64,
    },
    /// Calls in a window, whose kind a header does not tell.
    Window {
        /// The maximum.
        calls: u64,
        /// Its length.
        per: Duration,
    },
}

/// How our limits fall short of one of the vendor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// The limit that stands for it allows more.
    Higher {
        /// Our limit.
        limit: String,
        /// What it allows.
        allowed: u64,
    },
    /// No limit of ours enforces it.
    Missing,
}

impl Gate {
    /// Where our limits, as they are in force, allow more than the vendor says; none if they respect
    /// it.
    pub fn disagreement(&self, quota: Quota) -> Option<Disagreement> {
        // The vendor's headers count requests.
        let rules = || {
            let rules = self.limits.iter().map(|limit| &limit.rule);
            rules.filter(|limit| limit.counts != Counts::Jobs)
        };
        if rules().any(|limit| keeps_to(limit, quota)) {
            return None;
        }
        let counterpart = rules()
            .filter(|limit| is_counterpart(limit, quota))
            .min_by_key(|limit| limit.max());
        Some(
            counterpart.map_or(Disagreement::Missing, |limit| Disagreement::Higher {
                limit: limit.name.clone(),
                allowed: limit.max(),
            }),
        )
    }
}

/// Whether a limit of ours never lets more through than a quota allows.
fn keeps_to(limit: &Limit, quota: Quota) -> bool {
    match (&limit.kind, quota) {
        (LimitKind::Concurrency { max: ours }, Quota::Concurrency { max }) => {
            u64::from(*ours) <= max
        }
        (
            LimitKind::Window {
                calls: ours,
                per: length,
            },
            Quota::Window { calls, per },
        ) => {
            let windows = per.as_micros().div_ceil(length.as_micros().max(1));
            u128::from(*ours) * windows <= u128::from(calls)
        }
        // Two calendar periods may overlap one window of the vendor's; whoever configured a
        // calendar knows that the vendor counts by one.
        (LimitKind::Calendar { calls: ours, reset }, Quota::Window { calls, per }) => {
            *ours <= calls && reset.period() >= per
        }
        _ => false,
    }
}

/// Whether a limit of ours counts what the quota counts.
fn is_counterpart(limit: &Limit, quota: Quota) -> bool {
    match (&limit.kind, quota) {
        (LimitKind::Concurrency { .. }, Quota::Concurrency { .. }) => true,
        (LimitKind::Window { per: length, .. }, Quota::Window { per, .. }) => *length == per,
        (LimitKind::Calendar { reset, .. }, Quota::Window { per, .. }) => reset.period() == per,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use crate::time::Time;

    const MINUTE: Duration = Duration::from_secs(60);

    fn told(limits: Vec<Limit>, quota: Quota) -> Option<Disagreement> {
        let rules = Rules {
            limits,
            ..Rules::default()
        };
        Gate::new(rules, Time::from_millis(0)).disagreement(quota)
    }

    #[test]
    fn a_limit_above_the_vendors_is_named() {
        let quota = Quota::Window {
            calls: 100,
            per: MINUTE,
        };
        assert_eq!(
            told(vec![Limit::window("minute", 600, MINUTE)], quota),
            Some(Disagreement::Higher {
                limit: "minute".to_owned(),
                allowed: 600
            })
        );
        assert_eq!(
            told(vec![Limit::window("minute", 100, MINUTE)], quota),
            None
        );
    }

    #[test]
    fn another_length_keeps_to_it_if_it_lets_no_more_through() {
        let quota = Quota::Window {
            calls: 100,
            per: MINUTE,
        };
        let second = |calls| vec![Limit::window("second", calls, Duration::from_secs(1))];
        assert_eq!(told(second(1), quota), None);
        assert_eq!(told(second(2), quota), Some(Disagreement::Missing));
        let hour = vec![Limit::window("hour", 90, MINUTE * 60)];
        assert_eq!(told(hour, quota), None);
    }

    #[test]
    fn calls_in_flight_are_compared_with_calls_in_flight() {
        let quota = Quota::Concurrency { max: 5 };
        assert_eq!(told(vec![Limit::concurrency("account", 5)], quota), None);
        assert!(matches!(
            told(vec![Limit::concurrency("account", 6)], quota),
            Some(Disagreement::Higher { allowed: 6, .. })
        ));
        assert_eq!(
            told(vec![Limit::window("minute", 1, MINUTE)], quota),
            Some(Disagreement::Missing)
        );
    }
}

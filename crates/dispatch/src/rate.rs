//! What a limit can reach: exactness costs throughput where answers take long, and people are told
//! how much.

use std::time::Duration;

use crate::gate::Gate;
use crate::rules::{CountFrom, Counts, Limit, LimitKind};
use crate::window::{BUCKETS_PER_WINDOW, EXACT_CALLS};

impl Limit {
    /// The most calls a second that this limit admits in the long run, if every call is answered
    /// after `latency`.
    ///
    /// A place of a window is taken from the permit until one length after the answer, so 100 calls
    /// a second at 300 ms reach 77 a second at best; counted from the send they reach 100. Infinite
    /// for a concurrency limit without latency. A quota by the calendar is spread over its period,
    /// a month taken for 30 days.
    pub fn reachable_rate(&self, latency: Duration) -> f64 {
        let latency = latency.as_secs_f64();
        match (&self.kind, self.count_from) {
            (&LimitKind::Concurrency { max }, _) => f64::from(max) / latency,
            (&LimitKind::Window { calls, per }, CountFrom::Answer) => {
                calls_in(calls, cooling(calls, per) + latency)
            }
            (&LimitKind::Window { calls, per }, CountFrom::Send) => {
                calls_in(calls, cooling(calls, per))
            }
            (&LimitKind::Calendar { calls, ref reset }, _) => {
                calls_in(calls, reset.period().as_secs_f64())
            }
        }
    }
}

impl Gate {
    /// The most calls that the vendor may count in one window of each limit, in the order of the
    /// rules: the limit itself where places are counted to the answer.
    ///
    /// Counted from the send, a window admits so many permits; but the vendor may also count in it calls
    /// that were in flight when it began. Each of those has a place in every limit on calls in flight,
    /// so there are no more of them than the tightest of these allows. None where nothing bounds them.
    pub fn most_counted(&self) -> Vec<Option<u64>> {
        let rules = || self.limits.iter().map(|limit| &limit.rule);
        let in_flight = rules()
            .filter(|limit| matches!(limit.kind, LimitKind::Concurrency { .. }))
            .filter(|limit| limit.counts != Counts::Jobs)
            .map(Limit::max)
            .min();
        let most = rules().map(|limit| match (&limit.kind, limit.count_from) {
            (LimitKind::Concurrency { .. }, _) | (_, CountFrom::Answer) => Some(limit.max()),
            (_, CountFrom::Send) => in_flight.map(|in_flight| limit.max() + in_flight),
        });
        most.collect()
    }
}

impl LimitKind {
    /// The calls a second that a window or a quota stands for: its calls by its length. None for a
    /// limit on calls in flight.
    pub fn nominal_rate(&self) -> Option<f64> {
        match self {
            LimitKind::Concurrency { .. } => None,
            LimitKind::Window { calls, per } => Some(calls_in(*calls, per.as_secs_f64())),
            LimitKind::Calendar { calls, reset } => {
                Some(calls_in(*calls, reset.period().as_secs_f64()))
            }
        }
    }
}

/// How long a place cools at worst, in seconds.
fn cooling(calls: u64, per: Duration) -> f64 {
    let bucket = if calls <= EXACT_CALLS {
        Duration::ZERO
    } else {
        per / BUCKETS_PER_WINDOW
    };
    (per + bucket).as_secs_f64()
}

fn calls_in(calls: u64, seconds: f64) -> f64 {
    // Valid rules allow at most 2^32 calls, which a float holds exactly.
    calls as f64 / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LATENCY: Duration = Duration::from_millis(300);

    fn reaches(limit: &Limit, latency: Duration, expected: f64) {
        let rate = limit.reachable_rate(latency);
        assert!(
            (rate - expected).abs() < 0.01,
            "{rate} instead of {expected}"
        );
    }

    #[test]
    fn latency_costs_an_exact_window_throughput_and_one_counted_from_the_send_none() {
        let exact = Limit::window("second", 100, SECOND);
        reaches(&exact, LATENCY, 76.92);
        reaches(&exact, Duration::ZERO, 100.0);
        reaches(
            &Limit {
                count_from: CountFrom::Send,
                ..exact
            },
            LATENCY,
            100.0,
        );
    }

    #[test]
    fn counted_from_the_send_a_window_may_hold_what_was_in_flight_too() {
        let most = |limits: Vec<Limit>| {
            let rules = crate::Rules {
                limits,
                ..crate::Rules::default()
            };
            Gate::new(rules, crate::Time::from_millis(0)).most_counted()
        };
        let exact = Limit::window("second", 100, SECOND);
        let sent = Limit {
            count_from: CountFrom::Send,
            ..exact.clone()
        };
        let account = Limit::concurrency("account", 10);
        assert_eq!(most(vec![account.clone(), exact]), [Some(10), Some(100)]);
        assert_eq!(most(vec![account, sent.clone()]), [Some(10), Some(110)]);
        assert_eq!(most(vec![sent]), [None]);
    }

    #[test]
    fn buckets_cost_a_large_window_a_thousandth() {
        reaches(
            &Limit::window("second", 10_010, SECOND),
            Duration::ZERO,
            10_000.0,
        );
    }

    #[test]
    fn slots_are_used_once_per_latency() {
        reaches(&Limit::concurrency("account", 12), LATENCY, 40.0);
        assert!(
            Limit::concurrency("account", 12)
                .reachable_rate(Duration::ZERO)
                .is_infinite()
        );
    }
}

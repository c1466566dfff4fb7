//! What a limit can reach: being exact costs throughput where answers take long, and people are
//! told how much.

use std::time::Duration;

use super::release::{BUCKETS_PER_WINDOW, MAX_EXACT_CALLS};
use crate::rules::{CountFrom, Limit, LimitKind};

impl Limit {
    /// The most calls per second that this limit admits in the long run, if every call is answered
    /// after `latency`.
    ///
    /// A slot of a window is taken from the permit until one length after the answer, so 100 calls
    /// per second at 300 ms reach 77 a second at best; counted from the send they reach 100.
    /// Infinite for a concurrency limit without latency. A calendar quota is spread over its
    /// period; a month counts as 30 days.
    pub fn reachable_rate(&self, latency: Duration) -> f64 {
        let latency = latency.as_secs_f64();
        match (&self.kind, self.count_from) {
            (&LimitKind::Concurrency { max }, _) => f64::from(max) / latency,
            (&LimitKind::Window { calls, per }, CountFrom::Answer) => {
                calls_in(calls, expiring(calls, per) + latency)
            }
            (&LimitKind::Window { calls, per }, CountFrom::Send) => {
                calls_in(calls, expiring(calls, per))
            }
            (&LimitKind::Calendar { calls, ref reset }, _) => {
                calls_in(calls, reset.period().as_secs_f64())
            }
        }
    }
}

impl LimitKind {
    /// The calls per second that a window or a quota amounts to: its calls divided by its length.
    /// None for a limit on calls in flight.
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

/// How long a slot stays taken after its answer at worst, in seconds.
fn expiring(calls: u64, per: Duration) -> f64 {
    let bucket = if calls <= MAX_EXACT_CALLS {
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

//! What a stand-in says it saw: one [`Report`] of counts, and one [`Span`] per call.

use crate::judge::Limits;
use crate::sign_in::Why;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the stand-in saw since it started, measured with its own clock.
///
/// `calls` is `accepted` + `rejected` + `unauthorised`, all on the limited paths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Whose stand-in it is.
    pub vendor: String,
    /// Calls that arrived whole at a limited path.
    pub calls: u64,
    /// Calls that were let in and worked on.
    pub accepted: u64,
    /// Calls that were throttled: the violations, and those of [`Faults::busy_account`](crate::Faults).
    pub rejected: u64,
    /// The same by the vendor's error code.
    pub rejected_by: BTreeMap<String, u64>,
    /// Calls throttled on purpose although they broke no limit.
    pub throttles_injected: u64,
    /// Calls that broke a limit. A call that broke several counts once.
    pub violations: u64,
    /// Calls that broke the limit on calls in flight.
    pub broke_in_flight: u64,
    /// Calls that arrived while too many others had been running for long.
    pub broke_long_running: u64,
    /// Calls that broke the limit on calls in any window.
    pub broke_window: u64,
    /// Calls answered 401, which touch no limit.
    pub unauthorised: u64,
    /// Sign-ins, tokens and sessions that were refused, by what was wrong with them.
    pub sign_ins_refused: BTreeMap<String, u64>,
    /// Access tokens that were given out.
    pub tokens_issued: u64,
    /// Sessions against cross-site request forgery that were given out.
    pub sessions_issued: u64,
    /// Calls in flight now.
    pub in_flight: u32,
    /// The most calls in flight at once, one that broke the limit included at its arrival.
    pub max_in_flight: u32,
    /// The limit on calls in flight.
    pub limit_in_flight: u32,
    /// The most calls that had been running for long at once.
    pub max_long_running: u32,
    /// The limit on calls that run long; `None` where the vendor has no such limit.
    pub limit_long_running: Option<u32>,
    /// The most calls in any half-open window of the first kind, wherever it is placed, rejected ones included.
    pub max_in_window: u64,
    /// The limit on calls in the first window.
    pub limit_in_window: u64,
    /// Length of the first window in milliseconds.
    pub window_ms: u64,
    /// All windows, the first included.
    pub windows: Vec<WindowSeen>,
    /// Time from arrival to the end of the work, over the accepted calls that are still remembered.
    pub latency_ms: LatencyMs,
    /// Seconds that accepted calls held a slot, summed up to now. Divided by the limit and the time it
    /// gives the utilisation.
    pub busy_slot_seconds: f64,
    /// Accepted writes for a business record and idempotency key that had been accepted before.
    pub repeated: u64,
    /// Accepted writes for a business record that had been written with the same method before, but
    /// never with this idempotency key.
    pub repeated_with_other_key: u64,
    /// Repeats that the vendor's own idempotency absorbed: a key it knew, an external id it had.
    pub absorbed: u64,
    /// Records created although their business record existed already.
    pub duplicates_created: u64,
    /// Records stored.
    pub records: u64,
    /// Jobs begun in the background.
    pub jobs: u64,
    /// Polls of such jobs.
    pub jobs_looked_at: u64,
    /// Calls answered 400 to 499 after they were let in.
    pub refused: u64,
    /// The same by the vendor's error code.
    pub refused_by: BTreeMap<String, u64>,
    /// Calls whose answer was cut off on purpose after the work was done.
    pub lost_answers: u64,
    /// Calls answered with a failure of the vendor's own, on purpose.
    pub server_errors: u64,
    /// Calls whose client had hung up before the answer.
    pub abandoned: u64,
}

impl Report {
    /// Adds sign-ins that a vendor refused.
    pub(crate) fn add_refused(&mut self, refused: &BTreeMap<Why, u64>) {
        for (why, count) in refused {
            *self.sign_ins_refused.entry((*why).to_owned()).or_default() += count;
        }
    }

    /// Names other limits from now on: those of the windows in their order, as many as are given.
    pub(crate) fn change_limits(&mut self, in_flight: u32, in_windows: &[u64]) {
        self.limit_in_flight = in_flight;
        for (window, limit) in self.windows.iter_mut().zip(in_windows) {
            window.limit = *limit;
        }
        self.limit_in_window = self.windows.first().map_or(0, |window| window.limit);
    }

    /// An empty report that names the limits.
    pub(crate) fn of(limits: &Limits) -> Report {
        let windows: Vec<WindowSeen> = limits
            .windows
            .iter()
            .map(|window| WindowSeen {
                limit: window.calls,
                per_ms: u64::try_from(window.per.as_millis()).unwrap_or(u64::MAX),
                most: 0,
            })
            .collect();
        let first = windows.first();
        Report {
            limit_in_flight: limits.in_flight,
            limit_long_running: limits.long_running.map(|limit| limit.calls),
            limit_in_window: first.map_or(0, |window| window.limit),
            window_ms: first.map_or(0, |window| window.per_ms),
            windows,
            ..Report::default()
        }
    }
}

/// How full one kind of window was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSeen {
    /// The limit on calls in it.
    pub limit: u64,
    /// Its length in milliseconds.
    pub per_ms: u64,
    /// The most calls in any such window, wherever it is placed, rejected ones included.
    pub most: u64,
}

/// Percentiles of a latency in milliseconds; 0 before the first call has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyMs {
    /// Half of the calls took no longer than this.
    pub p50: f64,
    /// 99 of 100 calls took no longer than this.
    pub p99: f64,
}

impl LatencyMs {
    /// Percentiles by nearest rank of durations in microseconds.
    pub(crate) fn of(mut durations_us: Vec<i64>) -> LatencyMs {
        let mut rank = |percent: usize| {
            let Some(last) = durations_us.len().checked_sub(1) else {
                return 0.0;
            };
            let index = (durations_us.len() * percent)
                .div_ceil(100)
                .clamp(1, last + 1)
                - 1;
            let (_, value, _) = durations_us.select_nth_unstable(index);
            *value as f64 / 1e3
        };
        LatencyMs {
            p50: rank(50),
            p99: rank(99),
        }
    }
}

/// One call at a limited path, from its arrival to the end of the vendor's work on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Arrival of the whole request, in microseconds since the epoch.
    pub started_at_us: i64,
    /// End of the work, in microseconds since the epoch; the arrival, where the call was not let in.
    pub ended_at_us: i64,
    /// Whether the call was let in.
    pub accepted: bool,
    /// The request's method.
    pub method: String,
    /// The business record, for example `salesOrder/eid:SO-1042`; the path, where no record is meant.
    pub record: String,
    /// The idempotency key the call carried.
    pub idempotency_key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred = (1..=100).rev().map(|n| n * 1_000).collect();
        assert_eq!(
            LatencyMs::of(hundred),
            LatencyMs {
                p50: 50.0,
                p99: 99.0
            }
        );
        assert_eq!(LatencyMs::of(vec![7_000]), LatencyMs { p50: 7.0, p99: 7.0 });
        assert_eq!(LatencyMs::of(vec![]), LatencyMs { p50: 0.0, p99: 0.0 });
    }
}

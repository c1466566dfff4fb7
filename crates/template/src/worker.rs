//! How a target's worker runs on AWS: one drainer for many calls, or one call in each slot of reserved concurrency.

use rampmeter_config::{Limiter, Target};
use rampmeter_dispatch::Priority;

/// The longest that a function may run, in seconds.
const MAX_RUN_SECONDS: u64 = 900;
/// The shortest that a worker is given, in seconds: a much shorter run would spend most of its time beginning and
/// ending.
const MIN_RUN_SECONDS: u64 = 300;
/// What a run has besides its longest call, twice: to begin, to work, and to report.
const AROUND_CALLS_SECONDS: u64 = 180;
/// The longest that a call may take, in seconds: a worker starts no call that could not end, be repeated on the wire
/// and be reported before its deadline.
pub(crate) const MAX_CALL_SECONDS: u64 = 820;
/// Environments of a drainer: two for each mapping, which is the least that AWS has.
pub(crate) const DRAINERS: u32 = 6;
/// The least concurrency that three mappings can share.
pub(crate) const LEAST_SLOTS: u32 = 6;

/// How one target's worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// What the binary does: `drain` or `slot`.
    pub(crate) role: &'static str,
    /// The function's timeout, in seconds.
    pub(crate) timeout: u64,
    /// Environments at the same time.
    pub(crate) concurrency: u32,
}

impl Shape {
    /// The shape of a target's worker.
    pub(crate) fn of(target: &Target, limiter: Limiter) -> Shape {
        match limiter {
            Limiter::Lease => Shape {
                role: "drain",
                timeout: run_seconds(target),
                concurrency: DRAINERS,
            },
            // It serves what waits in higher lanes before its own message, for as long as it has time.
            Limiter::Reserved => Shape {
                role: "slot",
                timeout: run_seconds(target),
                concurrency: slots(target).unwrap_or(LEAST_SLOTS).max(LEAST_SLOTS),
            },
        }
    }

    /// Environments that the queue of a priority may use. They add up to all, and what does not divide goes to the
    /// higher ones.
    pub(crate) fn concurrency_of(&self, priority: Priority) -> u32 {
        let rank = match priority {
            Priority::High => 0,
            Priority::Medium => 1,
            Priority::Batch => 2,
        };
        self.concurrency / 3 + u32::from(self.concurrency % 3 > rank)
    }
}

/// How long a worker of this target runs at most. Lambda accepts no queue whose messages are hidden for less than that,
/// and a message stays hidden that long even when a worker cannot begin, so it is no longer than the calls need.
fn run_seconds(target: &Target) -> u64 {
    let needed = 2 * target.timeout.as_secs() + AROUND_CALLS_SECONDS;
    needed.clamp(MIN_RUN_SECONDS, MAX_RUN_SECONDS)
}

/// The calls in flight that a target's limits allow; `None` if no limit counts them.
pub(crate) fn slots(target: &Target) -> Option<u32> {
    target.rules.smallest_concurrency()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mappings_share_all_of_the_concurrency_and_none_has_less_than_two() {
        for concurrency in LEAST_SLOTS..100 {
            let shape = Shape {
                role: "slot",
                timeout: 90,
                concurrency,
            };
            let shares = Priority::ALL.map(|priority| shape.concurrency_of(priority));
            assert_eq!(shares.iter().sum::<u32>(), concurrency);
            assert!(shares.iter().all(|share| *share >= 2), "{shares:?}");
            assert!(shares.is_sorted_by(|one, other| one >= other));
        }
    }
}

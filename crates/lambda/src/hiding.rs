//! How long a message that goes back to its queue is hidden. Pure.
//!
//! SQS gives up a message after a number of receives (`maxReceiveCount`, 1,000 at most), whatever they were for, and a
//! message may wait for 14 days. A message that only waits must never come near that bound, so one that has come often
//! stays hidden longer each time. The first receives cost no time at all. By [`least`], a message that is always handed
//! back for the shortest time is received fewer than 800 times in 14 days.

use std::time::Duration;

/// Receives after which a message still comes back at once.
const FREE_RECEIVES: u32 = 50;
/// By how much each further one hides it longer.
const GROWTH: f64 = 1.02;
/// The longest time for which a message is hidden because it has come often.
const MAX_LEAST: Duration = Duration::from_secs(3_600);
/// How long a message is left alone after its worker failed: at first, and at most.
const AFTER_FAILURE: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(120)];

/// How long to hide a message that should come back after `wanted` and has been received so often.
pub(crate) fn hidden(wanted: Duration, receives: u32) -> Duration {
    wanted.max(least(receives))
}

/// How long to hide a message whose worker failed before it could do anything for it: long enough that a backlog is not
/// run through at full pace, short enough that the message is there soon after the worker recovers.
pub(crate) fn after_failure(receives: u32) -> Duration {
    let doublings = receives.saturating_sub(1).min(8);
    let pause = AFTER_FAILURE[0] * 2_u32.pow(doublings);
    hidden(pause.min(AFTER_FAILURE[1]), receives)
}

/// The least time for a message that was received so often.
fn least(receives: u32) -> Duration {
    let Some(further) = receives.checked_sub(FREE_RECEIVES).filter(|n| *n > 0) else {
        return Duration::ZERO;
    };
    let exponent = i32::try_from(further).unwrap_or(i32::MAX);
    let seconds = GROWTH.powi(exponent).min(MAX_LEAST.as_secs_f64());
    Duration::from_secs_f64(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQS's longest life of a message.
    const RETENTION: Duration = Duration::from_secs(14 * 24 * 3_600);
    /// What the template sets, and the most that SQS takes.
    const MAX_RECEIVES: u32 = 1_000;

    /// How often a message is received in 14 days if it is received again as soon as it is visible.
    fn receives_in_14_days(hidden_for: impl Fn(u32) -> Duration) -> u32 {
        let (mut now, mut receives) = (Duration::ZERO, 0);
        while now < RETENTION && receives <= MAX_RECEIVES {
            receives += 1;
            // SQS rounds to whole seconds, and a receive takes some time; neither is relied on here.
            now += hidden_for(receives);
        }
        receives
    }

    #[test]
    fn no_message_becomes_undeliverable_by_waiting_for_14_days() {
        let seconds = Duration::from_secs;
        let handed_back = |wanted: Duration| receives_in_14_days(|count| hidden(wanted, count));
        // A starved lane, a vendor that says Retry-After: 1 to 5, a probe of a closed target, a long pause.
        for wanted in [0, 1, 2, 3, 4, 5, 20, 60, 900] {
            let receives = handed_back(seconds(wanted));
            assert!(receives < 800, "{receives} receives, hidden for {wanted} s");
        }
        assert!(receives_in_14_days(after_failure) < 800);
        // Handed back with a constant delay of a second, it would be gone within the hour.
        assert!(receives_in_14_days(|_| seconds(1)) > MAX_RECEIVES);
    }

    #[test]
    fn the_first_receives_cost_no_time_and_no_time_is_longer_than_an_hour() {
        assert_eq!(hidden(Duration::ZERO, 50), Duration::ZERO);
        assert!(hidden(Duration::ZERO, 100) < Duration::from_secs(3));
        assert_eq!(hidden(Duration::ZERO, u32::MAX), MAX_LEAST);
        let longer = Duration::from_secs(7_200);
        assert_eq!(hidden(longer, 999), longer);
    }

    #[test]
    fn a_worker_that_is_well_again_finds_its_backlog_within_two_minutes() {
        let pauses: Vec<u64> = (1..8).map(|count| after_failure(count).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 120, 120]);
        assert_eq!(after_failure(0).as_secs(), 5);
    }
}

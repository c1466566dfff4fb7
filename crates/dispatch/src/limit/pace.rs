//! How fast the slots of a window are taken while work waits: at once, or spread evenly over its length.
//!
//! A window of a second that is filled at once is empty for the rest of the second, and an urgent call that comes then
//! waits. So lower lanes take slots no sooner than an even spread provides them, while HIGH takes any free slot at once.
//! The spread is a schedule: each start, of whatever lane, moves it on by one step. A step is the window's length divided
//! by the number of slots that are not in flight, because those become free over one length, at the pace at which they were
//! taken: calls start as fast as slots come back, and no slower. A late start may be made up for, but by no more than a
//! grain, or the schedule itself would cause bursts.
//!
//! Whether a window has a slot is decided elsewhere: a pace never starts a call that the window would refuse.

use crate::rules::{Limit, LimitKind, Pace};
use crate::time::{Time, micros};

/// Starts that are late by up to this fraction of a window's length are made up for.
const GRAINS_PER_WINDOW: i64 = 100;

/// Steps are shorter by this fraction, so that random delays do not add up to fewer calls. If the schedule gets ahead of
/// the slots, the slots bound it.
const HURRY: i64 = 100;

/// The schedule of a window that is filled evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// In microseconds.
    per: i64,
    /// When a lower lane may start its next call.
    next: Time,
}

impl Schedule {
    /// None for a limit that is not a window, or is filled in bursts.
    pub(super) fn of(rule: &Limit) -> Option<Schedule> {
        match rule.kind {
            LimitKind::Window { per, .. } if rule.pace == Pace::Even => Some(Schedule {
                per: micros(per),
                next: Time::MIN,
            }),
            _ => None,
        }
    }

    /// When a lower lane may start its next call.
    pub(super) fn next(self) -> Time {
        self.next
    }

    /// A call started, and `places` slots of the window are not in flight.
    pub(super) fn started(&mut self, places: u64, now: Time) {
        let step = self.step(places);
        let grain = step.max(self.per / GRAINS_PER_WINDOW);
        let made_up_for = Time::from_micros(now.as_micros().saturating_sub(grain));
        let from = self.next.max(made_up_for);
        self.next = Time::from_micros(from.as_micros().saturating_add(step));
    }

    /// The time from one start to the next, in microseconds.
    pub(super) fn step(self, places: u64) -> i64 {
        let hurried = self.per - self.per / HURRY;
        hurried / i64::try_from(places.max(1)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const STEP: Duration = Duration::from_micros(9_900);

    fn second() -> Schedule {
        let second = Limit::window("second", 100, Duration::from_secs(1));
        Schedule::of(&second.paced(Pace::Even)).expect("a window")
    }

    #[test]
    fn starts_are_a_step_apart_and_a_late_one_is_made_up_for() {
        let mut schedule = second();
        let mut now = Time::from_millis(1_000);
        schedule.started(100, now);
        let mut due = schedule.next();
        assert!(schedule.next() <= now, "it comes after a long rest");
        for late in [0, 3, 9, 0, 7] {
            schedule.started(100, now);
            let next = schedule.next();
            assert_eq!(next, due.saturating_add(STEP));
            due = next;
            now = next.saturating_add(Duration::from_millis(late));
        }
    }

    #[test]
    fn a_long_rest_is_worth_no_more_than_a_grain() {
        let mut schedule = second();
        let now = Time::from_millis(1_000_000);
        let mut starts = 0;
        while schedule.next() <= now {
            schedule.started(100, now);
            starts += 1;
        }
        assert_eq!(starts, 2);
    }
}

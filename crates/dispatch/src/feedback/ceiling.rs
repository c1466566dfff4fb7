//! The ceiling on calls in flight that concurrency throttles teach: one lower with each, one higher after each quiet
//! interval.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// After each interval of this length in which nothing lowers it the learned ceiling rises by one. A
/// window throttle this long after a reopening is a new one: its pause starts from
/// [`crate::FIRST_PAUSE`] again.
pub const QUIET_INTERVAL: Duration = Duration::from_secs(30);
/// The learned ceiling on calls in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ceiling {
    lowered_to: u32,
    lowered_at: Time,
}

impl Ceiling {
    /// One below the ceiling at present, but never below one call.
    pub(crate) fn below(ceiling: u32, now: Time) -> Ceiling {
        Ceiling {
            lowered_to: ceiling.saturating_sub(1).max(1),
            lowered_at: now,
        }
    }

    /// The ceiling at `now`: one more after each quiet interval.
    pub(crate) fn at(self, now: Time) -> u32 {
        let regained = self.quiet_intervals(now);
        self.lowered_to
            .saturating_add(u32::try_from(regained).unwrap_or(u32::MAX))
    }

    /// When it was lowered last.
    pub(crate) fn lowered_at(self) -> Time {
        self.lowered_at
    }

    /// When it rises next.
    pub(crate) fn rises_at(self, now: Time) -> Time {
        let quiet = QUIET_INTERVAL.as_micros() * (self.quiet_intervals(now) + 1);
        let quiet = Duration::from_micros(u64::try_from(quiet).unwrap_or(u64::MAX));
        self.lowered_at.saturating_add(quiet)
    }

    fn quiet_intervals(self, now: Time) -> u128 {
        now.saturating_since(self.lowered_at).as_micros() / QUIET_INTERVAL.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_ceiling_regains_one_call_after_each_quiet_interval() {
        let ceiling = Ceiling::below(5, at(0));
        assert_eq!(
            [at(0), at(29), at(30), at(61)].map(|now| ceiling.at(now)),
            [4, 4, 5, 6]
        );
        assert_eq!(ceiling.rises_at(at(0)), at(30));
        assert_eq!(ceiling.rises_at(at(30)), at(60));
    }

    #[test]
    fn a_ceiling_never_falls_below_one_call_and_never_overflows() {
        assert_eq!(Ceiling::below(1, at(0)).at(at(0)), 1);
        assert_eq!(Ceiling::below(0, at(0)).at(at(0)), 1);
        assert_eq!(
            Ceiling::below(u32::MAX, Time::from_micros(i64::MIN)).at(Time::MAX),
            u32::MAX
        );
        assert_eq!(Ceiling::below(1, at(0)).rises_at(Time::MAX), Time::MAX);
    }
}

//! What a start concludes from the last stamp in the store and the present clocks. Pure.

use std::time::Duration;

use rampmeter_dispatch::Time;

use crate::{Reading, Stamp};

/// Where an engine resumes its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumption {
    /// The engine time of the start.
    pub now: Time,
    /// By how much windows and holds end later than their rows say, because this much of the time since the last commit
    /// may not have passed.
    pub unsure: Duration,
    /// What it is based on.
    pub basis: Basis,
}

/// What an engine's time is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Nothing was stored before.
    New,
    /// The machine has run, or slept, since the last commit.
    SameBoot,
    /// The machine was rebooted since the last commit, or the store was moved to another machine.
    OtherBoot,
    /// The store was written by a version that made no stamps.
    NoStamp,
}

impl Basis {
    /// For the log and for `health`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "a new store",
            Self::SameBoot => "the machine has run since",
            Self::OtherBoot => "the machine was started anew since",
            Self::NoStamp => "the store does not say when it was written last",
        }
    }
}

/// Concludes what the time is. `stamp` is that of the last commit, `newest` the newest time of any row.
#[must_use]
pub fn resume(stamp: Option<&Stamp>, newest: Option<Time>, reading: &Reading) -> Resumption {
    let Some(stamp) = stamp else {
        return match newest {
            None => Resumption {
                now: reading.wall,
                unsure: Duration::ZERO,
                basis: Basis::New,
            },
            Some(newest) => counting(newest, Duration::ZERO, reading, Basis::NoStamp),
        };
    };
    if let Some(passed) = stamp.passed(reading) {
        return Resumption {
            now: stamp.engine.saturating_add(passed),
            unsure: Duration::ZERO,
            basis: Basis::SameBoot,
        };
    }
    let told = reading.wall.saturating_since(stamp.wall);
    counting(
        stamp.engine,
        reading.boot.min(told),
        reading,
        Basis::OtherBoot,
    )
}

/// The date, once at least `sure` has passed since `earlier`; what the date says beyond that is unsure.
fn counting(earlier: Time, sure: Duration, reading: &Reading, basis: Basis) -> Resumption {
    let surely = earlier.saturating_add(sure);
    let now = surely.max(reading.wall);
    Resumption {
        now,
        unsure: now.saturating_since(surely),
        basis,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn reading(wall: Time, boot: Duration, id: &str) -> Reading {
        Reading {
            wall,
            boot,
            boot_id: Some(id.to_owned()),
        }
    }

    #[test]
    fn within_a_boot_the_wall_clock_counts_for_nothing() {
        let before = reading(at(10_000), HOUR, "a");
        let stamp = Stamp::new(at(10_000), &before);
        for wall in [at(0), at(10_000), at(90_000)] {
            let after = reading(wall, HOUR + Duration::from_secs(5), "a");
            let resumed = resume(Some(&stamp), None, &after);
            assert_eq!(resumed.now, at(10_005));
            assert_eq!(resumed.unsure, Duration::ZERO);
        }
    }

    #[test]
    fn a_sleep_counts_in_full() {
        let stamp = Stamp::new(at(10_000), &reading(at(10_000), HOUR, "a"));
        let after = reading(at(10_000), HOUR * 9, "a");
        assert_eq!(
            resume(Some(&stamp), None, &after).now,
            at(10_000).saturating_add(HOUR * 8)
        );
    }

    #[test]
    fn over_a_reboot_only_the_time_since_the_boot_is_sure() {
        let stamp = Stamp::new(at(10_000), &reading(at(10_000), HOUR, "a"));
        let after = reading(at(20_000), Duration::from_secs(60), "b");
        let resumed = resume(Some(&stamp), None, &after);
        assert_eq!(resumed.now, at(20_000), "the date is followed");
        assert_eq!(resumed.unsure, Duration::from_secs(9_940));
        assert_eq!(resumed.basis, Basis::OtherBoot);
    }

    #[test]
    fn a_clock_set_back_over_a_reboot_gives_no_time() {
        let stamp = Stamp::new(at(10_000), &reading(at(10_000), HOUR, "a"));
        let after = reading(at(5_000), Duration::from_secs(60), "b");
        let resumed = resume(Some(&stamp), None, &after);
        assert_eq!(resumed.now, at(10_000));
        assert_eq!(resumed.unsure, Duration::ZERO);
    }

    #[test]
    fn a_store_without_a_stamp_keeps_its_windows_at_their_full_length() {
        let resumed = resume(None, Some(at(10_000)), &reading(at(99_000), HOUR, "a"));
        assert_eq!(resumed.now, at(99_000));
        assert_eq!(resumed.unsure, Duration::from_secs(89_000));
    }

    proptest! {
        /// Whatever the wall clocks said, no window or hold loses time that did not pass, and time never goes back.
        #[test]
        fn no_more_time_is_given_than_has_passed(
            engine in 0_i64..1_000_000,
            walls in (0_i64..1_000_000, 0_i64..1_000_000),
            booted in 0_u64..100_000,
            off in 0_u64..100_000,
            since in 0_u64..100_000,
            rebooted: bool,
        ) {
            let boot = Duration::from_secs(booted);
            let stamp = Stamp::new(at(engine), &reading(at(walls.0), boot, "a"));
            let since = Duration::from_secs(since);
            let (after, passed) = if rebooted {
                (reading(at(walls.1), since, "b"), Duration::from_secs(off) + since)
            } else {
                (reading(at(walls.1), boot + since, "a"), since)
            };
            let resumed = resume(Some(&stamp), None, &after);
            prop_assert!(resumed.now >= at(engine));
            // What a row that ended `until` has left, once it is postponed by what is unsure.
            let until = at(engine).saturating_add(HOUR).saturating_add(resumed.unsure);
            let left = until.saturating_since(resumed.now);
            prop_assert!(left + passed >= HOUR, "{left:?} left after {passed:?}");
        }
    }
}

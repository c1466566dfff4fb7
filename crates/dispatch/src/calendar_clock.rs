//! Where the vendor's calendar is, relative to the engine's time.
//!
//! A quota of a day is counted by the vendor's own clock. What is known of that clock is how far it is ahead of the engine's
//! time, and never exactly: our wall clock says one thing, the `Date` of an answer perhaps another, and either may be wrong.
//! So a call counts in the latest day that any of them allows, and its slot is free when the earliest of them says that this
//! day is over; a margin on both sides covers what nobody has stated. Where a day ends is computed in `calendar`; the clocks
//! are read in the host.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::time::{Time, micros};

/// How far the wall clock may drift before a quota follows it: less than any sensible margin.
const LEAST_STEP: i64 = 100_000;
/// A `Date` counts whole seconds.
const RESOLUTION: i64 = 1_000_000;
/// A `Date` further from our own clock than this does not come from a clock and is ignored.
const MAX_DIFFERENCE: i64 = 12 * 60 * 60 * 1_000_000;

/// By how much the vendor's calendar is ahead of the engine's time, in microseconds; negative where it is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarClock {
    /// As our wall clock has it.
    wall: i64,
    /// As the vendor's answers have it, at least and at most, where they contradict the wall clock.
    vendor: Option<(i64, i64)>,
}

impl CalendarClock {
    /// The same clock once the wall clock is this many microseconds ahead of the engine's time. It stays as it is over
    /// steps that are too small to matter.
    #[must_use]
    pub fn with_wall_ahead(self, wall: i64) -> CalendarClock {
        if (wall - self.wall).abs() < LEAST_STEP {
            return self;
        }
        CalendarClock { wall, ..self }
    }

    /// The same clock after the engine's time began anew, which puts our wall clock and the vendor's ahead of it alike.
    #[must_use]
    pub fn moved_with_wall(self, wall: i64) -> CalendarClock {
        let by = wall - self.wall;
        let vendor = self.vendor.map(|(least, most)| (least + by, most + by));
        CalendarClock { wall, vendor }
    }

    /// The same clock once an answer bore this `Date`, whose call was sent and answered at these moments of the engine's time.
    #[must_use]
    pub fn with_date(self, date: Time, sent: Time, answered: Time) -> CalendarClock {
        let least = date.as_micros() - answered.as_micros();
        let most = date.as_micros() + RESOLUTION - sent.as_micros();
        let apart = |micros: i64| (micros - self.wall).abs() > MAX_DIFFERENCE;
        if least > most || apart(least) || apart(most) {
            return self;
        }
        // Two answers from one clock allow what both of them allow; a clock that was set is
        // measured afresh.
        let (kept_least, kept_most) = self.vendor.unwrap_or((least, most));
        let both = (least.max(kept_least), most.min(kept_most));
        let known = if both.0 <= both.1 {
            both
        } else {
            (least, most)
        };
        let agrees = known.0 <= self.wall && self.wall <= known.1;
        let vendor = (!agrees).then_some(known);
        CalendarClock { vendor, ..self }
    }

    /// When a slot is free, in the engine's time, whose call the vendor counted at `end` at the latest.
    #[must_use]
    pub fn frees_at(self, calendar: &Calendar, end: Time) -> Time {
        let margin = micros(calendar.margin);
        let counted = end.as_micros().saturating_add(self.most());
        let reset = calendar.next_reset(Time::from_micros(counted.saturating_add(margin)));
        if reset == Time::MAX {
            return reset;
        }
        let began = reset.as_micros().saturating_sub(self.least());
        Time::from_micros(began.saturating_add(margin))
    }

    /// The moment at which a slot is free that was to be free at `until` while the clock stood as `before`.
    #[must_use]
    pub fn carried(self, until: Time, before: CalendarClock) -> Time {
        let later = before.least().saturating_sub(self.least());
        Time::from_micros(until.as_micros().saturating_add(later))
    }

    /// How far the vendor's calendar and our wall clock differ, where answers showed that they do; at least.
    #[must_use]
    pub fn difference(self) -> Option<Duration> {
        let (least, most) = self.vendor?;
        let apart = (least - self.wall).unsigned_abs();
        Some(Duration::from_micros(
            apart.min((most - self.wall).unsigned_abs()),
        ))
    }

    fn least(self) -> i64 {
        self.vendor
            .map_or(self.wall, |(least, _)| least.min(self.wall))
    }

    fn most(self) -> i64 {
        self.vendor
            .map_or(self.wall, |(_, most)| most.max(self.wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::ResetDay;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 24 * 60 * 60 * SECOND;

    fn midnight(margin_ms: u64) -> Calendar {
        Calendar {
            zone: TimeZone::UTC,
            at: jiff::civil::Time::midnight(),
            on: ResetDay::Daily,
            margin: Duration::from_millis(margin_ms),
        }
    }

    fn at(micros: i64) -> Time {
        Time::from_micros(micros)
    }

    #[test]
    fn a_quota_follows_the_wall_clock_and_not_the_engines_time() {
        let reset = midnight(1_000);
        let noon = at(DAY / 2);
        let in_step = CalendarClock::default();
        assert_eq!(in_step.frees_at(&reset, noon), at(DAY + SECOND));
        // The engine's time is 75 seconds ahead of the date.
        let ahead = in_step.with_wall_ahead(-75 * SECOND);
        assert_eq!(ahead.frees_at(&reset, noon), at(DAY + 76 * SECOND));
        assert_eq!(
            ahead.carried(at(DAY + SECOND), in_step),
            at(DAY + 76 * SECOND)
        );
    }

    #[test]
    fn a_call_within_the_margin_of_a_reset_counts_in_both_days() {
        let reset = midnight(1_000);
        let clock = CalendarClock::default();
        assert_eq!(
            clock.frees_at(&reset, at(DAY - 2 * SECOND)),
            at(DAY + SECOND)
        );
        assert_eq!(
            clock.frees_at(&reset, at(DAY - SECOND / 2)),
            at(2 * DAY + SECOND)
        );
    }

    #[test]
    fn a_date_that_contradicts_our_clock_makes_room_for_both() {
        let reset = midnight(0);
        let noon = at(DAY / 2);
        let heard = CalendarClock::default().with_date(at(DAY / 2 - 90 * SECOND), noon, noon);
        assert_eq!(heard.difference(), Some(Duration::from_secs(89)));
        assert_eq!(
            heard.frees_at(&reset, noon),
            at(DAY + 90 * SECOND),
            "the vendor is behind"
        );
        let heard = CalendarClock::default().with_date(at(DAY / 2 + 90 * SECOND), noon, noon);
        assert_eq!(
            heard.frees_at(&reset, noon),
            at(DAY),
            "our clock may be right"
        );
        let late = at(DAY - 30 * SECOND);
        assert_eq!(
            heard.frees_at(&reset, late),
            at(2 * DAY),
            "and so may the vendor's"
        );
    }

    #[test]
    fn a_date_that_agrees_or_is_of_no_clock_teaches_nothing() {
        let clock = CalendarClock::default();
        let (sent, answered) = (at(DAY), at(DAY + SECOND / 2));
        assert_eq!(clock.with_date(at(DAY), sent, answered), clock);
        assert_eq!(clock.with_date(at(DAY - SECOND / 2), sent, answered), clock);
        assert_eq!(clock.with_date(at(30 * DAY), sent, answered), clock);
        let apart = clock.with_date(at(DAY + 90 * SECOND), sent, answered);
        assert_eq!(
            apart.with_date(at(DAY), sent, answered),
            clock,
            "it was set right"
        );
    }

    proptest! {
        /// A slot that is given back was counted in an earlier day, whichever clock the vendor goes by.
        #[test]
        fn no_place_is_free_in_the_day_in_which_its_call_was_counted(
            wall in -7_200 * SECOND..7_200 * SECOND,
            vendor_off in -3_600 * SECOND..3_600 * SECOND,
            by_date: bool,
            margin_ms in 0_u64..2_000,
            took in 0_i64..60 * SECOND,
            end in 10 * DAY..12 * DAY,
            counted_part in 0_i64..=100,
        ) {
            let reset = midnight(margin_ms);
            let margin = i64::try_from(margin_ms).unwrap() * 1_000;
            // What the vendor's clock is ahead of the engine's time: as the wall clock says, but for the margin; or else.
            let ahead = if by_date { wall + vendor_off } else { wall + vendor_off % (margin + 1) };
            let sent = at(end - took);
            let clock = CalendarClock::default().with_wall_ahead(wall);
            let date = (end - took / 2 + ahead).div_euclid(SECOND) * SECOND;
            let clock = if by_date { clock.with_date(at(date), sent, at(end)) } else { clock };
            // A date that does not contradict the wall clock teaches nothing: the margin covers it.
            prop_assume!(!by_date || clock.difference().is_some());
            prop_assume!(wall.abs() >= LEAST_STEP);
            let free = clock.frees_at(&reset, at(end));
            let day = |engine: i64| (engine + ahead).div_euclid(DAY);
            let counted = end - took + took * counted_part / 100;
            prop_assert!(day(free.as_micros()) > day(counted), "free at {free:?}");
        }

        /// However the clocks are set, a slot not yet released is carried to the moment that it would be given
        /// now.
        #[test]
        fn a_place_is_carried_to_where_it_would_be_now(
            first in -7_200 * SECOND..7_200 * SECOND,
            second in -7_200 * SECOND..7_200 * SECOND,
            end in 10 * DAY + 3 * 3_600 * SECOND..10 * DAY + 20 * 3_600 * SECOND,
        ) {
            let reset = midnight(1_000);
            let before = CalendarClock::default().with_wall_ahead(first);
            let now = before.with_wall_ahead(second);
            let until = before.frees_at(&reset, at(end));
            prop_assert_eq!(now.carried(until, before), now.frees_at(&reset, at(end)));
        }
    }
}

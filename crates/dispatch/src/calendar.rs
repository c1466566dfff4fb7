//! When a quota that a vendor counts by the calendar starts anew: at a time of day in a time zone,
//! every day, one day a week, or one day a month.
//!
//! A day has 23 or 25 hours where the clocks change. A time of day that the change skips is taken
//! after the gap, one that comes twice the first time. The rules of the zone arrive with the
//! [`TimeZone`]; no time zone database is read here.

use std::fmt;
use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::time::Time;

/// The resets of a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Whose clock and calendar the vendor goes by.
    pub zone: TimeZone,
    /// The time of day.
    pub at: jiff::civil::Time,
    /// On which days.
    pub on: ResetDay,
    /// By how much the vendor's clock may differ from what is known of it, either way.
    pub margin: Duration,
}

/// On which days a quota starts anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetDay {
    /// Every day.
    #[default]
    Daily,
    /// One day of each week.
    Weekly(Weekday),
    /// This day of each month, from 1 to 28.
    Monthly(i8),
}

/// As the configuration writes it, such as `monday 06:00 Europe/Paris`.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.on {
            ResetDay::Daily => {}
            ResetDay::Weekly(weekday) => write!(f, "{} ", name_of(weekday))?,
            ResetDay::Monthly(day) => write!(f, "{day} ")?,
        }
        let zone = self.zone.iana_name().unwrap_or("of another zone");
        write!(f, "{:02}:{:02} {zone}", self.at.hour(), self.at.minute())
    }
}

fn name_of(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

impl Calendar {
    /// The first reset after a moment: never the moment itself. [`Time::MAX`] beyond the year 9999.
    pub fn next_reset(&self, after: Time) -> Time {
        self.reset_after(after).unwrap_or(Time::MAX)
    }

    /// About how long a period is; a month counts as 30 days.
    pub fn period(&self) -> Duration {
        let days = match self.on {
            ResetDay::Daily => 1,
            ResetDay::Weekly(_) => 7,
            ResetDay::Monthly(_) => 30,
        };
        Duration::from_secs(days * 24 * 60 * 60)
    }

    fn reset_after(&self, after: Time) -> Option<Time> {
        let today = Timestamp::from_microsecond(after.as_micros())
            .ok()?
            .to_zoned(self.zone.clone())
            .date();
        // The reset of a day may come before or after the moment, and so may that of the day
        // before where a change of the clocks moves it over midnight.
        let mut day = self.last_day_until(today.checked_sub(Span::new().days(1)).ok()?)?;
        loop {
            let reset = self.zone.to_zoned(day.to_datetime(self.at)).ok()?;
            let reset = Time::from_micros(reset.timestamp().as_microsecond());
            if reset > after {
                return Some(reset);
            }
            day = self.following(day)?;
        }
    }

    /// The newest day of a reset that is not after `date`.
    fn last_day_until(&self, date: Date) -> Option<Date> {
        match self.on {
            ResetDay::Daily => Some(date),
            ResetDay::Weekly(weekday) => {
                let back = i64::from(weekday.until(date.weekday()));
                date.checked_sub(Span::new().days(back)).ok()
            }
            ResetDay::Monthly(day) if date.day() >= day => date.with().day(day).build().ok(),
            ResetDay::Monthly(day) => {
                let first = date.first_of_month();
                let before = first.checked_sub(Span::new().months(1)).ok()?;
                before.with().day(day).build().ok()
            }
        }
    }

    fn following(&self, day: Date) -> Option<Date> {
        let step = match self.on {
            ResetDay::Daily => Span::new().days(1),
            ResetDay::Weekly(_) => Span::new().days(7),
            ResetDay::Monthly(_) => Span::new().months(1),
        };
        day.checked_add(step).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn paris(hour: i8, minute: i8, on: ResetDay) -> Calendar {
        Calendar {
            zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rules of Paris"),
            at: time(hour, minute, 0, 0),
            on,
            margin: Duration::ZERO,
        }
    }

    fn moment(text: &str) -> Time {
        let timestamp: Timestamp = text.parse().expect("RFC 3339");
        Time::from_micros(timestamp.as_microsecond())
    }

    #[track_caller]
    fn resets(calendar: &Calendar, after: &str, expected: &str) {
        assert_eq!(calendar.next_reset(moment(after)), moment(expected));
    }

    #[test]
    fn a_reset_is_at_its_time_of_day_and_never_at_the_moment_itself() {
        let midnight = paris(0, 0, ResetDay::Daily);
        resets(&midnight, "2026-01-10T12:00:00Z", "2026-01-10T23:00:00Z");
        resets(&midnight, "2026-01-10T23:00:00Z", "2026-01-11T23:00:00Z");
        resets(
            &midnight,
            "2026-01-10T22:59:59.999999Z",
            "2026-01-10T23:00:00Z",
        );
    }

    #[test]
    fn a_day_of_a_clock_change_has_23_or_25_hours() {
        let midnight = paris(0, 0, ResetDay::Daily);
        resets(&midnight, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
        resets(&midnight, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    }

    #[test]
    fn a_skipped_time_of_day_is_taken_after_the_gap_and_a_double_one_the_first_time() {
        let at_half_past_two = paris(2, 30, ResetDay::Daily);
        // 02:30 does not exist on 29 March: 03:30 summer time.
        resets(
            &at_half_past_two,
            "2026-03-29T00:00:00Z",
            "2026-03-29T01:30:00Z",
        );
        resets(
            &at_half_past_two,
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
        );
        resets(
            &at_half_past_two,
            "2026-10-25T00:30:00Z",
            "2026-10-26T01:30:00Z",
        );
    }

    #[test]
    fn weekly_and_monthly_resets_come_on_their_day_alone() {
        let monday = paris(6, 0, ResetDay::Weekly(Weekday::Monday));
        resets(&monday, "2026-01-05T05:00:00Z", "2026-01-12T05:00:00Z");
        resets(&monday, "2026-01-11T23:30:00Z", "2026-01-12T05:00:00Z");
        let first = paris(0, 0, ResetDay::Monthly(1));
        resets(&first, "2026-01-15T00:00:00Z", "2026-01-31T23:00:00Z");
        resets(&first, "2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z");
        let late = paris(0, 0, ResetDay::Monthly(28));
        resets(&late, "2026-02-27T23:00:00Z", "2026-03-27T23:00:00Z");
    }

    #[test]
    fn resets_are_a_period_apart_whatever_the_moment() {
        for on in [
            ResetDay::Daily,
            ResetDay::Weekly(Weekday::Sunday),
            ResetDay::Monthly(3),
        ] {
            let calendar = paris(2, 15, on);
            let mut reset = calendar.next_reset(moment("2025-12-30T10:00:00Z"));
            for _ in 0..60 {
                let next = calendar.next_reset(reset);
                let apart = next.saturating_since(reset);
                let day = Duration::from_secs(24 * 60 * 60);
                assert!(apart + 3 * day >= calendar.period(), "{on:?}: {apart:?}");
                assert!(apart <= calendar.period() + 2 * day, "{on:?}: {apart:?}");
                // Any moment of the period leads to the same reset.
                let inside = reset.saturating_add(apart / 2);
                assert_eq!(calendar.next_reset(inside), next);
                reset = next;
            }
        }
    }

    #[test]
    fn a_calendar_is_written_as_the_configuration_writes_it() {
        let calendar = |on| Calendar {
            zone: TimeZone::UTC,
            ..paris(6, 5, on)
        };
        assert_eq!(calendar(ResetDay::Daily).to_string(), "06:05 UTC");
        assert_eq!(
            calendar(ResetDay::Weekly(Weekday::Friday)).to_string(),
            "friday 06:05 UTC"
        );
        assert_eq!(calendar(ResetDay::Monthly(28)).to_string(), "28 06:05 UTC");
    }

    #[test]
    fn the_end_of_time_has_no_reset() {
        let midnight = paris(0, 0, ResetDay::Daily);
        assert_eq!(midnight.next_reset(Time::MAX), Time::MAX);
        assert_eq!(midnight.next_reset(Time::from_micros(i64::MIN)), Time::MAX);
    }
}

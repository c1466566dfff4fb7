//! Planned pauses: on some days of the week, between two times of day in a time zone, lanes start nothing. Nothing is
//! remembered about them, so no restart can forget one: whether one is in force follows from the moment alone.
//!
//! The clocks of a zone may change within a pause, which is then an hour longer or shorter; a time of day that the change
//! skips is taken after the gap, one that comes twice the first time.

use jiff::civil::{self, Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::priority::Priority;
use crate::time::Time;

/// A planned pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPause {
    /// Which lanes it stops, in the order of [`Priority::ALL`].
    pub lanes: [bool; 3],
    /// On which days of the week it begins, Monday first.
    pub days: [bool; 7],
    /// When it begins.
    pub from: civil::Time,
    /// When it ends: on the next day, unless it is later than `from`.
    pub to: civil::Time,
    /// Whose clock and calendar it goes by.
    pub zone: TimeZone,
    /// Why, in words for people; may be empty.
    pub reason: String,
}

impl PlannedPause {
    /// The end of the pause that is in force at this moment; none if none is.
    pub fn until(&self, now: Time) -> Option<Time> {
        let today = self.date_of(now)?;
        let yesterday = self.following(today, -1)?;
        let spans = [yesterday, today].map(|date| self.span_of(date));
        let in_force = |(from, to): &(Time, Time)| *from <= now && now < *to;
        let mut ends = spans.into_iter().flatten().filter(in_force);
        ends.next_back().map(|(_, to)| to)
    }

    /// When it begins next, after this moment; none if it never does.
    pub fn next_begin(&self, after: Time) -> Option<Time> {
        let today = self.date_of(after)?;
        let dates = (0..=7).filter_map(|days| self.following(today, days));
        let begins = dates
            .filter_map(|date| self.span_of(date))
            .map(|span| span.0);
        begins.filter(|from| *from > after).min()
    }

    /// Whether it stops this lane, when it is in force.
    pub fn stops(&self, lane: Priority) -> bool {
        self.lanes[lane.index()]
    }

    fn date_of(&self, now: Time) -> Option<Date> {
        let moment = Timestamp::from_microsecond(now.as_micros()).ok()?;
        Some(moment.to_zoned(self.zone.clone()).date())
    }

    fn following(&self, date: Date, days: i64) -> Option<Date> {
        date.checked_add(Span::new().days(days)).ok()
    }

    /// The pause that begins on this day, if one does.
    fn span_of(&self, date: Date) -> Option<(Time, Time)> {
        let day = date.weekday().since(Weekday::Monday);
        if !self.days[usize::try_from(day).ok()?] {
            return None;
        }
        let last = if self.to > self.from {
            date
        } else {
            self.following(date, 1)?
        };
        Some((self.moment(date, self.from)?, self.moment(last, self.to)?))
    }

    fn moment(&self, date: Date, at: civil::Time) -> Option<Time> {
        let zoned = self.zone.to_zoned(date.to_datetime(at)).ok()?;
        Some(Time::from_micros(zoned.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    const WEEKDAYS: [bool; 7] = [true, true, true, true, true, false, false];

    fn paris(days: [bool; 7], from: i8, to: i8) -> PlannedPause {
        PlannedPause {
            lanes: [false, false, true],
            days,
            from: time(from, 0, 0, 0),
            to: time(to, 0, 0, 0),
            zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rules of Paris"),
            reason: String::new(),
        }
    }

    fn moment(text: &str) -> Time {
        let timestamp: Timestamp = text.parse().expect("RFC 3339");
        Time::from_micros(timestamp.as_microsecond())
    }

    #[track_caller]
    fn ends(pause: &PlannedPause, now: &str, expected: Option<&str>) {
        assert_eq!(pause.until(moment(now)), expected.map(moment), "{now}");
    }

    #[test]
    fn it_is_in_force_from_its_beginning_to_just_before_its_end_on_its_days_alone() {
        let evening = paris(WEEKDAYS, 18, 20);
        let end = Some("2026-01-09T19:00:00Z");
        ends(&evening, "2026-01-09T16:59:59.999999Z", None);
        ends(&evening, "2026-01-09T17:00:00Z", end);
        ends(&evening, "2026-01-09T18:59:59.999999Z", end);
        ends(&evening, "2026-01-09T19:00:00Z", None);
        // A Saturday.
        ends(&evening, "2026-01-10T17:30:00Z", None);
    }

    #[test]
    fn one_that_ends_on_the_next_day_belongs_to_the_day_on_which_it_begins() {
        let night = paris(WEEKDAYS, 22, 6);
        // Friday to Saturday morning, and Sunday evening not.
        ends(&night, "2026-01-10T04:00:00Z", Some("2026-01-10T05:00:00Z"));
        ends(&night, "2026-01-11T22:00:00Z", None);
        ends(&night, "2026-01-12T04:00:00Z", None);
        let whole_days = paris(WEEKDAYS, 0, 0);
        ends(
            &whole_days,
            "2026-01-09T12:00:00Z",
            Some("2026-01-09T23:00:00Z"),
        );
    }

    #[test]
    fn the_clocks_of_the_zone_may_change_within_it() {
        let sunday = [false, false, false, false, false, false, true];
        // 29 March 2026: 01:00 to 05:00 lasts three hours.
        let night = paris(sunday, 1, 5);
        ends(&night, "2026-03-29T00:00:00Z", Some("2026-03-29T03:00:00Z"));
        // 25 October 2026: five hours.
        ends(&night, "2026-10-24T23:00:00Z", Some("2026-10-25T04:00:00Z"));
    }

    #[test]
    fn its_next_beginning_is_after_the_moment_and_on_one_of_its_days() {
        let evening = paris(WEEKDAYS, 18, 20);
        let next = |after: &str| evening.next_begin(moment(after));
        assert_eq!(
            next("2026-01-09T16:00:00Z"),
            Some(moment("2026-01-09T17:00:00Z"))
        );
        assert_eq!(
            next("2026-01-09T17:00:00Z"),
            Some(moment("2026-01-12T17:00:00Z"))
        );
        assert_eq!(
            paris([false; 7], 18, 20).next_begin(moment("2026-01-09T16:00:00Z")),
            None
        );
    }

    #[test]
    fn the_end_of_time_has_no_pause() {
        let evening = paris(WEEKDAYS, 18, 20);
        for now in [Time::MAX, Time::from_micros(i64::MIN)] {
            assert_eq!((evening.until(now), evening.next_begin(now)), (None, None));
        }
    }
}

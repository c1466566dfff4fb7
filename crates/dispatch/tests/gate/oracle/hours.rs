//! What the oracle knows of pauses by the calendar: they are of whole hours in UTC, and hours are counted one by one.

use rampmeter_dispatch::{Priority, Time};

use super::Oracle;

/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;

impl Oracle {
    /// Whether a pause by the calendar stops a lane.
    pub(crate) fn is_planned_pause(&self, lane: Priority, at: Time) -> bool {
        let hour = at.as_micros().div_euclid(HOUR);
        let mut pauses = self.rules.pauses.iter();
        pauses.any(|pause| {
            let (from, to) = (i64::from(pause.from.hour()), i64::from(pause.to.hour()));
            let length = if to > from { to - from } else { to + 24 - from };
            // The hours up to this one in which it may have begun.
            let begun = (0..length).any(|back| {
                let begin = hour - back;
                // The first of January 1970 was a Thursday, the fourth day of the week.
                let day = (begin.div_euclid(24) + 3).rem_euclid(7);
                begin.rem_euclid(24) == from && pause.days[day as usize]
            });
            begun && pause.lanes[lane.index()]
        })
    }

    /// When pauses begin or end next: the first few full hours at which a lane changes. Each costs the oracle a whole answer.
    pub(crate) fn pause_changes(&self) -> impl Iterator<Item = Time> {
        let hour = self.now.as_micros().div_euclid(HOUR);
        let moment = move |n: i64| Time::from_micros((hour + n) * HOUR);
        let stopped = |at| Priority::ALL.map(|lane| self.is_planned_pause(lane, at));
        let hours = if self.rules.pauses.is_empty() {
            0
        } else {
            8 * 24
        };
        let changes = (1..=hours).filter(move |n| stopped(moment(*n)) != stopped(moment(n - 1)));
        changes.map(moment).take(4)
    }
}

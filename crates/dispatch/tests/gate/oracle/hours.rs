//! What the oracle knows about planned pauses: they are of whole hours in UTC, and hours are counted one by one.

use rampmeter_dispatch::{Priority, Time};

use super::Oracle;

/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;

impl Oracle {
    /// Whether a planned pause stops a lane.
    pub(crate) fn is_planned_pause(&self, lane: Priority, at: Time) -> bool {
        let hour = at.as_micros().div_euclid(HOUR);
        let pauses = self.rules.pauses.iter();
        let mut of_the_lane = pauses.filter(|pause| pause.lanes[lane.index()]);
        of_the_lane.any(|pause| {
            let (from, to) = (i64::from(pause.from.hour()), i64::from(pause.to.hour()));
            let length = if to > from { to - from } else { to + 24 - from };
            // The hours up to this one in which it may have begun.
            (0..length).any(|back| {
                let begin = hour - back;
                // The first of January 1970 was a Thursday, the fourth day of the week.
                let day = (begin.div_euclid(24) + 3).rem_euclid(7);
                begin.rem_euclid(24) == from && pause.days[day as usize]
            })
        })
    }

    /// When pauses begin or end in the next two days: the first few full hours at which a lane changes. Each costs the oracle
    /// a whole answer.
    pub(crate) fn pause_changes(&self) -> Vec<Time> {
        if self.rules.pauses.is_empty() {
            return Vec::new();
        }
        let hour = self.now.as_micros().div_euclid(HOUR);
        let stopped = |at| Priority::ALL.map(|lane| self.is_planned_pause(lane, at));
        let mut before = stopped(self.now);
        let mut changes = Vec::new();
        for moment in (1..=48).map(|n| Time::from_micros((hour + n) * HOUR)) {
            let after = stopped(moment);
            if after != before {
                changes.push(moment);
            }
            before = after;
            if changes.len() == 4 {
                break;
            }
        }
        changes
    }
}

//! The vendor's calendar, as far as it is known: quotas of a day, a week or a month follow it.

use crate::calendar_clock::CalendarClock;
use crate::gate::Gate;
use crate::limit::WindowRow;
use crate::rules::LimitKind;
use crate::time::Time;

impl Gate {
    /// A restored gate whose rows were written while the vendor's calendar was known to be there.
    #[must_use]
    pub fn by_calendar(mut self, clock: CalendarClock) -> Gate {
        self.calendar = clock;
        for limit in &mut self.limits {
            limit.keep_calendar(clock);
        }
        self
    }

    /// Where the vendor's calendar is, as far as that is known.
    pub fn calendar(&self) -> CalendarClock {
        self.calendar
    }

    /// Whether any of its limits is counted by the calendar.
    pub fn has_calendar(&self) -> bool {
        self.limits
            .iter()
            .any(|limit| matches!(limit.rule.kind, LimitKind::Calendar { .. }))
    }

    /// Follows what is known about the vendor's calendar from now on. Unreleased slots are carried along: persist the
    /// rows with the clock.
    pub fn follow_calendar(&mut self, clock: CalendarClock, now: Time) -> Vec<WindowRow> {
        self.advance(now);
        self.calendar = clock;
        let now = self.now;
        let changed = self
            .limits
            .iter_mut()
            .filter_map(|limit| limit.follow_calendar(clock).then_some(&*limit));
        changed.flat_map(|limit| limit.rows(now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Calendar, ResetDay};
    use crate::limit::WindowRow;
    use crate::priority::Priority;
    use crate::rules::{Limit, Rules};
    use crate::{Decision, Waiting};
    use jiff::tz::TimeZone;
    use std::time::Duration;

    const SECOND: i64 = 1_000_000;

    fn daily() -> Rules {
        let reset = Calendar {
            zone: TimeZone::UTC,
            at: jiff::civil::time(0, 1, 0, 0),
            on: ResetDay::Daily,
            margin: Duration::ZERO,
        };
        Rules {
            limits: vec![Limit::calendar("day", 1, reset)],
            ..Rules::default()
        }
    }

    fn waiting() -> Waiting {
        Waiting::NONE.with(Priority::High)
    }

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * SECOND)
    }

    fn one_call(gate: &mut Gate) -> Vec<WindowRow> {
        let id = 1;
        assert_eq!(
            gate.decide(waiting(), at(0)),
            Decision::Start(Priority::High)
        );
        gate.start(id, Priority::High, waiting(), at(0));
        gate.finish(id, at(1))
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_a_quota_closed_for_longer() {
        let mut gate = Gate::new(daily(), at(0));
        one_call(&mut gate);
        let behind = gate.calendar().with_wall_ahead(-75 * SECOND);
        let rows = gate.follow_calendar(behind, at(2));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].until, at(135));
        assert_eq!(
            gate.decide(waiting(), at(60)),
            Decision::NotBefore(Some(at(135)))
        );
        assert_eq!(
            gate.decide(waiting(), at(135)),
            Decision::Start(Priority::High)
        );
    }

    #[test]
    fn a_restart_and_other_rules_know_the_calendar_that_the_rows_go_by() {
        let mut gate = Gate::new(daily(), at(0));
        let behind = gate.calendar().with_wall_ahead(-75 * SECOND);
        assert_eq!(gate.follow_calendar(behind, at(0)), []);
        let rows = one_call(&mut gate);
        assert_eq!(rows[0].until, at(135));
        let mut again = Gate::restore(daily(), Vec::new(), rows, at(2)).by_calendar(behind);
        again.amend(daily(), at(3));
        assert_eq!(
            again.decide(waiting(), at(60)),
            Decision::NotBefore(Some(at(135)))
        );
        let in_step = again.calendar().with_wall_ahead(0);
        again.follow_calendar(in_step, at(60));
        assert_eq!(
            again.decide(waiting(), at(60)),
            Decision::Start(Priority::High)
        );
    }
}

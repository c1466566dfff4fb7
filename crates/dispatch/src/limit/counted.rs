//! Calls that the vendor counted before a limit existed, and the slots that they take in it.

use std::collections::BTreeMap;

use super::release::ReleaseRule;
use super::slot::WindowRow;
use crate::priority::Priority;
use crate::rules::Limit;
use crate::time::Time;

/// Calls of one priority that the vendor had counted by a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedCalls {
    /// The latest moment at which one of them can have been counted.
    pub until: Time,
    /// Their priority.
    pub priority: Priority,
    /// How many.
    pub count: u32,
}

impl Limit {
    /// The rows that a window of this limit has after these calls. It saw none of them itself, but starts as full as if it
    /// had. None for a limit on calls in flight.
    pub fn rows_of(&self, counted: &[CountedCalls], now: Time) -> Vec<WindowRow> {
        let Some(release_rule) = ReleaseRule::of(self) else {
            return Vec::new();
        };
        let mut places = BTreeMap::<(Priority, Time), u32>::new();
        for calls in counted {
            let until = release_rule.until(calls.until);
            if until > now {
                let priority = if self.tells_priorities_apart() {
                    calls.priority
                } else {
                    Priority::Batch
                };
                let count = places.entry((priority, until)).or_default();
                *count = count.saturating_add(calls.count);
            }
        }
        // Numbers are unique among the rows of one priority, so counting up across all of them is
        // enough.
        let rows = (0..)
            .zip(places)
            .map(|(number, ((priority, until), count))| {
                WindowRow::of(&self.name, priority, number, until, count)
            });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Decision, Gate};
    use crate::lane::Waiting;
    use crate::rules::Rules;
    use std::time::Duration;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn counted(until: i64, count: u32) -> CountedCalls {
        CountedCalls {
            until: at(until),
            priority: Priority::High,
            count,
        }
    }

    /// How many calls start at once at this moment, of a limit that starts with these calls.
    fn starts(limit: &Limit, calls: &[CountedCalls], now: i64) -> u64 {
        let rules = Rules {
            limits: vec![limit.clone()],
            ..Rules::default()
        };
        let rows = limit.rows_of(calls, at(100));
        let mut gate = Gate::restore(rules, Vec::new(), rows, at(100));
        let waiting = Waiting::new([true, false, false]);
        let mut started = 0;
        while gate.decide(waiting, at(now)) == Decision::Start(Priority::High) {
            started += 1;
            gate.start(started, Priority::High, waiting, at(now));
        }
        started.unsigned_abs()
    }

    #[test]
    fn a_new_window_starts_as_full_as_the_calls_of_its_length_say() {
        let calls = [counted(30, 50), counted(70, 6), counted(90, 3)];
        let minute = Limit::window("minute", 10, MINUTE);
        assert_eq!(starts(&minute, &calls, 100), 1);
        assert_eq!(starts(&minute, &calls, 130), 7);
        assert_eq!(starts(&minute, &calls, 150), 10);
        let wide = Limit::window("wide", 10_000, MINUTE);
        assert_eq!(starts(&wide, &calls, 100), 9_991);
    }

    #[test]
    fn a_window_that_is_smaller_than_what_it_counts_admits_nothing_until_all_is_past() {
        let calls = [counted(70, 6), counted(90, 3)];
        let minute = Limit::window("minute", 4, MINUTE);
        assert_eq!(starts(&minute, &calls, 100), 0);
        assert_eq!(starts(&minute, &calls, 130), 1);
    }

    #[test]
    fn a_limit_on_calls_in_flight_has_no_rows() {
        assert!(
            Limit::concurrency("account", 3)
                .rows_of(&[counted(90, 3)], at(100))
                .is_empty()
        );
    }
}

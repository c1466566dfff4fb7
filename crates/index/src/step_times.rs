//! The time of each step of an execution. No two steps of one execution have the same millisecond, because workflows make
//! idempotency keys from `$$.State.EnteredTime`: iterations of a Map that begin in one commit would otherwise share one.

use std::collections::BTreeMap;

use rampmeter_store::model::id::ExecutionId;
use rampmeter_time::UnixMillis;

/// The last steps of executions that had one in the newest millisecond or in a later one.
#[derive(Debug, Default)]
pub struct StepTimes {
    last: BTreeMap<ExecutionId, UnixMillis>,
    newest: UnixMillis,
}

impl StepTimes {
    /// The time of an execution's next step: now, or a millisecond after its last one. It is ahead of the clock by at most
    /// one millisecond for each step that the execution made at once.
    pub fn next(&mut self, execution: ExecutionId, now: UnixMillis) -> UnixMillis {
        if now > self.newest {
            self.last.clear();
        }
        let time = match self.last.get(&execution) {
            Some(last) => now.max(UnixMillis(last.0.saturating_add(1))),
            None => now,
        };
        self.last.insert(execution, time);
        self.newest = self.newest.max(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ExecutionId = ExecutionId(1);
    const OTHER: ExecutionId = ExecutionId(2);

    #[test]
    fn steps_of_one_execution_never_share_a_millisecond() {
        let mut times = StepTimes::default();
        let mut before = UnixMillis(0);
        for now in [5, 5, 5, 6, 6, 20, 20, 19, 19] {
            let time = times.next(ONE, UnixMillis(now));
            assert!(time > before && time.0 >= now, "{before:?} {time:?}");
            before = time;
        }
    }

    #[test]
    fn executions_do_not_wait_for_one_another_and_those_of_the_past_are_forgotten() {
        let mut times = StepTimes::default();
        for _ in 0..3 {
            times.next(ONE, UnixMillis(5));
        }
        assert_eq!(times.next(OTHER, UnixMillis(5)), UnixMillis(5));
        assert_eq!(times.next(OTHER, UnixMillis(8)), UnixMillis(8));
        assert_eq!(times.last.len(), 1);
    }
}

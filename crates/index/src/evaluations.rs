//! Suspended executions: they wait until something has been evaluated for them beside the writer. Each has at most one
//! evaluation; its other stimuli wait behind it. Bounding the evaluations in progress also bounds the data that they hold.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_store::model::id::ExecutionId;

/// Evaluations in progress at once. Each holds what its step works on.
const MAX_UNDER_WAY: usize = 64;

/// The executions that are suspended, and why.
#[derive(Debug, Default)]
pub struct Evaluations {
    suspended: BTreeMap<ExecutionId, Suspended>,
    /// Those that wait, oldest first.
    waiting: BTreeSet<ExecutionId>,
    under_way: usize,
    last_number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suspended {
    /// The evaluation with this number is in progress.
    UnderWay(u64),
    /// It waits until a command resumes it: there was no room, or stimuli that arrived meanwhile are still
    /// pending.
    Waiting,
}

impl Evaluations {
    /// Whether this many more evaluations can begin.
    #[must_use]
    pub fn has_room_for(&self, more: usize) -> bool {
        self.under_way + more <= MAX_UNDER_WAY
    }

    /// Whether an execution is suspended, so that its stimuli must wait.
    #[must_use]
    pub fn is_suspended(&self, id: ExecutionId) -> bool {
        self.suspended.contains_key(&id)
    }

    /// Whether an execution has an evaluation in progress, and so cannot go on.
    #[must_use]
    pub fn is_under_way(&self, id: ExecutionId) -> bool {
        matches!(self.suspended.get(&id), Some(Suspended::UnderWay(_)))
    }

    /// Begins an evaluation for an execution. Returns its number.
    pub fn begin(&mut self, id: ExecutionId) -> u64 {
        self.last_number += 1;
        self.under_way += 1;
        self.waiting.remove(&id);
        self.suspended
            .insert(id, Suspended::UnderWay(self.last_number));
        self.last_number
    }

    /// Lets an execution wait for room, or for the rest of its stimuli.
    pub fn wait(&mut self, id: ExecutionId) {
        self.suspended.insert(id, Suspended::Waiting);
        self.waiting.insert(id);
    }

    /// Ends an evaluation. Returns whether its execution still waits for it.
    pub fn end(&mut self, id: ExecutionId, number: u64) -> bool {
        self.under_way -= 1;
        self.suspended.get(&id) == Some(&Suspended::UnderWay(number))
    }

    /// The next execution that waits for room.
    pub fn next_waiting(&mut self) -> Option<ExecutionId> {
        self.waiting.pop_first()
    }

    /// Ends the suspension of an execution, whatever is in progress for it. Returns whether it was
    /// suspended.
    pub fn end_suspension(&mut self, id: ExecutionId) -> bool {
        self.waiting.remove(&id);
        self.suspended.remove(&id).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ExecutionId = ExecutionId(1);
    const TWO: ExecutionId = ExecutionId(2);

    #[test]
    fn an_evaluation_counts_only_for_the_suspension_that_began_it() {
        let mut evaluations = Evaluations::default();
        let first = evaluations.begin(ONE);
        assert!(evaluations.is_under_way(ONE) && !evaluations.is_suspended(TWO));
        assert!(evaluations.end_suspension(ONE));
        let second = evaluations.begin(ONE);
        assert!(!evaluations.end(ONE, first), "it was stopped meanwhile");
        assert!(evaluations.end(ONE, second));
    }

    #[test]
    fn who_finds_no_room_is_next_when_there_is_some() {
        let mut evaluations = Evaluations::default();
        for id in 0..i64::try_from(MAX_UNDER_WAY).unwrap() {
            assert!(evaluations.has_room_for(1));
            evaluations.begin(ExecutionId(100 + id));
        }
        assert!(!evaluations.has_room_for(1));
        evaluations.wait(ONE);
        evaluations.wait(TWO);
        assert!(evaluations.is_suspended(ONE) && !evaluations.is_under_way(ONE));
        evaluations.end_suspension(ONE);
        evaluations.end(ExecutionId(100), 1);
        assert!(evaluations.has_room_for(1));
        assert_eq!(evaluations.next_waiting(), Some(TWO));
        assert_eq!(evaluations.next_waiting(), None);
    }
}

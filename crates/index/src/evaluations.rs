//! Executions that wait until something has been evaluated for them beside the writer. Each has at most one evaluation; whatever
//! else it is to be told meanwhile waits behind it. A bound on the evaluations under way is one on the data that they hold.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_store::model::id::ExecutionId;

/// Evaluations under way at once. Each holds what its step works on.
const MAX_UNDER_WAY: usize = 64;

/// The executions that are suspended, and why.
#[derive(Debug, Default)]
pub struct Evaluations {
    suspended: BTreeMap<ExecutionId, Suspended>,
    /// Those that wait, the oldest first.
    waiting: BTreeSet<ExecutionId>,
    under_way: usize,
    last_number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suspended {
    /// The evaluation with this number is under way.
    UnderWay(u64),
    /// Until a command goes on with it: there was no room, or it is still to be told what came up meanwhile.
    Waiting,
}

impl Evaluations {
    /// Whether so many more evaluations can begin.
    #[must_use]
    pub fn has_room_for(&self, more: usize) -> bool {
        self.under_way + more <= MAX_UNDER_WAY
    }

    /// Whether an execution is suspended, so that its news must wait.
    #[must_use]
    pub fn is_suspended(&self, id: ExecutionId) -> bool {
        self.suspended.contains_key(&id)
    }

    /// Whether an execution has an evaluation under way, and so cannot go on.
    #[must_use]
    pub fn is_under_way(&self, id: ExecutionId) -> bool {
        matches!(self.suspended.get(&id), Some(Suspended::UnderWay(_)))
    }

    /// An evaluation begins for an execution. Answers its number.
    pub fn begin(&mut self, id: ExecutionId) -> u64 {
        self.last_number += 1;
        self.under_way += 1;
        self.waiting.remove(&id);
        self.suspended
            .insert(id, Suspended::UnderWay(self.last_number));
        self.last_number
    }

    /// An execution waits for room, or for its turn to be told the rest.
    pub fn wait(&mut self, id: ExecutionId) {
        self.suspended.insert(id, Suspended::Waiting);
        self.waiting.insert(id);
    }

    /// An evaluation has ended. Answers whether its execution still waits for it.
    pub fn end(&mut self, id: ExecutionId, number: u64) -> bool {
        self.under_way -= 1;
        self.suspended.get(&id) == Some(&Suspended::UnderWay(number))
    }

    /// The next execution that waits for room.
    pub fn next_waiting(&mut self) -> Option<ExecutionId> {
        self.waiting.pop_first()
    }

    /// An execution is suspended no longer, whatever is under way for it. Answers whether it was.
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

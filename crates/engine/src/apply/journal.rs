//! What a transaction has so far: its time, the pending stimuli of executions, and the effects for after the commit.
//! Every context writes into it; the rows themselves go to the store.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use rampmeter_dispatch::Time;
use rampmeter_store::model::control::Actor;

use crate::apply::outbox::Outbox;
use crate::apply::pending::Pending;

/// What one transaction has so far.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) now: Time,
    /// The engine is asked to stop: nothing new starts.
    pub(crate) draining: bool,
    /// What could not be read since the process started, counted each time it was met.
    pub(crate) damaged: u64,
    /// On whose behalf the current command is carried out, where somebody asked for it.
    pub(crate) actor: Option<Arc<Actor>>,
    pub(crate) out: Outbox,
    /// Units of work that expressions have done.
    pub(crate) evaluated: Cell<usize>,
    /// The stimuli that executions are still to be told.
    pub(crate) pending: VecDeque<Pending>,
}

/// A point in a transaction to which it can be taken back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pending: usize,
    unkept: usize,
    ended: usize,
    ends: usize,
    suspended: usize,
}

/// Units of work of expressions after which a transaction takes no more commands: some tens of milliseconds.
const MAX_EVALUATED: usize = 4 * 1024 * 1024;

impl Journal {
    pub(crate) fn new(now: Time, draining: bool, damaged: u64) -> Journal {
        Journal {
            now,
            draining,
            damaged,
            actor: None,
            out: Outbox::default(),
            evaluated: Cell::new(0),
            pending: VecDeque::new(),
        }
    }

    /// Whether expressions have done so much that the next command should wait for the next transaction.
    pub(crate) fn has_evaluated_enough(&self) -> bool {
        self.evaluated.get() >= MAX_EVALUATED
    }

    /// The point that the transaction has reached.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            pending: self.pending.len(),
            unkept: self.out.unkept.len(),
            ended: self.out.ended.len(),
            ends: self.out.ends.len(),
            suspended: self.out.suspended.len(),
        }
    }

    /// Forgets what was noted since a mark.
    pub(crate) fn take_back(&mut self, mark: Mark) {
        self.pending.truncate(mark.pending);
        self.out.unkept.truncate(mark.unkept);
        self.out.ended.truncate(mark.ended);
        self.out.ends.truncate(mark.ends);
        self.out.suspended.truncate(mark.suspended);
    }
}

//! What a transaction has so far: its time, what executions are still to be told, and what is to be done after the commit. Every
//! context writes into it; the rows themselves go to the store.

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
    /// On whose behalf the command at hand is carried out, where somebody asked for it.
    pub(crate) actor: Option<Arc<Actor>>,
    pub(crate) out: Outbox,
    /// What executions are still to be told.
    pub(crate) pending: VecDeque<Pending>,
}

/// How far a transaction had come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pending: usize,
    unkept: usize,
    ended: usize,
    ends: usize,
}

impl Journal {
    pub(crate) fn new(now: Time, draining: bool, damaged: u64) -> Journal {
        Journal {
            now,
            draining,
            damaged,
            actor: None,
            out: Outbox::default(),
            pending: VecDeque::new(),
        }
    }

    /// How far it has come.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            pending: self.pending.len(),
            unkept: self.out.unkept.len(),
            ended: self.out.ended.len(),
            ends: self.out.ends.len(),
        }
    }

    /// Forgets what was noted since a mark.
    pub(crate) fn take_back(&mut self, mark: Mark) {
        self.pending.truncate(mark.pending);
        self.out.unkept.truncate(mark.unkept);
        self.out.ended.truncate(mark.ended);
        self.out.ends.truncate(mark.ends);
    }
}

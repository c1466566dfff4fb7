//! One transaction at work: what the functions in `apply` may touch. Whatever they decide goes into the open
//! transaction or into the outbox; nothing leaves before the commit.

use std::collections::VecDeque;
use std::sync::Arc;

use rampmeter_asl::Stimulus;
use rampmeter_dispatch::Time;
use rampmeter_store::model::id::{ExecutionId, RevisionId, TargetId};
use rampmeter_store::{Store, StoreError};

use crate::apply::outbox::Outbox;
use crate::memory::Memory;
use crate::memory::machines::Machine;
use crate::memory::target::Target;

/// What else an execution is told in this transaction, because of what became of a message or of another execution.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) execution: ExecutionId,
    pub(crate) stimulus: Stimulus,
}

/// One transaction.
#[derive(Debug)]
pub(crate) struct Turn<'w> {
    pub(crate) store: &'w Store,
    pub(crate) memory: &'w mut Memory,
    pub(crate) now: Time,
    pub(crate) out: Outbox,
    /// What came up for other executions while one was being advanced.
    pub(crate) notices: VecDeque<Notice>,
    /// A message was made ready since this was last cleared.
    pub(crate) made_ready: bool,
}

impl<'w> Turn<'w> {
    pub(crate) fn new(store: &'w Store, memory: &'w mut Memory, now: Time) -> Turn<'w> {
        Turn {
            store,
            memory,
            now,
            out: Outbox::default(),
            notices: VecDeque::new(),
            made_ready: false,
        }
    }

    pub(crate) fn into_outbox(self) -> Outbox {
        self.out
    }

    pub(crate) fn store(&self) -> &'w Store {
        self.store
    }

    /// The time in milliseconds since the Unix epoch, as events carry it.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now.as_micros().div_euclid(1_000)
    }

    /// A target by its number, which came from our own rows or commands.
    pub(crate) fn target(&mut self, id: TargetId) -> &mut Target {
        self.memory
            .targets
            .get_mut(&id)
            .expect("a queue or permit in use belongs to a target")
    }

    /// The revision of a state machine that an execution uses.
    pub(crate) fn machine(&mut self, id: RevisionId) -> Result<Arc<Machine>, StoreError> {
        let Memory {
            machines, place, ..
        } = &mut *self.memory;
        machines.revision(id, self.store, place)
    }

    /// The revision that new executions of the state machine with this name start with.
    pub(crate) fn newest_machine(
        &mut self,
        name: &str,
    ) -> Result<Option<Arc<Machine>>, StoreError> {
        let Memory {
            machines, place, ..
        } = &mut *self.memory;
        machines.newest(name, self.store, place)
    }
}

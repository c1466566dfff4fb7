//! One transaction at work: what the functions in `apply` may touch. Whatever they decide goes into the open
//! transaction or into the outbox; nothing leaves before the commit.

use std::collections::VecDeque;
use std::sync::Arc;

use rampmeter_asl::{EventId, Stimulus};
use rampmeter_dispatch::Time;
use rampmeter_store::model::execution::ExecutionStatus;
use rampmeter_store::model::id::{ExecutionId, RevisionId, TargetId};
use rampmeter_store::{Store, StoreError};

use crate::apply::outbox::Outbox;
use crate::apply::pending::Pending;
use crate::memory::Memory;
use crate::memory::machines::Machine;
use crate::memory::target::Target;

/// One transaction.
#[derive(Debug)]
pub(crate) struct Turn<'w> {
    pub(crate) store: &'w Store,
    pub(crate) memory: &'w mut Memory,
    pub(crate) now: Time,
    pub(crate) out: Outbox,
    /// What executions are still to be told.
    pub(crate) pending: VecDeque<Pending>,
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
            pending: VecDeque::new(),
            made_ready: false,
        }
    }

    /// What is to be done after the commit.
    pub(crate) fn into_outbox(mut self) -> Outbox {
        assert!(
            self.pending.is_empty(),
            "executions are told everything before the commit"
        );
        self.answer_ended();
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

    /// Leaves something for an execution.
    pub(crate) fn tell(&mut self, execution: ExecutionId, stimulus: Stimulus) {
        let at = self.now;
        self.tell_of_call(execution, stimulus, at, None);
    }

    /// The same, with the time at which it happens and the audit of the call that caused it.
    pub(crate) fn tell_of_call(
        &mut self,
        execution: ExecutionId,
        stimulus: Stimulus,
        at: Time,
        call: Option<String>,
    ) {
        self.pending.push_back(Pending {
            execution,
            stimulus,
            at,
            call,
        });
    }

    /// Whether the task with this event still waits. What is pending for its execution is not counted.
    pub(crate) fn waits_for(
        &self,
        execution: ExecutionId,
        event: EventId,
    ) -> Result<bool, StoreError> {
        let Some(row) = self.store().executions().execution(execution)? else {
            return Ok(false);
        };
        if row.status != ExecutionStatus::Running || row.waits_for == event || row.frames == 0 {
            return Ok(row.status == ExecutionStatus::Running && row.waits_for == event);
        }
        Ok(self
            .store()
            .frames()
            .frame_waiting_for(execution, event)?
            .is_some())
    }
}

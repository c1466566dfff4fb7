//! What executions are to be told in this transaction. Whoever has news for an execution (a call that ended, a timer, another
//! execution, a worker) leaves it here; nobody moves an execution while it does something else. `workflow::resume` takes the
//! news out, in their order, when a command or a stage of the transaction is done.

use rampmeter_asl::{EventId, Stimulus};
use rampmeter_dispatch::Time;
use rampmeter_store::StoreError;
use rampmeter_store::model::execution::ExecutionStatus;
use rampmeter_store::model::id::ExecutionId;

use crate::apply::turn::Turn;

/// One thing that an execution is to be told.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) execution: ExecutionId,
    pub(crate) stimulus: Stimulus,
    /// The time at which it happens; now, but for a heartbeat that begins to run later.
    pub(crate) at: Time,
    /// The audit of the call that caused it.
    pub(crate) call: Option<String>,
}

impl Turn<'_> {
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
        let Some(row) = self.store().execution(execution)? else {
            return Ok(false);
        };
        if row.status != ExecutionStatus::Running || row.waits_for == event || row.frames == 0 {
            return Ok(row.status == ExecutionStatus::Running && row.waits_for == event);
        }
        Ok(self.store().frame_waiting_for(execution, event)?.is_some())
    }
}

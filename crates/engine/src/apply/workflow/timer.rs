//! Fires the due timers of executions.

use rampmeter_asl::{EventId, Stimulus, TimerKind};
use rampmeter_store::model::id::ExecutionId;
use rampmeter_store::{Readable, StoreFailure, TransactionError, readable};

use crate::apply::subject::Subject;
use crate::apply::workflow::context::WorkflowContext;

/// Timers taken in one transaction; the rest follows in the next.
const DUE_AT_ONCE: u32 = 256;

impl WorkflowContext<'_> {
    pub(crate) fn fire_timers(&mut self) -> Result<bool, StoreFailure> {
        let due = self
            .store
            .executions
            .take_due_timers(self.now_millis(), DUE_AT_ONCE)?;
        let more = due.len() == DUE_AT_ONCE as usize;
        for row in due {
            let timer = match row.timer {
                Ok(timer) => timer,
                Err(damaged) => {
                    self.with_execution(row.execution, |_, _| {
                        Err(TransactionError::Damaged(damaged))
                    })?;
                    continue;
                }
            };
            let event = timer.event;
            let stimulus = match timer.kind {
                TimerKind::ExecutionTimeout => Stimulus::ExecutionTimedOut,
                TimerKind::Heartbeat if self.is_under_way(row.execution, event)? => {
                    Stimulus::TaskHeartbeat { event }
                }
                kind => Stimulus::TimerFired { event, kind },
            };
            self.tell(row.execution, stimulus);
        }
        Ok(more)
    }

    /// Whether the call of a task is in flight or goes on as a job: then its worker, which is us, is still working on
    /// the task.
    fn is_under_way(&self, execution: ExecutionId, event: EventId) -> Result<bool, StoreFailure> {
        let mut targets = self.calls.memory.targets.values();
        let in_flight = targets.any(|target| target.in_flight.has_task(execution, event));
        Ok(in_flight
            || matches!(
                readable(self.calls.store.calls.task_has_job(execution, event))?,
                Readable::Whole(true)
            ))
    }
}

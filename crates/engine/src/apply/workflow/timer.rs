//! What becomes due by time alone: timers of executions, messages whose delay is over, permits whose hold is over.

use rampmeter_asl::{EventId, Stimulus, TimerKind};
use rampmeter_store::StoreError;
use rampmeter_store::model::id::{ExecutionId, TargetId};

use crate::apply::turn::Turn;

/// Timers and delayed messages taken in one transaction; the rest follows in the next.
const DUE_AT_ONCE: u32 = 256;

impl Turn<'_> {
    /// Does everything that is due. Answers whether more is due at once.
    pub(crate) fn fire_due(&mut self) -> Result<bool, StoreError> {
        let timers = self.fire_timers()?;
        let messages = self.end_delays()?;
        self.end_holds()?;
        self.end_limit_changes()?;
        self.give_notices()?;
        Ok(timers || messages)
    }

    fn fire_timers(&mut self) -> Result<bool, StoreError> {
        let due = self.store().take_due_timers(self.now_ms(), DUE_AT_ONCE)?;
        let more = due.len() == DUE_AT_ONCE as usize;
        for row in due {
            let Some(execution) = self.store().execution(row.execution)? else {
                continue;
            };
            let event = row.timer.event;
            let stimulus = match row.timer.kind {
                TimerKind::ExecutionTimeout => Stimulus::ExecutionTimedOut,
                TimerKind::Heartbeat if self.is_under_way(row.execution, event)? => {
                    Stimulus::TaskHeartbeat { event }
                }
                kind => Stimulus::TimerFired { event, kind },
            };
            self.advance(execution, stimulus, None)?;
        }
        Ok(more)
    }

    /// Whether the call of a task is in flight, or a job of it goes on: then the worker, which is us, is still at work
    /// on the task.
    fn is_under_way(&self, execution: ExecutionId, event: EventId) -> Result<bool, StoreError> {
        let mut targets = self.memory.targets.values();
        let in_flight = targets.any(|target| {
            let mut calls = target.in_flight.values();
            calls.any(|call| call.message.task == Some((execution, event)))
        });
        Ok(in_flight || self.store().task_has_job(execution, event)?)
    }

    fn end_delays(&mut self) -> Result<bool, StoreError> {
        let due = self.store().take_delayed(self.now, DUE_AT_ONCE)?;
        let more = due.len() == DUE_AT_ONCE as usize;
        for id in due {
            if let Some(message) = self.store().message(id)? {
                if self.memory.queues.is_plain(message.queue) {
                    self.show(message.queue, id)?;
                } else {
                    self.make_ready(&message)?;
                }
            }
        }
        Ok(more)
    }

    /// Closes the permits whose calls can no longer be running at the vendor.
    fn end_holds(&mut self) -> Result<(), StoreError> {
        let now = self.now;
        let targets: Vec<TargetId> = self.memory.targets.keys().copied().collect();
        for target in targets {
            for released in self.target(target).gate.release_holds(now) {
                self.store().delete_permit(released.id)?;
                self.store().put_places(target, &released.rows)?;
            }
        }
        Ok(())
    }
}

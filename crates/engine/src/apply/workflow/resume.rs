//! Tells executions what is pending for them, one after another, until nothing is. Only from here does an execution
//! that has begun move. One that cannot be read fails here, alone.

use rampmeter_asl::{Detail, End, Event, Status, Stimulus};
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::execution::ExecutionStatus;
use rampmeter_store::model::id::{ExecutionId, StepId};
use rampmeter_store::{Damaged, ExecutionRow, Readable, StoreFailure, TransactionError, readable};

use crate::apply::pending::Pending;
use crate::apply::subject::Attempt;
use crate::apply::subject::Subject;
use crate::apply::workflow::advance::Advanced;
use crate::apply::workflow::context::WorkflowContext;
use crate::apply::workflow::step::StepBuilder;
use crate::apply::workflow::work::{Moving, Work};

impl WorkflowContext<'_> {
    /// Delivers the stimuli pending in this transaction until there are none left.
    pub(crate) fn resume_pending(&mut self) -> Result<(), StoreFailure> {
        while let Some(pending) = self.journal_mut().pending.pop_front() {
            self.resume(pending)?;
        }
        Ok(())
    }

    fn resume(&mut self, pending: Pending) -> Result<(), StoreFailure> {
        let is_suspended = self.steps().is_suspended(pending.execution);
        let ends = matches!(
            pending.stimulus,
            Stimulus::Stop { .. } | Stimulus::ExecutionTimedOut
        );
        if is_suspended && !ends {
            return self.steps().tell_later(pending);
        }
        let Pending {
            execution,
            stimulus,
            at,
            call,
        } = pending;
        self.with_execution(execution, |workflow, row| {
            // A heartbeat moves a timer and writes no event, so it may be given the time at which it begins to run.
            let now = std::mem::replace(&mut workflow.journal_mut().now, at);
            let later = is_suspended.then(|| stimulus.clone());
            let advanced = workflow.steps().advance(row, stimulus, call.as_deref());
            workflow.journal_mut().now = now;
            let advanced = advanced?;
            if let Some(stimulus) = later {
                if advanced == Advanced::Moved {
                    // It has ended: nothing is evaluated for it any more.
                    workflow.steps().end_suspension(execution);
                    workflow.go_on_later(execution);
                } else {
                    // A redrive has to take effect first.
                    let news = Work::deliver(stimulus, at, None);
                    workflow.steps().leave_to(execution, &news)?;
                }
            } else if advanced == Advanced::Stale && call.is_some() {
                tracing::info!(
                    execution = execution.0,
                    "the answer came after its task had ended"
                );
            }
            Ok(())
        })
    }

    /// Does something with an execution, unless it is gone. An execution that cannot be read fails.
    pub(crate) fn with_execution(
        &mut self,
        id: ExecutionId,
        work: impl FnOnce(&mut Self, ExecutionRow) -> Result<(), TransactionError>,
    ) -> Result<(), StoreFailure> {
        let row = match readable(self.store.executions.execution(id))? {
            Readable::Whole(None) => return Ok(()),
            Readable::Whole(Some(row)) => row,
            Readable::Damaged(damaged) => return self.end_unreadable(id, &damaged),
        };
        let damaged = match self.attempt(|workflow| work(workflow, row.clone()))? {
            Attempt::Done(()) => return Ok(()),
            Attempt::Refused(refused) => Damaged(refused.to_string()),
            Attempt::Damaged(damaged) => damaged,
        };
        self.fail_damaged(row, &damaged)
    }

    /// Fails an execution that cannot be read. If it has already ended, what remained to be done is dropped.
    pub(crate) fn fail_damaged(
        &mut self,
        row: ExecutionRow,
        damaged: &Damaged,
    ) -> Result<(), StoreFailure> {
        let id = row.id;
        match self.attempt(|workflow| workflow.fail_execution(row, damaged))? {
            Attempt::Done(()) => {
                self.memory.continuing.remove(&id);
                self.steps().end_suspension(id);
                let name = self.name_of(id)?;
                self.note_damaged(DamagedKind::Execution, name, damaged)
            }
            // Not even the failure can be written: what the last event needs is damaged too.
            Attempt::Refused(_) | Attempt::Damaged(_) => self.end_unreadable(id, damaged),
        }
    }

    /// Ends an execution whose row cannot be read, or which cannot take a last event.
    pub(crate) fn end_unreadable(
        &mut self,
        id: ExecutionId,
        damaged: &Damaged,
    ) -> Result<(), StoreFailure> {
        let executions = self.store.executions;
        executions.end_unreadable_execution(id, self.now_millis())?;
        self.memory.continuing.remove(&id);
        self.steps().end_suspension(id);
        let waiting = readable(self.store.executions.take_awaiting_tasks(id))?;
        if let Readable::Whole(tasks) = waiting {
            for task in tasks {
                let stimulus = Stimulus::TaskFailed {
                    event: task.event,
                    error: Some("States.Runtime".to_owned()),
                    cause: Some(damaged.to_string()),
                };
                self.tell(task.execution, stimulus);
            }
        }
        let name = self.name_of(id)?;
        self.note_damaged(DamagedKind::Execution, name, damaged)
    }

    /// The ARN of an execution, as far as it can be read; else its number.
    fn name_of(&mut self, id: ExecutionId) -> Result<String, StoreFailure> {
        let name = self.store.executions.execution_arn(id, self.arns);
        Ok(match readable(name)? {
            Readable::Whole(Some(arn)) => arn,
            Readable::Whole(None) | Readable::Damaged(_) => format!("execution {}", id.0),
        })
    }

    fn fail_execution(
        &mut self,
        execution: ExecutionRow,
        damaged: &Damaged,
    ) -> Result<(), TransactionError> {
        self.store.executions.forget_continuing(execution.id)?;
        if execution.status != ExecutionStatus::Running {
            return Ok(());
        }
        let (error, cause) = (Some("States.Runtime".to_owned()), Some(damaged.to_string()));
        let detail = Detail::ExecutionFailed {
            error: error.clone(),
            cause: cause.clone(),
        };
        let mut made = StepBuilder::new(execution.events + 1);
        made.id = StepId(self.memory.step_numbers.take(self.ledger)?);
        made.last_event = execution.events + 1;
        made.frames = execution.frames;
        made.events = vec![Event {
            id: made.last_event,
            previous: execution.events,
            at: self.now_millis().0,
            detail,
        }];
        made.status = Status::Ended(End::Failed { error, cause });
        let mut moving = Moving::unreadable(execution, 0);
        self.steps().append(&mut moving, made, None)?;
        Ok(self.store.executions.update_execution(&moving.row)?)
    }
}

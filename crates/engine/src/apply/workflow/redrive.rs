//! RedriveExecution: an execution that ended badly goes on where it failed, under its ARN and with its history. In a
//! Parallel or Map state only those children run again that did not succeed; a Distributed Map begins a new map run.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>

use std::ops::Range;
use std::time::Duration;

use rampmeter_asl::{EventId, Frame, FrameId, Stimulus, record};
use rampmeter_store::TransactionError;
use rampmeter_store::model::execution::{ExecutionStatus, RedriveExecution};
use rampmeter_store::model::id::StepId;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::unreadable;
use rampmeter_store::why_not_redrivable;
use rampmeter_store::{ForkRow, FrameStatus, StoreError};
use rampmeter_time::UnixMillis;

use crate::apply::subject::Subject;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};
use crate::apply::workflow::work::{BUDGET, Moving, Work};

/// For this long the same client token gets the same response.
const SAME_REQUEST: Duration = Duration::from_secs(15 * 60);

/// Executions that ended badly and go on.
#[derive(Debug)]
pub(crate) struct Redrives<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn redrives(&mut self) -> Redrives<'_, 't> {
        Redrives {
            store: self.store,
            workflow: self,
        }
    }
}

impl Redrives<'_, '_> {
    /// Redrives an execution. Returns the redrive date.
    pub(crate) fn redrive_execution(
        &mut self,
        redrive: &RedriveExecution,
    ) -> Result<UnixMillis, TransactionError> {
        let mut row = self.workflow.execution_by_arn(&redrive.execution_arn)?;
        let now = self.workflow.now_millis();
        if let (Some(token), Some(at)) = (&redrive.client_token, row.redriven_at)
            && now.saturating_since(at) < SAME_REQUEST
            && self.store.executions.redrive_token(row.id)?.as_ref() == Some(token)
        {
            return Ok(at);
        }
        if let Some(why) = why_not_redrivable(&row, now) {
            return Err(Rejected::ExecutionNotRedrivable(why).into());
        }
        if self.stored_frame(row.frame_step)?.is_none() {
            let why = "The execution failed because it could not be read";
            return Err(Rejected::ExecutionNotRedrivable(why.to_owned()).into());
        }
        let machine = self.workflow.machine(row.revision)?;
        // Finish what its end left to do before anything goes on.
        let mut moving = Moving::new(row.clone(), machine, BUDGET);
        self.workflow.steps().finish_work(&mut moving)?;
        row = moving.row;
        row.status = ExecutionStatus::Running;
        row.stopped_at = None;
        row.redrives += 1;
        row.redriven_at = Some(now);
        self.store
            .executions
            .note_redrive(&row, redrive.client_token.as_deref())?;
        let machine = self.workflow.machine(row.revision)?;
        let mut moving = Moving::new(row, machine, BUDGET);
        moving.due.push_back(Work::RedriveRoot);
        self.workflow.steps().work(&mut moving)?;
        self.store.executions.update_execution(&moving.row)?;
        self.workflow.steps().put_off(&mut moving)?;
        Ok(now)
    }

    /// The root goes on where it failed, and with it those of its children that did not succeed.
    pub(crate) fn redrive_root(&mut self, moving: &mut Moving) -> Result<(), StoreError> {
        let Some(frame) = self.stored_frame(moving.row.frame_step)? else {
            return Ok(());
        };
        let fork = self.store.frames.fork(moving.row.id, 0)?;
        let redriven = moving.row.events + 1;
        let stimulus = Stimulus::Redrive {
            cause: 0,
            with_children: fork.is_some(),
        };
        let moved = self.workflow.steps().step(moving, frame, stimulus, None)?;
        if moving.suspension.is_some() {
            return Ok(());
        }
        moved.expect("a root that ended badly can be redriven");
        match fork {
            Some(fork) => self.revive_children(moving, fork, redriven),
            None => Ok(()),
        }
    }

    fn stored_frame(&self, step: StepId) -> Result<Option<Frame>, StoreError> {
        let data = self.store.executions.step_data(step)?;
        record::decode_frame(&data).map_err(|error| unreadable(step, &error))
    }

    /// The children of a fork count again, and those that did not succeed run again. `cause` is the event that says so.
    fn revive_children(
        &mut self,
        moving: &mut Moving,
        mut row: ForkRow,
        cause: EventId,
    ) -> Result<(), StoreError> {
        row.live = true;
        row.join.redrive();
        let (begun, _, _) = row.join.counts();
        let more = row.join.change(None, None);
        let (parent, first) = (row.join.fork().parent, row.join.fork().first);
        self.store.frames.put_fork(moving.row.id, &row)?;
        moving.due.push_back(Work::Redrive {
            parent,
            first,
            next: 0,
            until: begun,
            cause,
        });
        moving.due.push_back(Work::Begin {
            parent,
            first,
            next: more.start,
            until: more.end,
            cause,
        });
        Ok(())
    }

    /// Redrives the first of a range of children, unless it succeeded; the others are due next.
    pub(crate) fn redrive_children(
        &mut self,
        moving: &mut Moving,
        parent: FrameId,
        first: FrameId,
        mut indices: Range<u32>,
        cause: EventId,
    ) -> Result<(), StoreError> {
        if self
            .workflow
            .forks()
            .live_fork(moving, parent, first)?
            .is_none()
        {
            return Ok(());
        }
        let Some(index) = indices.next() else {
            return Ok(());
        };
        self.redrive_child(moving, parent, first + u64::from(index), index, cause)?;
        if moving.suspension.is_none() && !indices.is_empty() {
            moving.due.push_front(Work::Redrive {
                parent,
                first,
                next: indices.start,
                until: indices.end,
                cause,
            });
        }
        Ok(())
    }

    fn redrive_child(
        &mut self,
        moving: &mut Moving,
        parent: FrameId,
        id: FrameId,
        index: u32,
        cause: EventId,
    ) -> Result<(), StoreError> {
        let execution = moving.row.id;
        let Some(row) = self.store.frames.frame(execution, id)? else {
            // It had not begun when the fork failed.
            let child = Frame::child(parent, id, index, cause);
            self.workflow
                .steps()
                .step(moving, child, Stimulus::Begin, None)?;
            return Ok(());
        };
        if row.status != FrameStatus::Failed {
            return Ok(());
        }
        let Some(frame) = self.stored_frame(row.step)? else {
            return Ok(());
        };
        let below = self.store.frames.fork(execution, id)?;
        let stimulus = Stimulus::Redrive {
            cause,
            with_children: below.is_some(),
        };
        self.workflow.steps().step(moving, frame, stimulus, None)?;
        match below {
            Some(_) if moving.suspension.is_some() => Ok(()),
            Some(below) => self.revive_children(moving, below, cause),
            None => Ok(()),
        }
    }
}

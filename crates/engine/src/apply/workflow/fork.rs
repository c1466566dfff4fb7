//! Parallel and Map states: their children begin, end, and are joined, cancelled or forgotten. The interpreter's `Join`
//! says what the end of a child means; each piece of work here touches only a few frames.

use std::ops::Range;
use std::sync::Arc;

use rampmeter_asl::{
    End, EventId, Fork, Frame, FrameId, Join, Next, Outcome, Payload, Stimulus, Waiting, record,
};
use rampmeter_store::MAX_DATA_BYTES;
use rampmeter_store::model::id::StepId;
use rampmeter_store::unreadable;
use rampmeter_store::{ExecutionRow, ForkRow, FrameRow, FrameStatus, StoreError};

use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};
use crate::apply::workflow::work::{Joining, Moving, Work};

/// Rows read at once.
const CHUNK: usize = 256;

/// Rows of frames deleted as one piece of work.
const FORGOTTEN: u64 = 512;

/// The children of Parallel and Map states.
#[derive(Debug)]
pub(crate) struct Forks<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn forks(&mut self) -> Forks<'_, 't> {
        Forks {
            store: self.store,
            workflow: self,
        }
    }
}

impl Forks<'_, '_> {
    /// A frame asked for children. `step` holds the frame as it waits.
    pub(crate) fn fork(
        &mut self,
        moving: &mut Moving,
        fork: Fork,
        step: StepId,
        frame: Frame,
        bytes: usize,
    ) -> Result<(), StoreError> {
        self.workflow
            .memory
            .ancestors
            .get_mut()
            .keep(step, Arc::new(frame), bytes);
        let Fork {
            parent,
            first,
            event,
            ..
        } = fork;
        let mut join = Join::new(fork);
        let begin = join.begin();
        moving.due.push_back(Work::Begin {
            parent,
            first,
            next: begin.start,
            until: begin.end,
            cause: event,
        });
        let row = ForkRow { live: true, join };
        self.store.frames.put_fork(moving.row.id, &row)
    }

    /// The fork that a piece of work was for, unless it is over.
    pub(crate) fn live_fork(
        &self,
        moving: &Moving,
        parent: FrameId,
        first: FrameId,
    ) -> Result<Option<ForkRow>, StoreError> {
        let found = self.store.frames.fork(moving.row.id, parent)?;
        Ok(found.filter(|row| row.live && row.join.fork().first == first))
    }

    /// Begins the first children of a range; the others are due next.
    pub(crate) fn begin_children(
        &mut self,
        moving: &mut Moving,
        parent: FrameId,
        first: FrameId,
        mut indices: Range<u32>,
        cause: EventId,
    ) -> Result<(), StoreError> {
        if self.live_fork(moving, parent, first)?.is_none() {
            return Ok(());
        }
        let Some(index) = indices.next() else {
            return Ok(());
        };
        let child = Frame::child(parent, first + u64::from(index), index, cause);
        self.workflow
            .steps()
            .step(moving, child, Stimulus::Begin, None)?;
        if moving.suspension.is_none() && !indices.is_empty() {
            moving.due.push_front(Work::Begin {
                parent,
                first,
                next: indices.start,
                until: indices.end,
                cause,
            });
        }
        Ok(())
    }

    /// A child has ended, and its row is written.
    pub(crate) fn child_ended(
        &mut self,
        moving: &mut Moving,
        frame: &Frame,
        end: &End,
    ) -> Result<(), StoreError> {
        let parent = frame.parent().expect("a child has a parent");
        let Some(mut row) = self.store.frames.fork(moving.row.id, parent)? else {
            return Ok(());
        };
        if !row.live || !row.children().contains(&frame.id()) {
            return Ok(());
        }
        let first = row.join.fork().first;
        let next = row.join.child_ended(frame, end);
        row.live = !row.join.is_over();
        self.store.frames.put_fork(moving.row.id, &row)?;
        moving.due.push_back(match next {
            Next::Wait => return Ok(()),
            Next::Start { index, cause } => Work::Begin {
                parent,
                first,
                next: index,
                until: index + 1,
                cause,
            },
            Next::Complete(outcome) => Work::Join {
                parent,
                first,
                outcome,
            },
            Next::Fail(outcome) => Work::Cancel {
                parent,
                from: first,
                outcome: Some(outcome),
            },
        });
        Ok(())
    }

    /// Tells a frame what became of its children. Their rows are then deleted, unless they make the frame fail: a
    /// redrive begins those anew that did not succeed.
    pub(crate) fn join(
        &mut self,
        moving: &mut Moving,
        parent: FrameId,
        first: FrameId,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let execution = moving.row.id;
        let Some(row) = self.store.frames.fork(execution, parent)? else {
            return Ok(());
        };
        if row.join.fork().first != first {
            return Ok(());
        }
        let Some(frame) = self.workflow.load_frame(&moving.row, parent)? else {
            return Ok(());
        };
        let event = row.join.fork().event;
        // The frame may fork again in this very step.
        self.store
            .frames
            .delete_forks(execution, parent..parent + 1)?;
        moving.joining = Some(Joining::Frames(row.children()));
        let joined = Stimulus::Joined { event, outcome };
        let ended = self.workflow.steps().step(moving, frame, joined, None)?;
        moving.joining = None;
        if moving.suspension.is_some() || matches!(ended, Some(Some(End::Failed { .. }))) {
            return self.store.frames.put_fork(execution, &row);
        }
        let Range { start, end } = row.children();
        moving.due.push_back(Work::Forget {
            from: start,
            until: end,
        });
        Ok(())
    }

    /// Cancels the next running child, the deepest first; when there is none, does what `outcome` says.
    pub(crate) fn cancel_children(
        &mut self,
        moving: &mut Moving,
        parent: FrameId,
        from: FrameId,
        outcome: Option<Outcome>,
    ) -> Result<(), StoreError> {
        let execution = moving.row.id;
        let fork = self.store.frames.fork(execution, parent)?;
        let running = match &fork {
            Some(row) => {
                let range = from.max(row.children().start)..row.children().end;
                let running = Some(FrameStatus::Running);
                self.store
                    .frames
                    .frames_in(execution, range, running, 1)?
                    .pop()
            }
            None => None,
        };
        let Some(child) = running else {
            return match (outcome, fork) {
                (Some(outcome), Some(row)) => {
                    moving.due.push_front(Work::Join {
                        parent,
                        first: row.join.fork().first,
                        outcome,
                    });
                    Ok(())
                }
                (Some(_), None) => Ok(()),
                (None, _) => self.cancel(moving, parent),
            };
        };
        moving.due.push_front(Work::Cancel {
            parent,
            from: child.id + 1,
            outcome,
        });
        match self.store.frames.fork(execution, child.id)? {
            None => self.cancel(moving, child.id),
            Some(mut below) => {
                // What its children still do no longer counts.
                below.live = false;
                self.store.frames.put_fork(execution, &below)?;
                moving.due.push_front(Work::Cancel {
                    parent: child.id,
                    from: 0,
                    outcome: None,
                });
                Ok(())
            }
        }
    }

    fn cancel(&mut self, moving: &mut Moving, id: FrameId) -> Result<(), StoreError> {
        if let Some(frame) = self.workflow.load_frame(&moving.row, id)? {
            let waits = matches!(frame.waiting_for(), Waiting::Children { .. });
            self.workflow
                .steps()
                .step(moving, frame, Stimulus::Cancel, None)?;
            if waits {
                self.workflow.map_runs().abort_map_runs(moving, Some(id))?;
            }
        }
        Ok(())
    }

    /// Deletes the rows of some frames, and then those below them.
    pub(crate) fn forget_frames(
        &mut self,
        moving: &mut Moving,
        frames: Range<FrameId>,
    ) -> Result<(), StoreError> {
        let execution = moving.row.id;
        let until = frames.end.min(frames.start.saturating_add(FORGOTTEN));
        if until < frames.end {
            moving.due.push_front(Work::Forget {
                from: until,
                until: frames.end,
            });
        }
        let now = frames.start..until;
        for below in self.store.frames.forks_in(execution, now.clone())? {
            moving.due.push_back(Work::Forget {
                from: below.start,
                until: below.end,
            });
        }
        self.store.frames.delete_forks(execution, now.clone())?;
        self.store.frames.delete_frames(execution, now)
    }

    /// Clears the timers of the frames of an execution that has ended. Their rows stay for a redrive.
    pub(crate) fn clear_timers(
        &mut self,
        moving: &mut Moving,
        from: FrameId,
    ) -> Result<(), StoreError> {
        let execution = moving.row.id;
        let range = from..moving.row.frames + 1;
        let running = Some(FrameStatus::Running);
        let frames = self.store.frames.frames_in(execution, range, running, 1)?;
        let Some(mut row) = frames.into_iter().next() else {
            return Ok(());
        };
        moving.due.push_front(Work::Quiet { from: row.id + 1 });
        let data = self.store.executions.step_data(row.step)?;
        let frame = record::decode_frame(&data).map_err(|error| unreadable(row.step, &error))?;
        if let Some(frame) = frame {
            for timer in self.workflow.timers_of(execution, &frame)? {
                self.store.executions.clear_timer(execution, timer)?;
            }
            if let Some((event, _)) = frame.heartbeat() {
                self.store.frames.delete_heartbeat(execution, event)?;
            }
        }
        row.status = FrameStatus::Failed;
        row.waits_for = 0;
        self.store.frames.put_frame(execution, &row)
    }
}

impl WorkflowContext<'_> {
    /// A frame above the one that moves, as it was stored.
    pub(crate) fn ancestor(
        &self,
        execution: &ExecutionRow,
        id: FrameId,
    ) -> Result<Option<Arc<Frame>>, StoreError> {
        let step = match id {
            0 => execution.frame_step,
            id => match self.store.frames.frame(execution.id, id)? {
                Some(row) => row.step,
                None => return Ok(None),
            },
        };
        let ancestors = &self.memory.ancestors;
        if let Some(kept) = ancestors.borrow_mut().get(step) {
            return Ok(Some(kept));
        }
        let data = self.store.executions.step_data(step)?;
        let frame = record::decode_frame(&data).map_err(|error| unreadable(step, &error))?;
        Ok(frame.map(|frame| {
            let frame = Arc::new(frame);
            ancestors
                .borrow_mut()
                .keep(step, Arc::clone(&frame), data.len());
            frame
        }))
    }

    /// The outputs of the children that succeeded, in the order of their indices. Where the outputs together are longer
    /// than a state's data may be, only enough are read to show it.
    pub(crate) fn results(
        &self,
        execution: &ExecutionRow,
        mut children: Range<FrameId>,
    ) -> Result<Vec<Payload>, StoreError> {
        let mut results = Vec::new();
        let mut bytes = 0;
        loop {
            let succeeded = Some(FrameStatus::Succeeded);
            let rows =
                self.store
                    .frames
                    .frames_in(execution.id, children.clone(), succeeded, CHUNK)?;
            let Some(last) = rows.last() else {
                return Ok(results);
            };
            children.start = last.id + 1;
            for row in rows {
                let result = self.result(&row)?;
                bytes += result.len();
                results.push(result);
                if bytes > MAX_DATA_BYTES {
                    return Ok(results);
                }
            }
        }
    }

    fn result(&self, row: &FrameRow) -> Result<Payload, StoreError> {
        let missing = || StoreError::damaged(format!("frame {} has no output", row.id));
        let data = self.store.executions.step_data(row.step)?;
        record::decode_payload(&data, row.output.ok_or_else(missing)?)
            .map_err(|error| unreadable(row.step, &error))
    }
}

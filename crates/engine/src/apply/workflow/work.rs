//! What remains to be done in an execution after one of its frames has moved: children to begin, frames to go on, forks
//! to join, to cancel or to forget. One command does as much of it as its budget allows; the rest is stored and done in
//! commands of its own, so that no execution can occupy the writer, however wide it is.

use std::collections::VecDeque;
use std::sync::Arc;

use rampmeter_asl::{EventId, FrameId, Outcome, Stimulus};
use rampmeter_dispatch::Time;
use rampmeter_evaluation::Evaluated;
use rampmeter_store::model::id::{ExecutionId, MapRunId};
use rampmeter_store::{ExecutionRow, StoreError, StoreFailure};
use serde::{Deserialize, Serialize};

use crate::apply::outbox::Suspension;
use crate::apply::subject::Subject;
use crate::apply::workflow::step::Steps;
use rampmeter_index::Machine;

/// What one command may spend on one execution: a unit for each state that is entered and for each piece of work, and
/// [`REQUEST`] for each request of a task.
pub(crate) const BUDGET: u32 = 64;

/// What a task's request costs, so that a loop of requests comes to an end too.
pub(crate) const REQUEST: u32 = 5;

/// How the texts of [`Work::Deliver`] and [`Work::RedriveRoot`] begin. An execution is told nothing else before these.
pub(crate) const FIRST: [&str; 2] = ["{\"Deliver\":", "\"RedriveRoot\""];

/// One thing to do in one execution. The store holds it as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// A frame that used up its transitions goes on.
    Continue { frame: FrameId },
    /// Children begin, from the index `next` to before `until`. `first` is the id of the fork's first child.
    Begin {
        parent: FrameId,
        first: FrameId,
        next: u32,
        until: u32,
        cause: EventId,
    },
    /// The children of a frame have ended, or enough of them.
    Join {
        parent: FrameId,
        first: FrameId,
        outcome: Outcome,
    },
    /// The children of a frame with ids not below `from` are cancelled; then the fork is joined, or without an outcome
    /// the frame itself is cancelled.
    Cancel {
        parent: FrameId,
        from: FrameId,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        outcome: Option<Outcome>,
    },
    /// The rows of these frames, and of all below them, are no longer needed.
    Forget { from: FrameId, until: FrameId },
    /// Child executions of a map run start, from the index `next` to before `until`.
    StartItems { map_run: i64, next: u32, until: u32 },
    /// The child executions of a map run have ended, or enough of them.
    JoinRun { map_run: i64, outcome: Outcome },
    /// The child executions of a map run with numbers above `after` are stopped; then the run is joined, if there is an
    /// outcome.
    StopItems {
        map_run: i64,
        after: i64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        outcome: Option<Outcome>,
    },
    /// Children that did not succeed are redriven, from the index `next` to before `until`.
    Redrive {
        parent: FrameId,
        first: FrameId,
        next: u32,
        until: u32,
        cause: EventId,
    },
    /// A root that ended badly is redriven.
    RedriveRoot,
    /// What came up while the execution was suspended, with its time in microseconds and the audit of the call that caused it.
    Deliver {
        stimulus: Box<Stimulus>,
        at: i64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        call: Option<String>,
    },
    /// The execution has ended: the frames with ids not below `from` wait for nothing any more.
    Quiet { from: FrameId },
}

impl Work {
    pub(crate) fn deliver(stimulus: Stimulus, at: Time, call: Option<String>) -> Work {
        Work::Deliver {
            stimulus: Box::new(stimulus),
            at: at.as_micros(),
            call,
        }
    }
}

/// One execution while one command moves it.
#[derive(Debug)]
pub(crate) struct Moving {
    pub(crate) row: ExecutionRow,
    /// `None` for an execution whose definition cannot be read, which can only fail.
    machine: Option<Arc<Machine>>,
    /// What remains to be done, in this order.
    pub(crate) due: VecDeque<Work>,
    /// What this command may still spend.
    pub(crate) budget: u32,
    /// Whose results the frame that moves may read.
    pub(crate) joining: Option<Joining>,
    /// What was evaluated for the first thing that is due.
    pub(crate) evaluated: Option<Evaluated>,
    /// Set when a step takes more than the writer may do. That step has not happened, and nothing more happens in this
    /// command.
    pub(crate) suspension: Option<Suspension>,
}

/// Whose results a frame may read.
#[derive(Debug, Clone)]
pub(crate) enum Joining {
    /// Those of its branches or iterations.
    Frames(std::ops::Range<FrameId>),
    /// Those of the child executions of its map run.
    MapRun(MapRunId),
}

impl Moving {
    pub(crate) fn new(row: ExecutionRow, machine: Arc<Machine>, budget: u32) -> Moving {
        Moving {
            machine: Some(machine),
            ..Moving::unreadable(row, budget)
        }
    }

    /// An execution that can only fail.
    pub(crate) fn unreadable(row: ExecutionRow, budget: u32) -> Moving {
        Moving {
            row,
            machine: None,
            due: VecDeque::new(),
            budget,
            joining: None,
            evaluated: None,
            suspension: None,
        }
    }

    /// Its state machine, unless that could not be read.
    pub(crate) fn machine_if_read(&self) -> Option<&Machine> {
        self.machine.as_deref()
    }

    pub(crate) fn machine(&self) -> &Machine {
        self.machine_if_read()
            .expect("an execution moves only once its definition was read")
    }

    pub(crate) fn spend(&mut self, units: u32) {
        self.budget = self.budget.saturating_sub(units);
    }
}

impl Steps<'_, '_> {
    /// Does what is due until nothing is, the budget is spent or the execution is suspended.
    pub(crate) fn work(&mut self, moving: &mut Moving) -> Result<(), StoreError> {
        while moving.budget > 0
            && moving.suspension.is_none()
            && let Some(work) = moving.due.pop_front()
        {
            moving.spend(1);
            let again = work.clone();
            self.work_on(moving, work)?;
            if moving.suspension.is_some() {
                moving.due.push_front(again);
            }
        }
        Ok(())
    }

    fn work_on(&mut self, moving: &mut Moving, work: Work) -> Result<(), StoreError> {
        match work {
            Work::Continue { frame } => {
                if let Some(frame) = self.workflow.load_frame(&moving.row, frame)? {
                    self.step(moving, frame, Stimulus::Continue, None)?;
                }
                Ok(())
            }
            Work::Begin {
                parent,
                first,
                next,
                until,
                cause,
            } => self
                .workflow
                .forks()
                .begin_children(moving, parent, first, next..until, cause),
            Work::Join {
                parent,
                first,
                outcome,
            } => self.workflow.forks().join(moving, parent, first, outcome),
            Work::Cancel {
                parent,
                from,
                outcome,
            } => self
                .workflow
                .forks()
                .cancel_children(moving, parent, from, outcome),
            Work::Forget { from, until } => {
                self.workflow.forks().forget_frames(moving, from..until)
            }
            Work::Redrive {
                parent,
                first,
                next,
                until,
                cause,
            } => {
                self.workflow
                    .redrives()
                    .redrive_children(moving, parent, first, next..until, cause)
            }
            Work::StartItems {
                map_run,
                next,
                until,
            } => self
                .workflow
                .map_runs()
                .start_items(moving, MapRunId(map_run), next..until),
            Work::JoinRun { map_run, outcome } => {
                self.workflow
                    .map_runs()
                    .join_run(moving, MapRunId(map_run), outcome)
            }
            Work::StopItems {
                map_run,
                after,
                outcome,
            } => self.workflow.map_runs().stop_items(
                moving,
                MapRunId(map_run),
                ExecutionId(after),
                outcome,
            ),
            Work::RedriveRoot => self.workflow.redrives().redrive_root(moving),
            Work::Deliver { stimulus, at, call } => {
                self.deliver(moving, *stimulus, Time::from_micros(at), call.as_deref())
            }
            Work::Quiet { from } => self.workflow.forks().clear_timers(moving, from),
        }
    }

    /// Stores what remains to be done, for commands of its own.
    pub(crate) fn put_off(&mut self, moving: &mut Moving) -> Result<(), StoreError> {
        let id = moving.row.id;
        let has_news = moving
            .due
            .iter()
            .any(|work| matches!(work, Work::Deliver { .. }));
        if moving.suspension.is_none() && !has_news {
            for work in &moving.due {
                self.leave_to(id, work)?;
            }
            return Ok(());
        }
        // In its order, before whatever else is left.
        for work in moving.due.iter().rev() {
            let text = text_of(work);
            self.store.executions.note_continuing_first(id, &text)?;
        }
        match moving.suspension.take() {
            Some(suspension) => self.workflow.journal_mut().out.suspended.push(suspension),
            None => self.go_on_in_order(id),
        }
        Ok(())
    }

    /// Leaves something to do for an execution that is not being moved.
    pub(crate) fn leave_to(&mut self, id: ExecutionId, work: &Work) -> Result<(), StoreError> {
        self.store.executions.note_continuing(id, &text_of(work))?;
        self.workflow.go_on_later(id);
        Ok(())
    }

    /// Goes on with an execution that spent what one transaction may.
    pub(crate) fn continue_execution(&mut self, id: ExecutionId) -> Result<(), StoreFailure> {
        self.workflow.memory.continuing.remove(&id);
        if self.is_evaluating(id) {
            return Ok(());
        }
        self.workflow
            .with_execution(id, |workflow, row| Ok(workflow.steps().go_on(row, None)?))
    }

    /// Does at once whatever an execution still had to do.
    pub(crate) fn finish_work(&mut self, moving: &mut Moving) -> Result<(), StoreError> {
        let id = moving.row.id;
        moving.budget = u32::MAX;
        while self.store.executions.is_continuing(id)? {
            self.take_work(moving)?;
            self.work(moving)?;
        }
        moving.budget = BUDGET;
        Ok(())
    }

    fn take_work(&mut self, moving: &mut Moving) -> Result<(), StoreError> {
        for text in self
            .store
            .executions
            .take_continuing(moving.row.id, BUDGET)?
        {
            let work = serde_json::from_str(&text)
                .map_err(|error| StoreError::damaged(format!("what is to be done: {error}")))?;
            moving.due.push_back(work);
        }
        Ok(())
    }

    /// Goes on; `evaluated` is what was evaluated for the first thing that is due.
    pub(crate) fn go_on(
        &mut self,
        row: ExecutionRow,
        evaluated: Option<Evaluated>,
    ) -> Result<(), StoreError> {
        let id = row.id;
        let was_suspended = self.end_suspension(id);
        let machine = self.workflow.machine(row.revision)?;
        let mut moving = Moving::new(row, machine, BUDGET);
        moving.evaluated = evaluated;
        self.take_work(&mut moving)?;
        self.work(&mut moving)?;
        self.store.executions.update_execution(&moving.row)?;
        let is_suspended = moving.suspension.is_some();
        self.put_off(&mut moving)?;
        if is_suspended || !self.store.executions.is_continuing(id)? {
            return Ok(());
        }
        if was_suspended {
            // There may still be something to tell it.
            self.go_on_in_order(id);
        } else {
            self.workflow.go_on_later(id);
        }
        Ok(())
    }
}

fn text_of(work: &Work) -> String {
    serde_json::to_string(work).expect("what is to be done has only text keys and whole numbers")
}

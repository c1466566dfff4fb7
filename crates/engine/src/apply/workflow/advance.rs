//! Moves one execution as far as one stimulus takes it: the frame that waits for the stimulus moves (`step`), and then
//! whatever follows in other frames is done (`work`), all in the open transaction.

use rampmeter_asl::{Frame, FrameId, Payload, Stimulus, TimerKind};
use rampmeter_store::{ExecutionRow, StoreError};

use crate::apply::subject::Subject;
use crate::apply::workflow::step::Steps;
use crate::apply::workflow::work::{BUDGET, Moving, Work};
use rampmeter_index::Machine;

/// What became of a stimulus.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Advanced {
    /// The execution moved, and the step is written; or it is suspended, and will move later.
    Moved,
    /// The execution no longer waits for that event. Nothing was written.
    Stale,
}

impl Steps<'_, '_> {
    /// Advances an execution that has begun. `call` is the audit of the call that caused it.
    pub(crate) fn advance(
        &mut self,
        execution: ExecutionRow,
        stimulus: Stimulus,
        call: Option<&str>,
    ) -> Result<Advanced, StoreError> {
        let id = self.frame_addressed(&execution, &stimulus)?;
        let Some(frame) = self.workflow.load_frame(&execution, id)? else {
            return Ok(Advanced::Stale);
        };
        let at = self.workflow.now();
        let machine = self.workflow.machine(execution.revision)?;
        let mut moving = Moving::new(execution, machine, BUDGET);
        let moved = if matches!(stimulus, Stimulus::TaskHeartbeat { .. }) {
            self.heartbeat(&mut moving, frame, stimulus)?
        } else if self
            .step(&mut moving, frame, stimulus.clone(), call)?
            .is_some()
        {
            self.work(&mut moving)?;
            self.store.executions.update_execution(&moving.row)?;
            self.put_off(&mut moving)?;
            true
        } else if moving.suspension.is_some() {
            let news = Work::deliver(stimulus, at, call.map(str::to_owned));
            moving.due.push_front(news);
            self.put_off(&mut moving)?;
            true
        } else {
            false
        };
        Ok(if moved {
            Advanced::Moved
        } else {
            Advanced::Stale
        })
    }

    /// The frame that a stimulus from outside is for: the one that waits for its event, else the root.
    pub(crate) fn frame_addressed(
        &self,
        execution: &ExecutionRow,
        stimulus: &Stimulus,
    ) -> Result<FrameId, StoreError> {
        let event = match *stimulus {
            Stimulus::Submitted { event, .. }
            | Stimulus::SubmitFailed { event, .. }
            | Stimulus::TaskStarted { event, .. }
            | Stimulus::TaskSucceeded { event, .. }
            | Stimulus::TaskFailed { event, .. }
            | Stimulus::TaskHeartbeat { event } => event,
            Stimulus::TimerFired { event, kind } if kind != TimerKind::ExecutionTimeout => event,
            _ => return Ok(0),
        };
        if execution.frames == 0 || execution.waits_for == event {
            return Ok(0);
        }
        let found = self.store.frames.frame_waiting_for(execution.id, event)?;
        Ok(found.unwrap_or(0))
    }

    /// Begins an execution, whose row is not in the store yet, with its root frame. It spends at most `budget` now.
    pub(crate) fn begin(
        &mut self,
        machine: &std::sync::Arc<Machine>,
        execution: ExecutionRow,
        frame: Frame,
        input: Payload,
        budget: u32,
    ) -> Result<(), StoreError> {
        let mut moving = Moving::new(execution, std::sync::Arc::clone(machine), budget);
        let start = Stimulus::Start { input };
        self.step(&mut moving, frame, start, None)?
            .expect("an execution that has not begun takes its start");
        let part = moving.row.machine_part(&machine.name);
        self.store.executions.insert_execution(&part, &moving.row)?;
        if moving.due.is_empty() {
            return Ok(());
        }
        self.work(&mut moving)?;
        self.store.executions.update_execution(&moving.row)?;
        self.put_off(&mut moving)
    }
}

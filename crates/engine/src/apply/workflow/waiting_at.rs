//! Where a running execution waits, and the calls that will resume it: its own, or those of its running branches and
//! iterations, as many as are worth showing. Changes nothing.

use rampmeter_asl::{Detail, Frame, Waiting, record};
use rampmeter_store::model::call::WaitingAt;
use rampmeter_store::model::id::{MessageNumber, StepId, message_number};
use rampmeter_store::{ExecutionRow, FrameStatus, StoreError, TransactionError};
use rampmeter_time::UnixMillis;
use serde_json::Value;

use crate::apply::calls::open_calls::Survey;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};

/// Branches and iterations whose waiting is shown.
const CHILDREN_SHOWN: usize = 100;

/// Branches and iterations that are read to find those.
const CHILDREN_READ: usize = 1_000;

/// Where executions wait, for those who ask.
#[derive(Debug)]
pub(crate) struct ExecutionInspection<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn inspection(&mut self) -> ExecutionInspection<'_, 't> {
        ExecutionInspection {
            store: self.store,
            workflow: self,
        }
    }
}

impl ExecutionInspection<'_, '_> {
    /// Where a running execution waits; `None` once it has ended.
    pub(crate) fn inspect_execution(
        &mut self,
        arn: &str,
    ) -> Result<Option<WaitingAt>, TransactionError> {
        let execution = self.workflow.execution_by_arn(arn)?;
        let Some(frame) = self.workflow.load_frame(&execution, 0)? else {
            return Ok(None);
        };
        let mut survey = Survey::default();
        let mut root = self.frame_waits(&execution, &frame, execution.frame_step, &mut survey)?;
        if matches!(frame.waiting_for(), Waiting::Children { .. }) {
            self.children_wait(&execution, &mut root, &mut survey)?;
        }
        Ok(Some(root))
    }

    /// Counts the running branches and iterations, and finds out where the first of them wait.
    fn children_wait(
        &mut self,
        execution: &ExecutionRow,
        root: &mut WaitingAt,
        survey: &mut Survey,
    ) -> Result<(), StoreError> {
        root.running = self.store.frames.count_running_frames(execution.id)?;
        let running = Some(FrameStatus::Running);
        let frames = self.store.frames.frames_in(
            execution.id,
            1..execution.frames + 1,
            running,
            CHILDREN_READ,
        )?;
        for row in frames {
            if let Some(frame) = self.workflow.load_frame(execution, row.id)?
                && !matches!(frame.waiting_for(), Waiting::Children { .. })
            {
                let child = self.frame_waits(execution, &frame, row.step, survey)?;
                root.children.push(child);
            }
            if root.children.len() == CHILDREN_SHOWN {
                break;
            }
        }
        Ok(())
    }

    /// Where one frame waits; `step` holds it.
    fn frame_waits(
        &mut self,
        execution: &ExecutionRow,
        frame: &Frame,
        step: StepId,
        survey: &mut Survey,
    ) -> Result<WaitingAt, StoreError> {
        let (waits_for, event) = match frame.waiting_for() {
            Waiting::Task { event } => ("task", event),
            Waiting::Timer { event } => ("timer", event),
            Waiting::Retry { event } => ("retry", event),
            Waiting::Children { event } => ("children", event),
            Waiting::Continue | Waiting::Nothing => ("continue", 0),
        };
        let waited = self.task_events(execution, event, step)?;
        let call = match waited.message {
            Some(number) => survey.call(&mut self.workflow.calls, number)?,
            None => None,
        };
        Ok(WaitingAt {
            state: frame.state().to_owned(),
            waits_for,
            since: waited.since,
            call,
            running: 0,
            children: Vec::new(),
        })
    }

    /// When a frame began to wait for `event`, and the message that it sent then, if any. `step` holds the frame.
    fn task_events(
        &self,
        execution: &ExecutionRow,
        event: u64,
        step: StepId,
    ) -> Result<Waited, StoreError> {
        let mut waited = Waited {
            since: execution.started_at,
            message: None,
        };
        // An execution that only goes on waits for no event.
        if event == 0 {
            return Ok(waited);
        }
        let begun = self
            .store
            .executions
            .step_with(execution.last_step, event)?;
        // The request may have been accepted in a later step than the one that began the attempt.
        let steps = begun
            .into_iter()
            .chain(Some(step).filter(|step| Some(*step) != begun));
        for id in steps {
            let step = record::decode(&self.store.executions.step_data(id)?)
                .map_err(|error| rampmeter_store::unreadable(id, &error))?;
            for event_seen in step.events.iter().filter(|seen| seen.id >= event) {
                if let Detail::TaskSubmitted { output, .. } = &event_seen.detail
                    && waited.message.is_none()
                {
                    let text = output.value().get("MessageId").and_then(Value::as_str);
                    waited.message =
                        text.and_then(|text| message_number(self.workflow.seal.key(), text));
                }
                if event_seen.id == event {
                    waited.since = UnixMillis(event_seen.at);
                }
            }
        }
        Ok(waited)
    }
}

struct Waited {
    since: UnixMillis,
    message: Option<MessageNumber>,
}

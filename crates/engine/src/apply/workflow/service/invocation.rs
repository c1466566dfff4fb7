//! Requests that are made outside the store: noted with the step that submits them, made after its commit, and answered
//! by a command. The row stays until then, so a request that was under way when the process ended is made again.

use rampmeter_asl::{Event, EventId, Payload, Stimulus, Task, record};
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::{ExecutionId, StepId};
use rampmeter_store::model::invocation::{InvocationKey, Invoked, TaskError};
use rampmeter_store::{Readable, StoreError, StoreFailure, readable, unreadable};
use tokio::sync::oneshot;

use crate::apply::subject::Subject;
use crate::apply::subject::as_task_error;
use crate::apply::workflow::context::WorkflowContext;
use crate::apply::workflow::service::Services;
use crate::apply::workflow::service::Submission;
use rampmeter_invocation::{MAX_IN_FLIGHT, OutgoingInvocation};

impl Services<'_, '_> {
    /// Notes the request of a task, unless it can be refused at once.
    pub(crate) fn request_invocation(
        &mut self,
        task: &Task,
        execution: ExecutionId,
        step: StepId,
    ) -> Result<Submission, StoreError> {
        let WorkflowContext { memory, arns, .. } = &*self.workflow;
        let request = memory
            .invocations
            .request(&task.resource, &task.parameters, arns);
        if let Err(refused) = request {
            return Ok(Submission::Answered(Err(refused)));
        }
        let event = task.event;
        self.store
            .executions
            .add_invocation(InvocationKey { step, event }, execution)?;
        self.workflow.memory.invocations.waiting = true;
        Ok(Submission::Later)
    }

    /// Starts the requests that may start, the oldest first.
    pub(crate) fn start_invocations(&mut self) -> Result<(), StoreFailure> {
        if !self.may_start_invocations() {
            return Ok(());
        }
        let room = MAX_IN_FLIGHT.saturating_sub(self.workflow.memory.invocations.in_flight.len());
        let after = self.workflow.memory.invocations.after;
        let rows = match readable(self.store.executions.invocations(after, room))? {
            Readable::Whole(rows) => rows,
            Readable::Damaged(damaged) => {
                self.workflow.memory.invocations.waiting = false;
                return self
                    .workflow
                    .note_damaged(DamagedKind::Row, damaged.to_string(), &damaged);
            }
        };
        self.workflow.memory.invocations.waiting = rows.len() == room;
        for (key, execution) in rows {
            self.workflow.memory.invocations.after = key;
            // The queue is read from the start again after part of a transaction was taken back.
            if !self
                .workflow
                .memory
                .invocations
                .in_flight
                .contains_key(&key)
            {
                self.start_invocation(key, execution)?;
            }
        }
        Ok(())
    }

    /// Whether there may be requests to start, and room for them.
    pub(crate) fn may_start_invocations(&self) -> bool {
        let invocations = &self.workflow.memory.invocations;
        !self.workflow.is_draining()
            && invocations.waiting
            && invocations.in_flight.len() < MAX_IN_FLIGHT
    }

    fn start_invocation(
        &mut self,
        key: InvocationKey,
        execution: ExecutionId,
    ) -> Result<(), StoreFailure> {
        let event = readable(self.event_of(key))?;
        let WorkflowContext { memory, arns, .. } = &*self.workflow;
        let request = match &event {
            Readable::Whole(event) => memory.invocations.stored_request(event, arns),
            Readable::Damaged(damaged) => Some(Err(as_task_error(damaged))),
        };
        let no_request = || TaskError::new("States.Runtime", "The request cannot be read.");
        match request.unwrap_or_else(|| Err(no_request())) {
            Ok(request) => {
                let (alive, abandoned) = oneshot::channel();
                self.workflow
                    .memory
                    .invocations
                    .in_flight
                    .insert(key, alive);
                self.workflow
                    .journal_mut()
                    .out
                    .invocations
                    .push(OutgoingInvocation {
                        key,
                        execution,
                        request,
                        abandoned,
                    });
                Ok(())
            }
            // The configuration has changed since the request was noted.
            Err(refused) => self.invoked(key, execution, Invoked::Refused(refused)),
        }
    }

    /// The event with which a request was noted.
    fn event_of(&self, key: InvocationKey) -> Result<Event, StoreError> {
        let data = self.store.executions.step_data(key.step)?;
        let step = record::decode(&data).map_err(|error| unreadable(key.step, &error))?;
        let mut events = step.events.into_iter();
        events
            .find(|event| event.id == key.event)
            .ok_or_else(|| StoreError::damaged(format!("step {}: an event is missing", key.step.0)))
    }

    /// A request was answered.
    pub(crate) fn invoked(
        &mut self,
        key: InvocationKey,
        execution: ExecutionId,
        invoked: Invoked,
    ) -> Result<(), StoreFailure> {
        self.workflow.memory.invocations.in_flight.remove(&key);
        let event = key.event;
        let waits = match readable(
            self.store
                .executions
                .take_invocations(execution, Some(event)),
        )? {
            Readable::Whole(keys) => !keys.is_empty(),
            Readable::Damaged(_) => true,
        };
        if !waits {
            // Nobody waits for it any more.
            return Ok(());
        }
        let stimulus = match invoked {
            Invoked::Done(output) => Stimulus::Submitted {
                event,
                output: Payload::from_value(output),
            },
            Invoked::Refused(TaskError { error, cause }) => Stimulus::SubmitFailed {
                event,
                error,
                cause,
            },
            Invoked::Failed(TaskError { error, cause }) => Stimulus::TaskFailed {
                event,
                error: Some(error),
                cause: Some(cause),
            },
        };
        self.workflow.tell(execution, stimulus);
        Ok(())
    }

    /// Gives up the requests of tasks that nobody waits for any more.
    pub(crate) fn give_up_invocations(
        &mut self,
        execution: ExecutionId,
        event: Option<EventId>,
    ) -> Result<(), StoreError> {
        for key in self.store.executions.take_invocations(execution, event)? {
            self.workflow.memory.invocations.in_flight.remove(&key);
        }
        Ok(())
    }
}

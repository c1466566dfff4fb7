//! Requests that are made outside the store: noted with the step that submits them, made after its commit, and answered
//! by a command. A row stays until then, so what was under way when the process ended is made again.

use rampmeter_asl::{EventId, Payload, Stimulus, Task, record};
use rampmeter_store::StoreError;
use rampmeter_store::model::id::{ExecutionId, StepId};
use rampmeter_store::model::invocation::{InvocationKey, Invoked, TaskError};
use tokio::sync::oneshot;

use crate::apply::turn::Turn;
use crate::apply::workflow::service::Submission;
use crate::invocation::OutgoingInvocation;
use crate::memory::invocations::MOST_IN_FLIGHT;

impl Turn<'_> {
    /// Notes the request of a task, unless it can be refused at once.
    pub(crate) fn request_invocation(
        &mut self,
        task: &Task,
        execution: ExecutionId,
        step: StepId,
    ) -> Result<Submission, StoreError> {
        let memory = &*self.memory;
        let request = memory
            .invocations
            .request(&task.resource, &task.parameters, &memory.place);
        if let Err(refused) = request {
            return Ok(Submission::Answered(Err(refused)));
        }
        let event = task.event;
        self.store()
            .add_invocation(InvocationKey { step, event }, execution)?;
        self.memory.invocations.waiting = true;
        Ok(Submission::Later)
    }

    /// Starts the requests that may start, oldest first.
    pub(crate) fn start_invocations(&mut self) -> Result<(), StoreError> {
        if !self.may_start_invocations() {
            return Ok(());
        }
        let room = MOST_IN_FLIGHT.saturating_sub(self.memory.invocations.in_flight.len());
        let after = self.memory.invocations.after;
        let rows = self.store().invocations(after, room)?;
        self.memory.invocations.waiting = rows.len() == room;
        for (key, execution) in rows {
            self.memory.invocations.after = key;
            self.start_invocation(key, execution)?;
        }
        self.give_notices()
    }

    /// Whether there may be requests to start, and room for them.
    pub(crate) fn may_start_invocations(&self) -> bool {
        let invocations = &self.memory.invocations;
        self.memory.draining.is_none()
            && invocations.waiting
            && invocations.in_flight.len() < MOST_IN_FLIGHT
    }

    fn start_invocation(
        &mut self,
        key: InvocationKey,
        execution: ExecutionId,
    ) -> Result<(), StoreError> {
        let data = self.store().step_data(key.step)?;
        let request = match record::decode(&data) {
            Ok(step) => {
                let event = step.events.iter().find(|event| event.id == key.event);
                event.and_then(|event| {
                    let memory = &*self.memory;
                    memory.invocations.stored_request(event, &memory.place)
                })
            }
            Err(_) => None,
        };
        let unreadable = || TaskError::new("States.Runtime", "The request cannot be read.");
        match request.unwrap_or_else(|| Err(unreadable())) {
            Ok(request) => {
                let (alive, abandoned) = oneshot::channel();
                self.memory.invocations.in_flight.insert(key, alive);
                self.out.invocations.push(OutgoingInvocation {
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

    /// A request was answered.
    pub(crate) fn invoked(
        &mut self,
        key: InvocationKey,
        execution: ExecutionId,
        invoked: Invoked,
    ) -> Result<(), StoreError> {
        self.memory.invocations.in_flight.remove(&key);
        let event = key.event;
        if self
            .store()
            .take_invocations(execution, Some(event))?
            .is_empty()
        {
            // Nobody waits for it any more.
            return Ok(());
        }
        let Some(execution) = self.store().execution(execution)? else {
            return Ok(());
        };
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
        self.advance(execution, stimulus, None)?;
        Ok(())
    }

    /// Gives up the requests of tasks that nobody waits for any more.
    pub(crate) fn give_up_invocations(
        &mut self,
        execution: ExecutionId,
        event: Option<EventId>,
    ) -> Result<(), StoreError> {
        for key in self.store().take_invocations(execution, event)? {
            self.memory.invocations.in_flight.remove(&key);
        }
        Ok(())
    }
}

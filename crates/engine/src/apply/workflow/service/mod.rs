//! What a Task state asks of a service; each integration has a file of its own. A request that this host answers itself
//! is answered in the same transaction. The interpreter fails tasks that are not served before they come here.

mod execution;
pub(crate) mod http;
mod invocation;
mod message;

use rampmeter_asl::{Action, Payload, Resource, Task};
use rampmeter_store::StoreError;
use rampmeter_store::model::id::{ExecutionId, StepId};

use crate::apply::calls::send::Sending;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};

pub(crate) use rampmeter_store::model::invocation::TaskError;

/// What became of a task's request.
#[derive(Debug)]
pub(crate) enum Submission {
    /// The service has answered.
    Answered(Result<Payload, TaskError>),
    /// The request is made after the commit, or taken by a worker of its activity, and a command brings the answer.
    Later,
    /// A message was sent, unless its queue already has it; and the output of SendMessage. Without an output the task
    /// goes on when the call that the message asks for has ended.
    Sent(Option<Box<Sending>>, Option<Payload>),
}

/// The requests that tasks make.
#[derive(Debug)]
pub(crate) struct Services<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn services(&mut self) -> Services<'_, 't> {
        Services {
            store: self.store,
            workflow: self,
        }
    }
}

impl Services<'_, '_> {
    /// Makes the request of a task that the step `step` of `execution` submits.
    pub(crate) fn request_service(
        &mut self,
        task: &Task,
        execution: ExecutionId,
        step: StepId,
    ) -> Result<Submission, StoreError> {
        match &task.resource {
            Resource::Action(Action { service, .. }) if service == "sqs" => {
                self.request_message(task, execution, step)
            }
            Resource::Action(Action {
                service, pattern, ..
            }) if service == "states" => self.request_execution(task, *pattern, execution),
            Resource::Action(Action { service, .. }) if service == "http" => {
                self.request_http(task, execution, step)
            }
            Resource::Activity(arn) => {
                let kept = self
                    .workflow
                    .activities()
                    .keep_task(arn, execution, task.event, step)?;
                Ok(if kept {
                    Submission::Later
                } else {
                    let cause = format!("Activity Does Not Exist: '{arn}'");
                    Submission::Answered(Err(TaskError::new("States.Runtime", cause)))
                })
            }
            Resource::Action(_) | Resource::Function(_) | Resource::Unserved(_) => {
                self.request_invocation(task, execution, step)
            }
        }
    }
}

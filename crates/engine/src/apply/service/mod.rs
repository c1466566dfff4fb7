//! What a Task state asks of a service: each integration in a file of its own. A request that this host answers itself
//! is answered in the same transaction; the interpreter has failed what is not served before it comes here.

mod execution;
mod message;

use rampmeter_asl::{Action, Payload, Resource, Task};

use super::advance::Sending;
use crate::id::{ExecutionId, StepId};
use crate::store::StoreError;
use crate::turn::Turn;

/// The error of a task, with the name and the text that Step Functions gives it.
#[derive(Debug)]
pub(super) struct TaskError {
    pub(super) error: String,
    pub(super) cause: String,
}

/// What became of a task's request.
#[derive(Debug)]
pub(super) enum Submission {
    /// The service has answered.
    Answered(Result<Payload, TaskError>),
    /// A message was sent, unless its queue has had it already; the answer of SendMessage.
    Sent(Option<Box<Sending>>, Payload),
}

impl TaskError {
    /// A request that an optimised integration refused: `StepFunctions.` or the like before the exception's name,
    /// and the text of the SDK that Step Functions calls with.
    fn refused(prefix: &str, service: &str, name: &str, message: &str) -> TaskError {
        let code = name.strip_suffix("Exception").unwrap_or(name);
        let request = uuid::Uuid::new_v4();
        TaskError {
            error: format!("{prefix}.{code}Exception"),
            cause: format!(
                "{message} (Service: {service}; Status Code: 400; Error Code: {name}; Request ID: {request}; Proxy: null)"
            ),
        }
    }
}

impl Turn<'_> {
    /// Makes the request of a task that the step `step` of `execution` submits.
    pub(super) fn request_service(
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
            Resource::Action(_) | Resource::Function(_) | Resource::Unserved(_) => {
                Ok(Submission::Answered(Err(TaskError {
                    error: "States.Runtime".to_owned(),
                    cause: "This host does not serve the resource of the state".to_owned(),
                })))
            }
        }
    }
}

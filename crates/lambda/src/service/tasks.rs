//! Waiting tasks on Step Functions: tells them how their call ended, and asks whether they still wait.

use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::{DisplayErrorContext, ProvideErrorMetadata};
use thiserror::Error;

use crate::conclusion::TaskResult;
use crate::service::clients::of_trace;
use crate::trace::TraceHeader;

/// A request to Step Functions failed, after its retries.
#[derive(Debug, Error)]
#[error("Step Functions {operation}: {why}")]
pub(crate) struct TaskError {
    operation: &'static str,
    why: String,
}

/// Whether a task still waits for its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Yes,
    /// It timed out, was stopped or has its result, or the token was never valid.
    No,
}

/// The tasks of the account.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    client: Client,
}

impl Tasks {
    pub(crate) fn new(config: &SdkConfig) -> Tasks {
        Tasks {
            client: Client::new(config),
        }
    }

    /// Asks whether the task still waits, by sending its heartbeat.
    pub(crate) async fn heartbeat(
        &self,
        token: &str,
        trace: Option<&TraceHeader>,
    ) -> Result<Waits, TaskError> {
        let request = self.client.send_task_heartbeat().task_token(token);
        let request = request.customize().mutate_request(of_trace(trace));
        judge("SendTaskHeartbeat", request.send().await.map(|_| ()))
    }

    /// Tells a task how its call ended. [`Waits::No`]: nobody waits for it any more.
    pub(crate) async fn tell(
        &self,
        token: &str,
        told: &TaskResult,
        trace: Option<&TraceHeader>,
    ) -> Result<Waits, TaskError> {
        match told {
            TaskResult::Success { output } => {
                let request = self.client.send_task_success();
                let request = request.task_token(token).output(output).customize();
                let sent = request.mutate_request(of_trace(trace)).send();
                judge("SendTaskSuccess", sent.await.map(|_| ()))
            }
            TaskResult::Failure { error, cause } => {
                let request = self.client.send_task_failure();
                let request = request.task_token(token).error(error).cause(cause);
                let request = request.customize().mutate_request(of_trace(trace));
                judge("SendTaskFailure", request.send().await.map(|_| ()))
            }
        }
    }
}

/// What the response says about the task.
fn judge<E>(operation: &'static str, sent: Result<(), E>) -> Result<Waits, TaskError>
where
    E: ProvideErrorMetadata + std::error::Error,
{
    let Err(error) = sent else {
        return Ok(Waits::Yes);
    };
    match error.code() {
        Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => Ok(Waits::No),
        _ => Err(TaskError {
            operation,
            why: DisplayErrorContext(&error).to_string(),
        }),
    }
}

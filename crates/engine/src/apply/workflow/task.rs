//! SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat: a client's worker reports on a task.

use rampmeter_asl::{Payload, Stimulus};
use rampmeter_store::model::execution::{TaskReport, TaskResult};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{MAX_DATA_BYTES, TransactionError};

use crate::apply::subject::Subject;
use crate::apply::workflow::context::WorkflowContext;

impl WorkflowContext<'_> {
    /// Resumes the execution that waits for this task token.
    pub(crate) fn report_task(&mut self, report: TaskReport) -> Result<(), TransactionError> {
        let Some((execution, event)) = self.seal.open(&report.task_token) else {
            return Err(Rejected::InvalidToken("Invalid token".to_owned()).into());
        };
        let stimulus = match report.result {
            TaskResult::Success { output } => Stimulus::TaskSucceeded {
                event,
                output: read_output(&output)?,
            },
            TaskResult::Failure { error, cause } => Stimulus::TaskFailed {
                event,
                error,
                cause,
            },
            TaskResult::Heartbeat => Stimulus::TaskHeartbeat { event },
        };
        if self.store.executions.execution(execution)?.is_none() {
            return Err(Rejected::TaskDoesNotExist.into());
        }
        if !self.calls.waits_for(execution, event)? {
            return Err(Rejected::TaskTimedOut.into());
        }
        self.tell(execution, stimulus);
        Ok(())
    }
}

fn read_output(text: &str) -> Result<Payload, Rejected> {
    if text.len() > MAX_DATA_BYTES {
        return Err(Rejected::InvalidOutput(format!(
            "Output exceeds the maximum number of bytes allowed: {MAX_DATA_BYTES}"
        )));
    }
    Payload::parse(text).map_err(|error| Rejected::InvalidOutput(error.to_string()))
}

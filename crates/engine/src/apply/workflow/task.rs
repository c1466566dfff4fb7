//! SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat: a worker of somebody else reports on a task.

use rampmeter_asl::{Payload, Stimulus};
use rampmeter_store::StoreError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::task::{TaskReport, TaskResult};

use crate::apply::turn::Turn;
use crate::apply::workflow::advance::Advanced;
use crate::apply::workflow::data::LONGEST_DATA;

impl Turn<'_> {
    /// Resumes the execution that waits for this task token.
    pub(crate) fn report_task(
        &mut self,
        report: TaskReport,
    ) -> Result<Result<(), Rejected>, StoreError> {
        let Some((execution, event)) = self.memory.seal.open(&report.task_token) else {
            return Ok(Err(Rejected::InvalidToken("Invalid token".to_owned())));
        };
        let stimulus = match report.result {
            TaskResult::Success { output } => match read_output(&output) {
                Ok(output) => Stimulus::TaskSucceeded { event, output },
                Err(refused) => return Ok(Err(refused)),
            },
            TaskResult::Failure { error, cause } => Stimulus::TaskFailed {
                event,
                error,
                cause,
            },
            TaskResult::Heartbeat => Stimulus::TaskHeartbeat { event },
        };
        let Some(execution) = self.store().execution(execution)? else {
            return Ok(Err(Rejected::TaskDoesNotExist));
        };
        Ok(match self.advance(execution, stimulus, None)? {
            Advanced::Moved => Ok(()),
            Advanced::Stale => Err(Rejected::TaskTimedOut),
        })
    }
}

fn read_output(text: &str) -> Result<Payload, Rejected> {
    if text.len() > LONGEST_DATA {
        return Err(Rejected::InvalidOutput(format!(
            "Output exceeds the maximum number of bytes allowed: {LONGEST_DATA}"
        )));
    }
    Payload::parse(text).map_err(|error| Rejected::InvalidOutput(error.to_string()))
}

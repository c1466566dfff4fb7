//! DescribeExecution: one execution with its input and what it ended with.

use rampmeter_asl::Detail;

use crate::model::execution::ExecutionDescription;
use crate::model::rejected::Rejected;
use crate::query::{Reader, step_events};

impl Reader {
    /// DescribeExecution.
    pub fn describe_execution(&self, arn: &str) -> Result<ExecutionDescription, Rejected> {
        self.with(|connection| {
            let row = self.find(connection, arn)?;
            let first = step_events(connection, row.first_step)?.0;
            let input = first.first().and_then(|event| match &event.detail {
                Detail::ExecutionStarted { input, .. } => Some(input.text().to_owned()),
                _ => None,
            });
            let last = step_events(connection, row.last_step)?.0.pop();
            let (output, error, cause) = match last.map(|event| event.detail) {
                Some(Detail::ExecutionSucceeded { output }) => {
                    (Some(output.text().to_owned()), None, None)
                }
                Some(
                    Detail::ExecutionFailed { error, cause }
                    | Detail::ExecutionTimedOut { error, cause }
                    | Detail::ExecutionAborted { error, cause },
                ) => (None, error, cause),
                _ => (None, None, None),
            };
            Ok(ExecutionDescription {
                summary: self.summary(connection, &row)?,
                input: input.unwrap_or_default(),
                output,
                error,
                cause,
            })
        })
    }
}

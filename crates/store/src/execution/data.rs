//! The data of executions: its maximum size, and where the store keeps input and output.

use rampmeter_asl::{Detail, Payload, record};

use crate::error::StoreError;
use crate::execution::row::ExecutionRow;
use crate::tables::ExecutionTables;

/// AWS's limit for the input and output of states, tasks and executions, in bytes of UTF-8.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const MAX_DATA_BYTES: usize = 262_144;

/// The input of an execution, from its first event.
pub fn stored_input(
    executions: ExecutionTables<'_>,
    execution: &ExecutionRow,
) -> Result<Payload, StoreError> {
    let data = executions.step_data(execution.first_step)?;
    let damaged =
        |what: String| StoreError::damaged(format!("step {}: {what}", execution.first_step.0));
    let step = record::decode(&data).map_err(|error| damaged(error.to_string()))?;
    match step.events.into_iter().next().map(|event| event.detail) {
        Some(Detail::ExecutionStarted { input, .. }) => Ok(input),
        _ => Err(damaged(
            "its first event is not ExecutionStarted".to_owned(),
        )),
    }
}

/// The output of an execution that succeeded, from its last event.
pub fn stored_output(
    executions: ExecutionTables<'_>,
    execution: &ExecutionRow,
) -> Result<Payload, StoreError> {
    let damaged =
        |what: String| StoreError::damaged(format!("step {}: {what}", execution.last_step.0));
    let data = executions.step_data(execution.last_step)?;
    let step = record::decode(&data).map_err(|error| damaged(error.to_string()))?;
    match step
        .events
        .into_iter()
        .next_back()
        .map(|event| event.detail)
    {
        Some(Detail::ExecutionSucceeded { output }) => Ok(output),
        _ => Err(damaged(
            "its last event is not ExecutionSucceeded".to_owned(),
        )),
    }
}

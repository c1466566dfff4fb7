//! Counts the executions that have ended, and tells the log of those that failed, once that is on disk. What they failed of is not
//! in the log: a cause may hold what a vendor answered. The history of the execution has it.

use rampmeter_store::model::figures::EndedExecution;

use crate::memory::WorkflowMemory;

/// Counts and tells.
pub(crate) fn tell(memory: &mut WorkflowMemory, ends: &[EndedExecution]) {
    for ended in ends {
        memory.ended.note(ended);
        if ended.has_failed()
            && let Some(left_out) = memory.failure_log.line(ended.at)
        {
            tracing::warn!(
                execution = ended.execution_arn,
                workflow = ended.workflow,
                status = ended.status.as_str(),
                error = ended.error.as_deref().unwrap_or_default(),
                left_out,
                "an execution failed"
            );
        }
    }
}

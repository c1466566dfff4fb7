//! Counts the executions that have ended, and logs those that failed, once that is on disk. The cause of a failure is
//! not logged, since it may hold what a vendor answered; the history of the execution has it.

use rampmeter_store::model::figures::EndedExecution;

use crate::memory::WorkflowMemory;

/// Counts and logs.
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

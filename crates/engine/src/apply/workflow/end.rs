//! An execution has ended: what is to be counted and logged once that is on disk.

use rampmeter_asl::End;
use rampmeter_store::model::figures::EndedExecution;

use crate::apply::subject::Subject;
use crate::apply::workflow::context::WorkflowContext;
use crate::apply::workflow::work::Moving;

impl WorkflowContext<'_> {
    /// Notes the end of an execution. A map run's child is left to its parent; an execution whose definition cannot be
    /// read is reported as damaged instead.
    pub(crate) fn note_end(&mut self, moving: &Moving, end: &End) {
        let row = &moving.row;
        let (Some(stopped_at), Some(machine), None) =
            (row.stopped_at, moving.machine_if_read(), &row.item)
        else {
            return;
        };
        let error = match end {
            End::Succeeded { .. } => None,
            End::Failed { error, .. }
            | End::TimedOut { error, .. }
            | End::Aborted { error, .. } => error.clone(),
        };
        let ended = EndedExecution {
            execution_arn: row.arn(self.arns, &machine.name),
            workflow: machine.name.clone(),
            status: row.status,
            error,
            took: stopped_at.saturating_since(row.started_at),
            at: stopped_at,
        };
        self.journal_mut().out.ends.push(ended);
    }
}

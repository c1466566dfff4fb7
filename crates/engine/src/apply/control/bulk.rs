//! The same change to many items: one entry of the audit trail says what is meant, and each single change refers to it.

use rampmeter_store::model::control::{Action, BulkChange};
use rampmeter_store::model::execution::RedriveExecution;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{StoreFailure, TransactionError};
use rampmeter_time::UnixMillis;

use crate::apply::control::context::ControlContext;

impl ControlContext<'_> {
    /// Notes a change that a person is about to make to many items. Returns the number of its entry.
    pub(crate) fn begin_bulk(&mut self, bulk: &BulkChange) -> Result<i64, StoreFailure> {
        let (kind, change) = (bulk.kind.as_str(), &bulk.chosen_by);
        self.record_control(&bulk.target, kind, &bulk.subject, change, &bulk.reason)
    }

    /// Redrives a failed execution, with an audit entry of its own unless it is part of a bulk change.
    pub(crate) fn redrive_execution(
        &mut self,
        redrive: &RedriveExecution,
    ) -> Result<UnixMillis, TransactionError> {
        self.check_bulk(redrive.bulk)?;
        let redriven_at = self.workflow.redrives().redrive_execution(redrive)?;
        if redrive.bulk.is_none() {
            let (action, arn) = (Action::RedriveExecution, &redrive.execution_arn);
            self.workflow.calls.record_action(action, "", arn, "")?;
        }
        Ok(redriven_at)
    }

    /// Refuses a change that refers to an entry that does not exist or is not a bulk change's, so that every change is
    /// on record.
    pub(crate) fn check_bulk(&self, bulk: Option<i64>) -> Result<(), TransactionError> {
        match bulk {
            Some(entry) if !self.workflow.calls.store.controls.is_bulk(entry)? => {
                let what = format!("there is no change of many with the number {entry}");
                Err(Rejected::Unknown(what).into())
            }
            _ => Ok(()),
        }
    }
}

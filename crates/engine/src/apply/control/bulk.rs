//! The same change to many: one entry of the audit trail says what is meant, and each of the changes refers to it.

use rampmeter_store::model::control::BulkChange;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{StoreFailure, TransactionError};

use crate::apply::control::context::ControlContext;

impl ControlContext<'_> {
    /// Notes what a person is about to do to many. Answers the number of that entry.
    pub(crate) fn begin_bulk(&mut self, bulk: &BulkChange) -> Result<i64, StoreFailure> {
        let (kind, change) = (bulk.kind.as_str(), &bulk.chosen_by);
        self.record_control(&bulk.target, kind, &bulk.subject, change, &bulk.reason)
    }

    /// Refuses a change that refers to an entry which is not there, or stands for one change alone: no change is without an
    /// entry.
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

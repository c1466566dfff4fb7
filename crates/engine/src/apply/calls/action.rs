//! What clients do to executions and calls, in the audit trail: in the same transaction, with the name of whoever did it.

use rampmeter_store::StoreFailure;
use rampmeter_store::model::control::{Action, ControlRecord};

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

impl CallContext<'_> {
    /// Records an action, if the actor is known. `target` is empty for an action without a target.
    pub(crate) fn record_action(
        &mut self,
        action: Action,
        target: &str,
        subject: &str,
        reason: &str,
    ) -> Result<(), StoreFailure> {
        let actor = self.journal().actor.as_deref();
        let Some(actor) = actor.filter(|actor| action.is_told_of(actor)) else {
            return Ok(());
        };
        let record = ControlRecord {
            at: self.now_millis(),
            target: target.to_owned(),
            kind: action.kind().to_owned(),
            subject: subject.to_owned(),
            change: String::new(),
            reason: reason.to_owned(),
            by: Some(actor.clone()),
        };
        self.store.controls.insert_control(&record)?;
        Ok(())
    }
}

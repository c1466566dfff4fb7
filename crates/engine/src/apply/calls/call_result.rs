//! What remains of an ended call: the file with its answer's body, if that was too long for a workflow's data, and the
//! outcome of a call for which no workflow waits.

use std::borrow::Cow;

use rampmeter_call::Answer;
use rampmeter_index::InFlight;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{BodyRow, OutcomeRow, StoreError};
use serde_json::Value;

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

impl CallContext<'_> {
    /// The answer as the workflow gets it. A body in a file belongs to the call from this transaction on; the file was
    /// synced before the answer came here.
    pub(crate) fn keep_body<'a>(
        &mut self,
        call: &InFlight,
        answer: &'a Answer,
    ) -> Result<Cow<'a, Answer>, StoreError> {
        let Some(stored) = &answer.stored else {
            return Ok(Cow::Borrowed(answer));
        };
        let name = stored.path().file_name().and_then(|name| name.to_str());
        let id = name.and_then(|name| name.parse().ok());
        let message = call.message.id;
        self.store.calls.insert_body(&BodyRow {
            id: id.expect("a file of a body is called after a permit"),
            message,
            execution: call.message.task.map(|(execution, _)| execution),
            size: stored.size,
            sha256: stored.sha256.clone(),
            content_type: stored.content_type.clone(),
            at: self.now(),
        })?;
        // A commit that fails ends the process, and the next start removes the file.
        stored.keep();
        let mut named = answer.clone();
        if let Some(stored) = &mut named.stored {
            stored.call = Some(format!("c-{}", message.0));
        }
        Ok(Cow::Owned(named))
    }

    /// Keeps the output of a call for which no workflow waits.
    pub(crate) fn keep_outcome(
        &mut self,
        target: TargetId,
        call: &InFlight,
        output: &Value,
    ) -> Result<(), StoreError> {
        let message = &call.message;
        let outcome = OutcomeRow {
            message: message.id,
            target: self.target(target).config.name.clone(),
            lane: u8::try_from(call.priority.index()).expect("there are three lanes"),
            key: message.key.clone(),
            sent_at: message.sent_at,
            first_started_at: message.first_started_at,
            ended_at: self.now(),
            receive_count: message.receive_count,
            attempts: message.attempts,
            told: output.to_string(),
        };
        self.store.calls.insert_outcome(&outcome)
    }
}

//! A call that failed for good: its task fails, and its message moves to the dead-letter queue as the record of it.

use rampmeter_asl::Stimulus;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{DeadLetter, MessageRow, Readable, StoreError, message_body, readable};

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

impl CallContext<'_> {
    /// Fails the task and moves the message. `call` is the audit of the call, if it was ever sent.
    pub(crate) fn fail_call(
        &mut self,
        target: TargetId,
        message: &MessageRow,
        error: &str,
        cause: &str,
        call: Option<String>,
    ) -> Result<(), StoreError> {
        self.move_to_dead_letter(target, message, error, cause)?;
        self.lanes().leave_order(target, message)?;
        self.lanes().note_lost(message)?;
        let Some((execution, event)) = message.task else {
            return Ok(());
        };
        let stimulus = Stimulus::TaskFailed {
            event,
            error: Some(error.to_owned()),
            cause: Some(cause.to_owned()),
        };
        self.tell_of_call(execution, stimulus, self.now(), call);
        Ok(())
    }

    /// Moves the message. It may outlive the execution that sent it, and with that the step that holds its body, so it
    /// is given a copy.
    pub(crate) fn move_to_dead_letter(
        &mut self,
        target: TargetId,
        message: &MessageRow,
        error: &str,
        cause: &str,
    ) -> Result<(), StoreError> {
        if message.stored.is_some() {
            match readable(message_body(self.queue.store.executions, message))? {
                Readable::Whole(body) => self.store.messages.give_body(message.id, &body)?,
                Readable::Damaged(why) => {
                    tracing::warn!(message = message.id.0, %why, "a dead letter has no body");
                }
            }
        }
        let queue = self.queue.memory.queues.get(message.queue);
        let letter = DeadLetter {
            message: message.id,
            failed_at: self.now(),
            error,
            cause,
            lane: queue.and_then(|queue| queue.lane),
        };
        let dead = self.target(target).dead;
        self.store.controls.move_to_dead_letter(dead, &letter)
    }
}

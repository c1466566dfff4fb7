//! A call that failed for good: its task fails, and its message becomes the record of that in the dead-letter queue.

use rampmeter_asl::Stimulus;

use crate::id::TargetId;
use crate::store::{DeadLetter, MessageRow, StoreError};
use crate::turn::Turn;

impl Turn<'_> {
    /// Fails the task and moves the message. `call` is the audit of the call, if one was made.
    pub(super) fn fail_call(
        &mut self,
        target: TargetId,
        message: &MessageRow,
        error: &str,
        cause: &str,
        call: Option<&str>,
    ) -> Result<(), StoreError> {
        let dead = self.target(target).dead;
        let letter = DeadLetter {
            message: message.id,
            failed_at: self.now,
            error,
            cause,
        };
        self.store().bury(dead, &letter)?;
        self.leave_order(target, message)?;
        let Some((execution, event)) = message.task else {
            return Ok(());
        };
        if let Some(execution) = self.store().execution(execution)? {
            let stimulus = Stimulus::TaskFailed {
                event,
                error: Some(error.to_owned()),
                cause: Some(cause.to_owned()),
            };
            self.advance(execution, stimulus, call)?;
        }
        Ok(())
    }
}

//! ReceiveRequestAttemptId: a client that lost the answer of a receive from a FIFO queue asks again with the same id and
//! gets the same messages with the same receipt handles, as long as none of them has been deleted, changed or received
//! by somebody else. Their visibility timeout starts again.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html>

use std::time::Duration;

use rampmeter_store::model::id::MessageNumber;
use rampmeter_store::{Hidden, StoreError};
use sha2::{Digest, Sha256};

use crate::apply::queues::receive::Receives;
use crate::apply::queues::receive::Taken;
use crate::apply::subject::Subject;
use rampmeter_index::Taking;

/// How long an attempt can be repeated: the deduplication interval.
const REPEATABLE: Duration = Duration::from_secs(300);

/// Half of the SHA-256 of an attempt's id, so that the index has keys of one length.
pub(crate) fn digest(id: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(id)[..16]);
    digest
}

impl Receives<'_, '_> {
    /// The messages that an earlier receive with this attempt's id took, if they still are as it left them.
    pub(crate) fn take_again(&mut self, taking: Taking) -> Result<Option<Taken>, StoreError> {
        let Some(digest) = taking.attempt else {
            return Ok(None);
        };
        let Some(receives) =
            self.store
                .messages
                .attempt(taking.queue, &digest, self.queue.now())?
        else {
            return Ok(None);
        };
        let mut taken = Taken::default();
        for (number, receive) in receives {
            let Some(message) = self.store.messages.message(number)? else {
                return Ok(None);
            };
            let hidden = self.store.queues.hidden(taking.queue, number)?;
            let in_flight = hidden.is_some_and(|hidden| hidden.received_at.is_some());
            if message.queue != taking.queue || message.receive_count != receive || !in_flight {
                return Ok(None);
            }
            let envelope = self.store.queues.envelope(number)?;
            taken.messages.push((message, envelope));
        }
        for (message, _) in &taken.messages {
            self.queue.unhide(taking.queue, message.id)?;
            let hidden = Hidden {
                until: self.queue.now().saturating_add(taking.invisible),
                received_at: Some(self.queue.now()),
            };
            self.queue.hide_received(taking.queue, message.id, hidden)?;
        }
        Ok(Some(taken))
    }

    /// Remembers what a receive with an attempt's id took.
    pub(crate) fn remember_taken(
        &mut self,
        taking: Taking,
        taken: &Taken,
    ) -> Result<(), StoreError> {
        let Some(digest) = taking.attempt.filter(|_| !taken.messages.is_empty()) else {
            return Ok(());
        };
        let receives: Vec<(MessageNumber, u32)> = taken
            .messages
            .iter()
            .map(|(message, _)| (message.id, message.receive_count))
            .collect();
        let until = self.queue.now().saturating_add(REPEATABLE);
        self.store.messages.remember_attempt(
            taking.queue,
            &digest,
            &receives,
            self.queue.now(),
            until,
        )
    }
}

//! SendMessage to a plain queue: SQS's rules for a message, its delay, and deduplication on FIFO queues.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use std::time::Duration;

use rampmeter_call::CallMessage;
use rampmeter_store::model::id::{MessageNumber, QueueId, message_id};
use rampmeter_store::model::sqs::message_rules::{check_message, deduplication_id, delay_of};
use rampmeter_store::model::sqs::{
    SendMessage, SentMessage, md5_of_attributes, md5_of_body, message_attribute,
};
use rampmeter_store::{Envelope, MessageRow, StoreError};
use sha2::{Digest, Sha256};

use crate::apply::queues::Applied;
use crate::apply::queues::context::QueueContext;
use crate::apply::subject::Subject;

/// How long a deduplication id is remembered.
const DEDUPLICATION: Duration = Duration::from_secs(300);

/// A message of a plain queue, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct PlainMessage {
    pub(crate) row: MessageRow,
    pub(crate) envelope: Envelope,
    pub(crate) delay: Duration,
}

/// The number that a message gets, and the message unless it was sent before.
type Made = (MessageNumber, Option<PlainMessage>);

impl QueueContext<'_> {
    /// Sends to a plain queue. `batched` matters only to the texts of errors, which differ by a word.
    pub(crate) fn send_plain(
        &mut self,
        queue: QueueId,
        request: SendMessage,
        batched: bool,
    ) -> Applied<SentMessage> {
        let (sent, message) = self.make_plain(queue, request, batched)?;
        if let Some(message) = message {
            self.put_plain(&message.row, &message.envelope, message.delay)?;
        }
        Ok(sent)
    }

    /// The response to a SendMessage, and the message to write unless it was sent before.
    pub(crate) fn make_plain(
        &mut self,
        queue: QueueId,
        request: SendMessage,
        batched: bool,
    ) -> Applied<(SentMessage, Option<PlainMessage>)> {
        let record = self.queue_record(queue);
        let checked = check_message(record, &request, batched)
            .and_then(|()| delay_of(record, request.delay_seconds))
            .and_then(|delay| Ok((delay, deduplication_id(record, &request)?)));
        let (delay, deduplication_id) = checked?;
        let fifo = record.attributes.is_fifo();
        let mut sent = SentMessage {
            message_id: String::new(),
            md5_of_body: md5_of_body(&request.body),
            md5_of_attributes: md5_of_attributes(&request.attributes),
            md5_of_system_attributes: md5_of_attributes(&request.system_attributes),
            sequence_number: None,
        };
        let envelope = Envelope {
            attributes: request.attributes,
            system_attributes: message_attribute::with_trace(
                request.system_attributes,
                request.trace_header,
            ),
            group_id: request.group_id,
            deduplication_id,
            source: None,
            received_before: 0,
        };
        let (number, message) = self.number_plain(queue, request.body, envelope, delay)?;
        sent.message_id = message_id(self.seal.key(), number);
        sent.sequence_number = fifo.then(|| sequence_number(number));
        Ok((sent, message))
    }

    /// Gives the message a number, or finds the one under which it was sent in the last five minutes.
    fn number_plain(
        &mut self,
        queue: QueueId,
        body: String,
        envelope: Envelope,
        delay: Duration,
    ) -> Result<Made, StoreError> {
        let now = self.now();
        let digest = self.deduplication_digest(queue, &envelope);
        if let Some(digest) = &digest {
            let purged_below = MessageNumber(self.queue_record(queue).purged_below);
            let messages = self.store.messages;
            if let Some(earlier) = messages.duplicate_of(queue, digest, purged_below, now)? {
                return Ok((earlier, None));
            }
        }
        let number = MessageNumber(self.memory.message_numbers.take(self.ledger)?);
        if let Some(digest) = &digest {
            let until = now.saturating_add(DEDUPLICATION);
            self.store
                .messages
                .remember_deduplication(queue, digest, number, now, until)?;
        }
        let mut row = self.plain_row(number, queue, body);
        self.note_call(&mut row);
        Ok((
            number,
            Some(PlainMessage {
                row,
                envelope,
                delay,
            }),
        ))
    }

    /// Notes whose task a message in a queue of an external worker belongs to: the target may be given an embedded
    /// worker before the message is received.
    fn note_call(&mut self, row: &mut MessageRow) {
        let Some(target) = self.memory.queues.target_of(row.queue) else {
            return;
        };
        let body = row.body.as_deref().unwrap_or_default();
        let account = &self.memory.queues.config_of(target).account;
        if let Ok(call) = CallMessage::parse(body, account) {
            let token = call.task_token.as_deref();
            row.task = token.and_then(|token| self.seal.open(token));
            row.key.clone_from(&call.key);
        }
    }

    /// The row of a message that is not a call.
    pub(crate) fn plain_row(&self, id: MessageNumber, queue: QueueId, body: String) -> MessageRow {
        MessageRow {
            id,
            queue,
            task: None,
            entered: None,
            stored: None,
            body: Some(body),
            key: None,
            sent_at: self.now(),
            first_started_at: None,
            receive_count: 0,
            attempts: 0,
            crashes: 0,
            refusals: 0,
            lost_until: None,
            turn: 0,
            group: None,
            ordering: None,
        }
    }

    /// What two messages that count as one have in common: their deduplication id, and their group if the queue
    /// deduplicates within groups. Half of a SHA-256, so that the index has keys of one length.
    fn deduplication_digest(&self, queue: QueueId, envelope: &Envelope) -> Option<[u8; 16]> {
        let id = envelope.deduplication_id.as_deref()?;
        let record = self.queue_record(queue);
        if !record.attributes.is_fifo() {
            return None;
        }
        let mut hash = Sha256::new();
        if record.group_scope {
            hash.update(envelope.group_id.as_deref().unwrap_or_default());
        }
        hash.update([0]);
        hash.update(id);
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.finalize()[..16]);
        Some(digest)
    }
}

/// Twenty digits, as AWS's sequence numbers have.
pub(crate) fn sequence_number(message: MessageNumber) -> String {
    format!("{:020}", message.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_have_twenty_digits_and_grow() {
        let (first, second) = (
            sequence_number(MessageNumber(9)),
            sequence_number(MessageNumber(10)),
        );
        assert_eq!(first.len(), 20);
        assert!(first < second);
    }
}

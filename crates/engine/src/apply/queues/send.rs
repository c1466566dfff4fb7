//! SendMessage to a plain queue: SQS's rules for a message, its delay, and deduplication on FIFO queues.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use std::time::Duration;

use rampmeter_call::CallMessage;
use rampmeter_store::model::id::{MessageNumber, QueueId, message_id};
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::attributes::parameter;
use rampmeter_store::model::sqs::queue::QueueRecord;
use rampmeter_store::model::sqs::{
    SendMessage, SentMessage, md5_of_attributes, md5_of_body, message_attribute,
};
use rampmeter_store::{Envelope, MessageRow, StoreError};
use sha2::{Digest, Sha256};

use crate::apply::queues::Applied;
use crate::apply::queues::context::QueueContext;
use crate::apply::queues::message_rules::{
    check_attributes, check_characters, check_delay, check_id, length,
};
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
    /// Sends to a plain queue. `batched`: the texts of errors differ by a word.
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

    /// The answer to a SendMessage, and the message to write unless it was sent before.
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
        if let Some(digest) = &digest
            && let Some(earlier) = self.store.messages.duplicate_of(queue, digest, now)?
        {
            return Ok((earlier, None));
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

    /// Notes whose task a message in a queue of an external worker is: the target may be given an embedded one before
    /// it is received.
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

    /// The row of a message that is no call.
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
            turn: 0,
            group: None,
            ordering: None,
        }
    }

    /// What two messages that count as one have in common: their deduplication id, and their group if the queue
    /// looks within groups. Half of SHA-256, so that the index has keys of one length.
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

fn check_message(
    record: &QueueRecord,
    request: &SendMessage,
    batched: bool,
) -> Result<(), Rejected> {
    if request.body.is_empty() {
        return Err(QueueError::MissingParameter("MessageBody").into());
    }
    let longest = record.attributes.maximum_message_size();
    if length(request) > longest {
        let are = if batched {
            "cannot be validated"
        } else {
            "are invalid"
        };
        return Err(Rejected::InvalidParameter(format!(
            "One or more parameters {are}. Reason: Message must be shorter than {longest} bytes."
        )));
    }
    check_characters(&request.body)?;
    check_attributes(&request.attributes)?;
    message_attribute::check_system(&request.system_attributes)?;
    if let Some(group) = &request.group_id {
        check_id("MessageGroupId", group)?;
    }
    Ok(())
}

/// A delay of its own is for messages of standard queues only; 0 stands for the queue's own on a FIFO queue.
fn delay_of(record: &QueueRecord, seconds: Option<i64>) -> Result<Duration, Rejected> {
    match seconds {
        None => Ok(record.attributes.delay()),
        Some(0) if record.attributes.is_fifo() => Ok(record.attributes.delay()),
        Some(seconds) if record.attributes.is_fifo() => {
            Err(parameter("DelaySeconds", &seconds.to_string(), WRONG_TYPE))
        }
        seconds => check_delay(seconds),
    }
}

pub(crate) const WRONG_TYPE: &str =
    "The request include parameter that is not valid for this queue type.";

/// The deduplication id of a message of a FIFO queue: its own, or the SHA-256 of its body.
fn deduplication_id(
    record: &QueueRecord,
    request: &SendMessage,
) -> Result<Option<String>, Rejected> {
    let given = request.deduplication_id.as_deref();
    if !record.attributes.is_fifo() {
        return match given {
            Some(id) => Err(parameter("MessageDeduplicationId", id, WRONG_TYPE)),
            None => Ok(None),
        };
    }
    if request.group_id.is_none() {
        return Err(QueueError::MissingParameter("MessageGroupId").into());
    }
    match given {
        Some(id) => {
            check_id("MessageDeduplicationId", id)?;
            Ok(Some(id.to_owned()))
        }
        None if record.attributes.content_based_deduplication() => {
            Ok(Some(sha256_hex(&request.body)))
        }
        None => Err(Rejected::InvalidParameter(NO_DEDUPLICATION.to_owned())),
    }
}

pub(crate) const NO_DEDUPLICATION: &str = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";

fn sha256_hex(text: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_groups_are_letters_digits_and_punctuation() {
        assert!(check_id("MessageGroupId", "a-1!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~").is_ok());
        for bad in ["", "a b", "é", &"a".repeat(129)] {
            assert!(check_id("MessageGroupId", bad).is_err(), "{bad}");
        }
    }

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

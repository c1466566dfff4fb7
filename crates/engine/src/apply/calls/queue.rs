//! Operations on a queue that may be a lane of calls or a plain queue: batches of messages, and the queue's attributes.

use rampmeter_store::TransactionError;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::batch_rules::check_batch;
use rampmeter_store::model::sqs::message_rules::NO_DEDUPLICATION;
use rampmeter_store::model::sqs::message_rules::length;
use rampmeter_store::model::sqs::{Batch, BatchAnswer, SendMessage, SentMessage};

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;
use crate::command::queue::QueueDescription;

/// Longest batch of messages, in bytes.
const MAX_BATCH_BYTES: usize = 1_048_576;

impl CallContext<'_> {
    /// A queue's attributes, with its calls in flight when it belongs to an embedded worker.
    pub(crate) fn describe_queue(&mut self, url: &str) -> Result<QueueDescription, Rejected> {
        let description = self.queue.settings().describe_queue(url)?;
        let id = description.id;
        let calls_in_flight = self.queue.memory.queues.get(id).map(|queue| {
            let calls = self.target(queue.target).in_flight.values();
            calls.filter(|call| call.message.queue == id).count() as u64
        });
        Ok(QueueDescription {
            calls_in_flight,
            ..description
        })
    }

    /// Sends each message of a batch by itself.
    pub(crate) fn send_message_batch(
        &mut self,
        batch: Batch<SendMessage>,
    ) -> Result<BatchAnswer<SentMessage>, TransactionError> {
        let queue = self.queue.find_queue(&batch.queue_url)?.id;
        check_batch("SendMessageBatch", &batch)?;
        self.check_messages(queue, &batch)?;
        let plain = self.queue.memory.queues.is_plain(queue);
        let mut answer = Vec::with_capacity(batch.entries.len());
        for (id, mut message) in batch.entries {
            let sent = self.answer_to(|calls| {
                if plain {
                    return calls.queue.send_plain(queue, message, true);
                }
                message.queue_url.clone_from(&batch.queue_url);
                calls.send_message(message)
            })?;
            answer.push((id, sent));
        }
        Ok(answer)
    }

    /// What SQS refuses of a batch of messages as a whole.
    fn check_messages(&self, queue: QueueId, batch: &Batch<SendMessage>) -> Result<(), Rejected> {
        let attributes = &self.queue.queue_record(queue).attributes;
        for (_, message) in batch.entries.iter().filter(|_| attributes.is_fifo()) {
            if message.group_id.is_none() {
                return Err(QueueError::MissingParameter("MessageGroupId").into());
            }
            let content_based = attributes.content_based_deduplication();
            if message.deduplication_id.is_none() && !content_based {
                return Err(Rejected::InvalidParameter(NO_DEDUPLICATION.to_owned()));
            }
        }
        let total: usize = batch
            .entries
            .iter()
            .map(|(_, message)| length(message))
            .sum();
        if total > MAX_BATCH_BYTES {
            return Err(QueueError::BatchRequestTooLong(total).into());
        }
        Ok(())
    }
}

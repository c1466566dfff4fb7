//! Batches: SQS's rules for the whole, and then each entry by itself. An entry that is refused does not touch the
//! others.

use std::collections::BTreeSet;

use rampmeter_store::TransactionError;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::{
    Batch, BatchAnswer, ChangeMessageVisibility, DeleteMessage, SendMessage, SentMessage,
};

use crate::apply::queues::Applied;
use crate::apply::queues::message_rules::length;
use crate::apply::queues::send::NO_DEDUPLICATION;
use crate::apply::turn::Turn;

/// Most entries of a batch.
const MOST: usize = 10;

/// Longest id of an entry.
const LONGEST_ID: usize = 80;

/// Longest batch of messages, in bytes.
const LONGEST: usize = 1_048_576;

impl Turn<'_> {
    pub(crate) fn send_message_batch(
        &mut self,
        batch: Batch<SendMessage>,
    ) -> Applied<BatchAnswer<SentMessage>> {
        let queue = self.find_queue(&batch.queue_url)?.id;
        check_batch("SendMessageBatch", &batch)?;
        self.check_messages(queue, &batch)?;
        let plain = self.memory.queue.queues.is_plain(queue);
        let mut answer = Vec::with_capacity(batch.entries.len());
        for (id, mut message) in batch.entries {
            let sent = self.answer_to(|turn| {
                if plain {
                    return turn.send_plain(queue, message, true);
                }
                message.queue_url.clone_from(&batch.queue_url);
                turn.send_message(message)
            })?;
            answer.push((id, sent));
        }
        Ok(answer)
    }

    /// What SQS refuses of a batch of messages as a whole.
    fn check_messages(&self, queue: QueueId, batch: &Batch<SendMessage>) -> Result<(), Rejected> {
        let attributes = &self.queue_record(queue).attributes;
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
        if total > LONGEST {
            return Err(QueueError::BatchRequestTooLong(total).into());
        }
        Ok(())
    }

    pub(crate) fn delete_message_batch(
        &mut self,
        batch: &Batch<DeleteMessage>,
    ) -> Applied<BatchAnswer<()>> {
        self.each("DeleteMessageBatch", batch, Turn::delete_from)
    }

    pub(crate) fn change_message_visibility_batch(
        &mut self,
        batch: &Batch<ChangeMessageVisibility>,
    ) -> Applied<BatchAnswer<()>> {
        self.each(
            "ChangeMessageVisibilityBatch",
            batch,
            Turn::change_visibility_in,
        )
    }

    fn each<T>(
        &mut self,
        operation: &'static str,
        batch: &Batch<T>,
        mut apply: impl FnMut(&mut Self, QueueId, &T) -> Result<(), TransactionError>,
    ) -> Applied<BatchAnswer<()>> {
        let queue = self.find_plain_queue(&batch.queue_url)?;
        check_batch(operation, batch)?;
        let mut answer = Vec::with_capacity(batch.entries.len());
        for (id, entry) in &batch.entries {
            let done = self.answer_to(|turn| apply(turn, queue, entry))?;
            answer.push((id.clone(), done));
        }
        Ok(answer)
    }
}

fn check_batch<T>(operation: &'static str, batch: &Batch<T>) -> Result<(), Rejected> {
    if batch.entries.is_empty() {
        return Err(QueueError::EmptyBatchRequest(operation).into());
    }
    if batch.entries.len() > MOST {
        return Err(QueueError::TooManyEntriesInBatchRequest(batch.entries.len()).into());
    }
    let mut seen = BTreeSet::new();
    for (id, _) in &batch.entries {
        let allowed = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(allowed) {
            return Err(QueueError::InvalidBatchEntryId.into());
        }
        if !seen.insert(id) {
            return Err(QueueError::BatchEntryIdsNotDistinct(id.clone()).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(ids: &[&str]) -> Batch<()> {
        Batch {
            queue_url: "q".to_owned(),
            entries: ids.iter().map(|id| ((*id).to_owned(), ())).collect(),
        }
    }

    #[test]
    fn a_batch_has_one_to_ten_entries_with_distinct_ids() {
        let check = |ids: &[&str]| check_batch("SendMessageBatch", &batch(ids));
        assert_eq!(check(&["a", "b_-9"]), Ok(()));
        assert_eq!(
            check(&[]),
            Err(QueueError::EmptyBatchRequest("SendMessageBatch").into())
        );
        assert_eq!(
            check(&["a"; 11]),
            Err(QueueError::TooManyEntriesInBatchRequest(11).into())
        );
        assert_eq!(
            check(&["a", "a"]),
            Err(QueueError::BatchEntryIdsNotDistinct("a".into()).into())
        );
        for id in ["", "a:b", &"a".repeat(81)] {
            assert_eq!(
                check(&[id]),
                Err(QueueError::InvalidBatchEntryId.into()),
                "{id}"
            );
        }
    }
}

//! Batches of what is done with receipt handles: SQS's rules for the whole, and then each entry by itself. An entry that is refused does not touch the
//! others.

use std::collections::BTreeSet;

use rampmeter_store::TransactionError;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::{Batch, BatchAnswer, ChangeMessageVisibility, DeleteMessage};

use crate::apply::queues::Applied;
use crate::apply::queues::receipt::Receipts;
use crate::apply::subject::Subject;

/// Most entries of a batch.
const MAX_ENTRIES: usize = 10;

/// Longest id of an entry.
const MAX_ID_CHARS: usize = 80;

impl Receipts<'_, '_> {
    pub(crate) fn delete_message_batch(
        &mut self,
        batch: &Batch<DeleteMessage>,
    ) -> Applied<BatchAnswer<()>> {
        self.each("DeleteMessageBatch", batch, |receipts, queue, entry| {
            receipts.delete_from(queue, entry)
        })
    }

    pub(crate) fn change_message_visibility_batch(
        &mut self,
        batch: &Batch<ChangeMessageVisibility>,
    ) -> Applied<BatchAnswer<()>> {
        self.each(
            "ChangeMessageVisibilityBatch",
            batch,
            |receipts, queue, entry| receipts.change_visibility_in(queue, entry),
        )
    }

    fn each<T>(
        &mut self,
        operation: &'static str,
        batch: &Batch<T>,
        mut apply: impl FnMut(&mut Receipts<'_, '_>, QueueId, &T) -> Result<(), TransactionError>,
    ) -> Applied<BatchAnswer<()>> {
        let queue = self.queue.find_plain_queue(&batch.queue_url)?;
        check_batch(operation, batch)?;
        let mut answer = Vec::with_capacity(batch.entries.len());
        for (id, entry) in &batch.entries {
            let done = self
                .queue
                .answer_to(|context| apply(&mut context.receipts(), queue, entry))?;
            answer.push((id.clone(), done));
        }
        Ok(answer)
    }
}

pub(crate) fn check_batch<T>(operation: &'static str, batch: &Batch<T>) -> Result<(), Rejected> {
    if batch.entries.is_empty() {
        return Err(QueueError::EmptyBatchRequest(operation).into());
    }
    if batch.entries.len() > MAX_ENTRIES {
        return Err(QueueError::TooManyEntriesInBatchRequest(batch.entries.len()).into());
    }
    let mut seen = BTreeSet::new();
    for (id, _) in &batch.entries {
        let allowed = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        if id.is_empty() || id.len() > MAX_ID_CHARS || !id.bytes().all(allowed) {
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

//! SQS's rules for a batch as a whole: how many entries it has, and that their ids are distinct.

use std::collections::BTreeSet;

use crate::model::queue_error::QueueError;
use crate::model::rejected::Rejected;
use crate::model::sqs::Batch;

/// The maximum of entries in a batch.
const MAX_ENTRIES: usize = 10;

/// The maximum length of an entry's id.
const MAX_ID_CHARS: usize = 80;

/// Refuses a batch that is empty or too long, or whose entries do not have distinct, valid ids.
pub fn check_batch<T>(operation: &'static str, batch: &Batch<T>) -> Result<(), Rejected> {
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

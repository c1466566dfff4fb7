//! Batches of items, as `ItemBatcher` bounds them.

use serde_json::{Value, json};

/// How large a batch may be: in items, and in bytes of JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchLimits {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

/// Puts items into batches, in their order. An item that is too large for any batch is in one of its
/// own.
pub(super) fn into_batches(items: Vec<Value>, limits: BatchLimits) -> Value {
    // The text around the items: {"Items":[]}
    const AROUND: usize = r#"{"Items":[]}"#.len();
    let mut batches: Vec<Vec<Value>> = Vec::new();
    let mut size = AROUND;
    for item in items {
        let length = item.to_string().len();
        let room = batches.last().filter(|batch| {
            batch.len() < limits.items && size.saturating_add(length + 1) <= limits.bytes
        });
        if room.is_none() {
            batches.push(Vec::new());
            size = AROUND;
        } else {
            size += 1;
        }
        size += length;
        if let Some(batch) = batches.last_mut() {
            batch.push(item);
        }
    }
    json!(batches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(items: &[Value], limits: BatchLimits) -> Value {
        into_batches(items.to_vec(), limits)
    }

    #[test]
    fn a_batch_ends_when_it_has_enough_items_or_bytes() {
        let items = [json!(1), json!(2), json!(3)];
        let by_items = BatchLimits {
            items: 2,
            bytes: usize::MAX,
        };
        assert_eq!(batches(&items, by_items), json!([[1, 2], [3]]));
        // {"Items":[1,2]} has 15 bytes.
        for (bytes, expected) in [(15, json!([[1, 2], [3]])), (14, json!([[1], [2], [3]]))] {
            let by_bytes = BatchLimits {
                items: usize::MAX,
                bytes,
            };
            assert_eq!(batches(&items, by_bytes), expected);
        }
    }

    #[test]
    fn an_item_that_is_too_large_is_alone() {
        let limits = BatchLimits {
            items: 10,
            bytes: 20,
        };
        let long = "x".repeat(30);
        assert_eq!(
            batches(&[json!(1), json!(long), json!(2)], limits),
            json!([[1], [long], [2]])
        );
        assert_eq!(batches(&[], limits), json!([]));
    }
}

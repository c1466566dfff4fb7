//! The record of a queue: everything about it but its messages.

use rampmeter_dispatch::Time;

use crate::model::id::{GroupHash, QueueId};
use crate::model::sqs::Names;
use crate::model::sqs::attributes::QueueAttributes;

/// What is known about any queue, a client's or a lane's.
#[derive(Debug, Clone)]
pub struct QueueRecord {
    /// Its number.
    pub id: QueueId,
    /// Its name.
    pub name: String,
    /// The attributes that were set.
    pub attributes: QueueAttributes,
    /// Its tags.
    pub tags: Names,
    /// When it was created.
    pub created_at: Time,
    /// When its attributes were last changed.
    pub modified_at: Time,
    /// Deduplication works within message groups. As on AWS, this is fixed when the queue is created.
    pub group_scope: bool,
    /// When it was last purged.
    pub purged_at: Option<Time>,
    /// Messages below this number are gone, whether or not their rows have been deleted yet.
    pub purged_below: i64,
    /// Messages received and neither deleted nor visible again.
    pub in_flight: u64,
    /// The group whose message was received last; none for a message without a group. The next receive takes from the group
    /// after it.
    pub last_group: Option<GroupHash>,
}

impl QueueRecord {
    /// A queue with no attributes of its own; FIFO if its name says so. The store gives it its number.
    pub fn new(name: &str, now: Time) -> QueueRecord {
        let mut attributes = QueueAttributes::default();
        if name.ends_with(".fifo") {
            attributes.make_fifo();
        }
        QueueRecord {
            id: QueueId(0),
            name: name.to_owned(),
            attributes,
            tags: Names::new(),
            created_at: now,
            modified_at: now,
            group_scope: false,
            purged_at: None,
            purged_below: 0,
            in_flight: 0,
            last_group: None,
        }
    }
}

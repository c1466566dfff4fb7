//! MessageRetentionPeriod: messages that a plain queue has kept for so long are deleted, whether or not anybody
//! receives from it. A few in each transaction, so that a long queue cannot occupy the writer.

use std::time::Duration;

use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::{MessageNumber, QueueId};
use rampmeter_store::{Readable, StoreError, StoreFailure, readable};

use crate::apply::queues::context::QueueContext;
use crate::apply::subject::Subject;

/// Messages deleted in one transaction, of each status.
const DELETED_AT_ONCE: u32 = 256;

/// The longest time between two checks of a queue. A queue that keeps messages for a shorter time is checked ten times
/// within it.
const MAX_BETWEEN_LOOKS: Duration = Duration::from_secs(60);

impl QueueContext<'_> {
    /// Deletes some of what is too old in the queue whose turn it is. Returns whether more may be due.
    pub(crate) fn expire_messages(&mut self) -> Result<bool, StoreFailure> {
        let now = self.now();
        if self.memory.expiries.wants_round(now) {
            for queue in self.memory.queues.plain() {
                self.memory.expiries.add(queue, now);
            }
        }
        let Some(queue) = self.memory.expiries.take_due(now) else {
            return Ok(false);
        };
        // It may have been deleted, or have become a lane, in the meantime.
        if !self.memory.queues.is_plain(queue) {
            return Ok(true);
        }
        let kept = self.queue_record(queue).attributes.retention();
        let old = match readable(self.expired(queue, kept))? {
            Readable::Whole(old) => old,
            Readable::Damaged(damaged) => {
                let name = format!("queue {}", queue.0);
                self.note_damaged(DamagedKind::Queue, name, &damaged)?;
                Vec::new()
            }
        };
        let next = match old.is_empty() {
            true => now.saturating_add((kept / 10).min(MAX_BETWEEN_LOOKS)),
            false => now,
        };
        for message in old {
            self.with_message(message, |context| Ok(context.erase(queue, message)?))?;
        }
        self.memory.expiries.look_at(queue, next);
        Ok(true)
    }

    /// Some of the messages of a queue that were sent at least so long ago.
    fn expired(&self, queue: QueueId, kept: Duration) -> Result<Vec<MessageNumber>, StoreError> {
        let sent_before = self.now().saturating_sub(kept);
        let Some(first_kept) = self.store.messages.first_sent_after(sent_before)? else {
            return Ok(Vec::new());
        };
        self.store
            .queues
            .waiting_below(queue, first_kept, DELETED_AT_ONCE)
    }
}

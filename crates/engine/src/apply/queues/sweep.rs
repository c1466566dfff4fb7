//! PurgeQueue and DeleteQueue. Both take effect at once; the rows are deleted a few in each transaction, so that a long
//! queue cannot occupy the writer.

use std::time::Duration;

use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{Readable, StoreFailure, readable};

use crate::apply::queues::Applied;
use crate::apply::queues::context::QueueContext;
use crate::apply::subject::Subject;

/// How long after a purge the next one is refused.
const BETWEEN_PURGES: Duration = Duration::from_secs(60);

/// Messages deleted in one transaction, of each status.
const DELETED_AT_ONCE: u32 = 256;

impl QueueContext<'_> {
    pub(crate) fn purge_queue(&mut self, url: &str) -> Applied<()> {
        let now = self.now();
        let id = self.find_plain_queue(url)?;
        let mut record = self.queue_record(id).clone();
        if record
            .purged_at
            .is_some_and(|at| at.saturating_add(BETWEEN_PURGES) > now)
        {
            return Err(QueueError::PurgeQueueInProgress(record.name).into());
        }
        // The number is taken from the messages, so all that were sent so far are below it.
        let below = self.memory.message_numbers.take(self.ledger)?;
        record.purged_at = Some(now);
        record.purged_below = below;
        self.store.queues.note_sweep(id, below)?;
        self.memory.sweeps.insert(id, below);
        self.settings().put_queue(Ok(record))
    }

    pub(crate) fn delete_queue(&mut self, url: &str) -> Applied<()> {
        let record = self.find_queue(url)?.clone();
        if let Some(target) = self.memory.queues.target_of(record.id) {
            let target = &self.memory.queues.config_of(target).name;
            return Err(QueueError::UnsupportedOperation(format!(
                "{} belongs to the target {target}: take [targets.{target}] out of the configuration to remove it.",
                record.name
            ))
            .into());
        }
        self.refuse_source(record.id)?;
        self.store.queues.delete_queue(record.id)?;
        self.store.queues.note_sweep(record.id, i64::MAX)?;
        self.memory.sweeps.insert(record.id, i64::MAX);
        self.memory.queues.remove(record.id, self.now());
        while let Some(waiting) = self.memory.waiting.take(record.id) {
            let gone = Rejected::QueueDoesNotExist(record.name.clone());
            self.reply(waiting.reply, Err(gone));
        }
        Ok(())
    }

    /// Deletes some of the messages that purges and deleted queues left behind. Returns whether there are more.
    pub(crate) fn sweep_queues(&mut self) -> Result<bool, StoreFailure> {
        let Some((&queue, &below)) = self.memory.sweeps.first_key_value() else {
            return Ok(false);
        };
        let found = readable(
            self.store
                .queues
                .some_messages(queue, below, DELETED_AT_ONCE),
        )?;
        let found = match found {
            Readable::Whole(found) => found,
            Readable::Damaged(damaged) => {
                let name = format!("queue {}", queue.0);
                self.note_damaged(DamagedKind::Queue, name, &damaged)?;
                Vec::new()
            }
        };
        if found.is_empty() {
            self.store.queues.end_sweep(queue)?;
            self.memory.sweeps.remove(&queue);
        }
        for message in found {
            self.with_message(message, |context| Ok(context.erase(queue, message)?))?;
        }
        Ok(!self.memory.sweeps.is_empty())
    }
}

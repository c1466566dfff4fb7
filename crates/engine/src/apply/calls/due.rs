//! What becomes due by time alone: the ends of messages' delays and of permits' holds.

use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::{MessageNumber, TargetId};
use rampmeter_store::{Readable, StoreError, StoreFailure, readable};

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

/// Delayed messages taken in one transaction; the rest follows in the next.
const DUE_AT_ONCE: u32 = 256;

impl CallContext<'_> {
    /// Lets messages whose delay is over go on. Returns whether more are due.
    pub(crate) fn end_delays(&mut self) -> Result<bool, StoreFailure> {
        let due = match readable(self.store.messages.take_delayed(self.now(), DUE_AT_ONCE))? {
            Readable::Whole(due) => due,
            Readable::Damaged(damaged) => {
                self.note_damaged(DamagedKind::Row, damaged.to_string(), &damaged)?;
                return Ok(false);
            }
        };
        let more = due.len() == DUE_AT_ONCE as usize;
        for id in due {
            self.with_message(id, |calls| Ok(calls.end_delay(id)?))?;
        }
        Ok(more)
    }

    fn end_delay(&mut self, id: MessageNumber) -> Result<(), StoreError> {
        let Some(message) = self.store.messages.message(id)? else {
            return Ok(());
        };
        if self.queue.memory.queues.is_plain(message.queue) {
            self.queue.show(message.queue, id)
        } else {
            self.lanes().make_ready(&message)
        }
    }

    /// Closes the permits whose calls can no longer be running at the vendor.
    pub(crate) fn end_holds(&mut self) -> Result<(), StoreFailure> {
        let now = self.now();
        let targets = self.memory.targets.iter();
        let holding = targets.filter(|(_, target)| target.gate.held() > 0);
        let holding: Vec<TargetId> = holding.map(|(id, _)| *id).collect();
        for target in holding {
            for released in self.target(target).gate.release_holds(now) {
                self.store.calls.end_permit(released.id, now)?;
                self.store.calls.put_slots(target, &released.rows)?;
            }
        }
        Ok(())
    }
}

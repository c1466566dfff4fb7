//! The status of a message of a plain queue: visible, hidden until a time, or gone. Every change of it goes through
//! here, which keeps the order within FIFO groups, the counts and the waiting receives consistent.

use std::time::Duration;

use rampmeter_store::model::id::{GroupHash, MessageNumber, QueueId};
use rampmeter_store::{Envelope, Hidden, MessageRow, StoreError};

use crate::apply::queues::context::QueueContext;
use crate::apply::subject::Subject;

impl QueueContext<'_> {
    /// Writes a new message of a plain queue.
    pub(crate) fn put_plain(
        &mut self,
        message: &MessageRow,
        envelope: &Envelope,
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.store.messages.insert_message(message)?;
        self.store.queues.put_envelope(message.id, envelope)?;
        if !delay.is_zero() {
            let hidden = Hidden {
                until: self.now().saturating_add(delay),
                received_at: None,
            };
            self.store.queues.hide(message.queue, message.id, hidden)?;
        }
        self.arrive(message.queue, message.id, envelope, delay.is_zero())
    }

    /// Places a message among the others of its queue.
    pub(crate) fn arrive(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
        envelope: &Envelope,
        visible: bool,
    ) -> Result<(), StoreError> {
        match group_of(envelope).filter(|_| self.is_fifo(queue)) {
            Some(group) => {
                self.store.messages.join_group(queue, group, message)?;
                self.settle_group(queue, group)
            }
            None if visible => self.list(queue, message, envelope),
            None => Ok(()),
        }
    }

    /// Makes a hidden message visible when its time is over.
    pub(crate) fn show(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
    ) -> Result<(), StoreError> {
        self.unhide(queue, message)?;
        let envelope = self.store.queues.envelope(message)?;
        if !self.is_fifo(queue) {
            return self.list(queue, message, &envelope);
        }
        match group_of(&envelope) {
            Some(group) => self.settle_group(queue, group),
            None => Ok(()),
        }
    }

    /// Puts a message of a standard queue among those that can be received.
    fn list(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
        envelope: &Envelope,
    ) -> Result<(), StoreError> {
        match group_of(envelope) {
            Some(group) => self.store.messages.make_fair(queue, group, message)?,
            None => self.store.messages.make_ready(queue, message)?,
        }
        self.wake(queue);
        Ok(())
    }

    /// Takes a message out of those that can be received.
    pub(crate) fn unlist(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
        envelope: &Envelope,
    ) -> Result<(), StoreError> {
        self.store.messages.unready(queue, message)?;
        match group_of(envelope) {
            Some(group) => self.store.messages.unmake_fair(queue, group, message),
            None => Ok(()),
        }
    }

    /// The message that the next receive of a queue takes: the oldest, or, in a standard queue whose messages name groups,
    /// the oldest of the group whose turn it is, so that a tenant with few messages does not wait for one with many.
    /// Messages without a group take a turn together.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>
    pub(crate) fn next_visible(
        &self,
        queue: QueueId,
    ) -> Result<Option<(Option<GroupHash>, MessageNumber)>, StoreError> {
        let last = self
            .memory
            .queues
            .record(queue)
            .and_then(|record| record.last_group);
        let of_group = |(group, message)| (Some(group), message);
        if let Some(next) = self.store.messages.first_fair(queue, last)? {
            return Ok(Some(of_group(next)));
        }
        if let Some(first) = self.store.messages.first_ready(queue)? {
            return Ok(Some((None, first)));
        }
        Ok(match last {
            Some(_) => self.store.messages.first_fair(queue, None)?.map(of_group),
            None => None,
        })
    }

    /// Marks the receives that wait on a queue as ready to be served.
    fn wake(&mut self, queue: QueueId) {
        self.memory.waiting.wake(queue);
        self.memory.sources.wake(queue);
    }

    /// Hides a message that has been received.
    pub(crate) fn hide_received(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
        hidden: Hidden,
    ) -> Result<(), StoreError> {
        self.store.queues.hide(queue, message, hidden)?;
        if let Some(record) = self.memory.queues.record_mut(queue) {
            record.in_flight += 1;
        }
        Ok(())
    }

    pub(crate) fn unhide(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
    ) -> Result<(), StoreError> {
        let hidden = self.store.queues.unhide(queue, message)?;
        if hidden.is_some_and(|hidden| hidden.received_at.is_some())
            && let Some(record) = self.memory.queues.record_mut(queue)
        {
            record.in_flight = record.in_flight.saturating_sub(1);
        }
        Ok(())
    }

    /// Takes a message out of its queue, whatever its status, but leaves it in the store.
    pub(crate) fn withdraw(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
        envelope: &Envelope,
    ) -> Result<(), StoreError> {
        self.unhide(queue, message)?;
        self.unlist(queue, message, envelope)?;
        if let Some(group) = group_of(envelope) {
            self.store.messages.leave_group(queue, group, message)?;
            if self.is_fifo(queue) {
                self.settle_group(queue, group)?;
            }
        }
        Ok(())
    }

    /// Deletes a message.
    pub(crate) fn erase(
        &mut self,
        queue: QueueId,
        message: MessageNumber,
    ) -> Result<(), StoreError> {
        let envelope = self.store.queues.envelope(message)?;
        self.withdraw(queue, message, &envelope)?;
        self.store.messages.delete_message(message)?;
        if self.memory.queues.target_of(queue).is_some() {
            self.store.queues.forget_dead_letter(message)?;
        }
        self.store.queues.delete_envelope(message)
    }

    /// Makes the first message of a group the one that can be received. If it is hidden, the group waits.
    pub(crate) fn settle_group(
        &mut self,
        queue: QueueId,
        group: GroupHash,
    ) -> Result<(), StoreError> {
        let firsts = self
            .store
            .messages
            .group_from(queue, group, MessageNumber(0), 2)?;
        let Some(&first) = firsts.first() else {
            return Ok(());
        };
        // A message that came back from a dead-letter queue may now be before the one that was first.
        if let Some(&second) = firsts.get(1) {
            self.store.messages.unready(queue, second)?;
        }
        let hidden = self.store.queues.hidden(queue, first)?.is_some();
        if !hidden && !self.store.messages.is_ready(queue, first)? {
            self.store.messages.make_ready(queue, first)?;
            self.wake(queue);
        }
        Ok(())
    }

    pub(crate) fn is_fifo(&self, queue: QueueId) -> bool {
        self.memory
            .queues
            .record(queue)
            .is_some_and(|record| record.attributes.is_fifo())
    }
}

pub(crate) fn group_of(envelope: &Envelope) -> Option<GroupHash> {
    envelope.group_id.as_deref().map(GroupHash::of)
}

//! The order of the calls in a lane: which position a call gets, and whether another call with its OrderingKey goes
//! before it. Every call enters and leaves its lane through here, which keeps positions, keys and counts consistent.
//! Which lane may start is the gate's decision (`permit.rs`).
//!
//! Of the calls of one OrderingKey at most one is under way in a target: from its first permit until it has ended for
//! good, including the waits between its attempts. Within a priority the one that was sent first goes first. The others
//! are *parked*: they have no position in the lane, so they hold nobody up.

use std::time::Duration;

use rampmeter_dispatch::Priority;
use rampmeter_store::model::id::{MessageNumber, OrderingHash, QueueId, TargetId};
use rampmeter_store::{JobRow, LostCall, MessageRow, OrderStatus, StoreError};

use crate::apply::calls::context::{CallContext, CallStore};
use crate::apply::subject::Subject;
use rampmeter_index::Queue;

/// The turn of a poll of a job: before that of every call.
pub(crate) const POLL_TURN: u64 = 0;

/// The lanes of targets, and the order of the calls in them.
#[derive(Debug)]
pub(crate) struct Lanes<'a, 't> {
    pub(crate) calls: &'a mut CallContext<'t>,
    pub(crate) store: CallStore<'t>,
}

impl<'t> CallContext<'t> {
    pub(crate) fn lanes(&mut self) -> Lanes<'_, 't> {
        Lanes {
            store: self.store,
            calls: self,
        }
    }
}

impl Lanes<'_, '_> {
    /// Writes a new call of a lane. It may start in its turn, once `delayed` is over if it has a delay.
    pub(crate) fn enter_lane(
        &mut self,
        message: &mut MessageRow,
        delay: Duration,
    ) -> Result<(), StoreError> {
        // Most calls get their position at once, so their row is written only once.
        if let (true, None, Some(queue)) = (
            delay.is_zero(),
            message.ordering,
            self.calls.queue.memory.queues.get(message.queue),
        ) && let Some(lane) = queue.lane
        {
            message.turn = self.new_turn(queue.target, lane, message)?;
        }
        self.recall_lost(message)?;
        self.store.messages.insert_message(message)?;
        self.note_wait(message)?;
        if let Some((target, ordering)) = self.order_of(message) {
            let status = OrderStatus::Free;
            self.store
                .lanes
                .insert_order(target, ordering, message.queue, message.id, status)?;
        }
        if delay.is_zero() {
            return self.make_ready(message);
        }
        let until = self.calls.now().saturating_add(delay);
        self.store.messages.delay(until, message.id)
    }

    /// What is known of the requests of a call that came before its message, by an earlier attempt of the same entry.
    fn recall_lost(&self, message: &mut MessageRow) -> Result<(), StoreError> {
        let (Some((execution, _)), Some(entered)) = (message.task, message.entered) else {
            return Ok(());
        };
        if let Some(lost) = self.store.lanes.lost_call(execution, entered)? {
            message.lost_until = Some(lost.lost_until);
            message.first_started_at = lost.first_started_at;
        }
        Ok(())
    }

    /// Whoever sends the call of this entry again, a Retry of the workflow or a redrive, has to know that the vendor may have done
    /// it.
    pub(crate) fn note_lost(&self, message: &MessageRow) -> Result<(), StoreError> {
        let (Some((execution, _)), Some(entered), Some(lost_until)) =
            (message.task, message.entered, message.lost_until)
        else {
            return Ok(());
        };
        let lost = LostCall {
            lost_until,
            first_started_at: message.first_started_at,
        };
        self.store.lanes.put_lost_call(execution, entered, lost)
    }

    /// The wait of a call begins, where its target bounds it.
    pub(crate) fn note_wait(&self, message: &MessageRow) -> Result<(), StoreError> {
        let Some(queue) = self.calls.queue.memory.queues.get(message.queue) else {
            return Ok(());
        };
        let target = self.calls.memory.targets.get(&queue.target);
        if target.is_none_or(|target| target.config.max_wait.is_none()) {
            return Ok(());
        }
        self.store
            .lanes
            .insert_waiting_call(queue.target, message.sent_at, message.id)
    }

    /// Puts a call into its lane: a new one at the end of its message group, a repeat where it was. One whose
    /// OrderingKey is taken by another call is parked instead.
    pub(crate) fn make_ready(&mut self, message: &MessageRow) -> Result<(), StoreError> {
        // A target that is no longer configured keeps its messages until it is configured again.
        let Some(Queue {
            target,
            lane: Some(lane),
            ..
        }) = self.calls.queue.memory.queues.get(message.queue)
        else {
            return self.store.messages.make_ready(message.queue, message.id);
        };
        if self.is_job(target, message.id)? {
            // A poll goes before all calls of its lane that have not started: what has begun is to end.
            return self.place(target, lane, message, POLL_TURN);
        }
        if let Some((_, ordering)) = self.order_of(message) {
            let status = if self.may_go(target, ordering, message)? {
                OrderStatus::Free
            } else {
                OrderStatus::Parked
            };
            self.set_order(target, ordering, message, status)?;
            if status == OrderStatus::Parked {
                self.calls.target(target).parked[lane.index()] += 1;
                return Ok(());
            }
        }
        let turn = match message.turn {
            0 => {
                let turn = self.new_turn(target, lane, message)?;
                self.store.lanes.set_turn(message.id, turn)?;
                turn
            }
            turn => turn,
        };
        self.place(target, lane, message, turn)
    }

    /// A call that is put back loses its position: when it is ready again, it goes to the end of its lane.
    pub(crate) fn lose_turn(&self, message: &mut MessageRow) -> Result<(), StoreError> {
        message.turn = 0;
        self.store.lanes.set_turn(message.id, message.turn)
    }

    /// Whether the vendor already works on the call, so that what waits is a poll of its job.
    pub(crate) fn is_job(
        &mut self,
        target: TargetId,
        message: MessageNumber,
    ) -> Result<bool, StoreError> {
        Ok(self.calls.target(target).jobs > 0 && self.store.calls.job(message)?.is_some())
    }

    /// Takes the first call out of a lane, and the job if it is a poll of one. None if it had to be parked.
    pub(crate) fn take_first(
        &mut self,
        target: TargetId,
        lane: Priority,
        (turn, number): (u64, MessageNumber),
    ) -> Result<Option<(MessageRow, Option<JobRow>)>, StoreError> {
        let queue = self.calls.target(target).queues[lane.index()];
        self.store.lanes.unready_in_turn(queue, turn, number)?;
        self.leave_lines(target, number)?;
        let waiting = self.calls.target(target);
        waiting.ready[lane.index()] -= 1;
        if turn == POLL_TURN {
            waiting.polls[lane.index()] -= 1;
            let message = self.message(number)?;
            let Some(job) = self.store.calls.job(number)? else {
                // It has a poll's position and is not one: it goes to the end of its lane, like any call without a
                // position.
                tracing::warn!(message = number.0, "a call stood among the polls of jobs");
                self.make_ready(&message)?;
                return Ok(None);
            };
            return Ok(Some((message, Some(job))));
        }
        waiting.turns[lane.index()].served(turn);
        let message = self.message(number)?;
        if let Some((_, ordering)) = self.order_of(&message) {
            if !self.may_go(target, ordering, &message)? {
                self.set_order(target, ordering, &message, OrderStatus::Parked)?;
                self.calls.target(target).parked[lane.index()] += 1;
                return Ok(None);
            }
            self.set_order(target, ordering, &message, OrderStatus::UnderWay)?;
            self.calls.target(target).owners.insert(ordering, number);
        }
        Ok(Some((message, None)))
    }

    /// A call has ended for good, or will never be made: the next ones with its OrderingKey may go.
    pub(crate) fn leave_order(
        &mut self,
        target: TargetId,
        message: &MessageRow,
    ) -> Result<(), StoreError> {
        if self.calls.target(target).config.max_wait.is_some() {
            self.store
                .lanes
                .delete_waiting_call(target, message.sent_at, message.id)?;
        }
        let Some(ordering) = message.ordering else {
            return Ok(());
        };
        self.store
            .lanes
            .delete_order(target, ordering, message.queue, message.id)?;
        let owners = &mut self.calls.target(target).owners;
        if owners.get(&ordering) == Some(&message.id) {
            owners.remove(&ordering);
        }
        for (lane, queue) in Priority::ALL
            .into_iter()
            .zip(self.calls.target(target).queues)
        {
            self.unpark_first(target, lane, queue, ordering)?;
        }
        Ok(())
    }

    /// Takes a waiting call out of wherever it waits, for good.
    pub(crate) fn withdraw(
        &mut self,
        target: TargetId,
        lane: Priority,
        message: &MessageRow,
    ) -> Result<(), StoreError> {
        let (queue, number) = (message.queue, message.id);
        if self
            .store
            .lanes
            .unready_in_turn(queue, message.turn, number)?
        {
            self.leave_lines(target, number)?;
            self.calls.target(target).ready[lane.index()] -= 1;
            return Ok(());
        }
        if self.leave_lines(target, number)? {
            self.calls.target(target).aside[lane.index()] -= 1;
            return Ok(());
        }
        if self.store.messages.undelay(number)? {
            return Ok(());
        }
        let Some(ordering) = message.ordering else {
            return Ok(());
        };
        let status = self
            .store
            .lanes
            .order_status(target, ordering, queue, number)?;
        if status == Some(OrderStatus::Parked) {
            self.calls.target(target).parked[lane.index()] -= 1;
        }
        Ok(())
    }

    /// Moves a waiting call to another priority, to the end of its new lane.
    pub(crate) fn change_lane(
        &mut self,
        target: TargetId,
        mut message: MessageRow,
        to: Priority,
    ) -> Result<(), StoreError> {
        let from = message.queue;
        let queue = self.calls.target(target).queues[to.index()];
        let was_ready = self
            .store
            .lanes
            .unready_in_turn(from, message.turn, message.id)?;
        let was_aside = self.leave_lines(target, message.id)?;
        let parked = match message.ordering {
            Some(ordering) => {
                let parked = self
                    .store
                    .lanes
                    .order_status(target, ordering, from, message.id)?;
                self.store
                    .lanes
                    .delete_order(target, ordering, from, message.id)?;
                let status = OrderStatus::Free;
                self.store
                    .lanes
                    .insert_order(target, ordering, queue, message.id, status)?;
                parked == Some(OrderStatus::Parked)
            }
            None => false,
        };
        let lane = self
            .calls
            .queue
            .memory
            .queues
            .get(from)
            .and_then(|queue| queue.lane);
        let lane = lane.expect("a call that moves waits in a lane");
        if was_ready {
            self.calls.target(target).ready[lane.index()] -= 1;
        }
        if was_aside {
            self.calls.target(target).aside[lane.index()] -= 1;
        }
        if parked {
            self.calls.target(target).parked[lane.index()] -= 1;
        }
        message.queue = queue;
        message.turn = 0;
        self.store.lanes.change_queue(message.id, queue)?;
        if was_ready || was_aside || parked {
            self.make_ready(&message)?;
        }
        if let Some(ordering) = message.ordering {
            self.unpark_first(target, lane, from, ordering)?;
        }
        Ok(())
    }

    pub(crate) fn message(&self, number: MessageNumber) -> Result<MessageRow, StoreError> {
        self.store
            .messages
            .message(number)?
            .ok_or_else(|| StoreError::damaged(format!("message {} is missing", number.0)))
    }

    /// The target and the OrderingKey of a call that has one.
    fn order_of(&self, message: &MessageRow) -> Option<(TargetId, OrderingHash)> {
        let ordering = message.ordering?;
        let queue = self.calls.queue.memory.queues.get(message.queue)?;
        Some((queue.target, ordering))
    }

    /// Whether no other call of the key is under way, and none of the same priority was sent earlier.
    fn may_go(
        &mut self,
        target: TargetId,
        ordering: OrderingHash,
        message: &MessageRow,
    ) -> Result<bool, StoreError> {
        let owner = self.calls.target(target).owners.get(&ordering);
        if let Some(owner) = owner {
            return Ok(*owner == message.id);
        }
        let first = self
            .store
            .lanes
            .first_of_order(target, ordering, message.queue)?;
        Ok(first.is_none_or(|(first, _)| first >= message.id))
    }

    fn set_order(
        &self,
        target: TargetId,
        ordering: OrderingHash,
        message: &MessageRow,
        status: OrderStatus,
    ) -> Result<(), StoreError> {
        self.store
            .lanes
            .set_order(target, ordering, message.queue, message.id, status)
    }

    fn unpark_first(
        &mut self,
        target: TargetId,
        lane: Priority,
        queue: QueueId,
        ordering: OrderingHash,
    ) -> Result<(), StoreError> {
        let first = self.store.lanes.first_of_order(target, ordering, queue)?;
        if let Some((number, OrderStatus::Parked)) = first {
            self.calls.target(target).parked[lane.index()] -= 1;
            self.calls.with_message(number, |calls| {
                let message = calls.lanes().message(number)?;
                Ok(calls.lanes().make_ready(&message)?)
            })?;
        }
        Ok(())
    }

    fn new_turn(
        &mut self,
        target: TargetId,
        lane: Priority,
        message: &MessageRow,
    ) -> Result<u64, StoreError> {
        Ok(match message.group {
            None => self.calls.target(target).turns[lane.index()].take(),
            Some(group) => {
                let newest = self.store.lanes.newest_turn(message.queue, group)?;
                self.calls.target(target).turns[lane.index()].of_group(newest)
            }
        })
    }
}

//! ReceiveMessage: which messages a receive takes, what becomes of those received too often or kept too long, and
//! long polling.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>

use std::time::Duration;

use rampmeter_store::message_body;
use rampmeter_store::model::id::{MessageNumber, QueueId, message_id};
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::attributes::parameter;
use rampmeter_store::model::sqs::message_attribute::AttributeValue;
use rampmeter_store::model::sqs::message_rules::WRONG_TYPE;
use rampmeter_store::model::sqs::message_rules::check_id;
use rampmeter_store::model::sqs::receipt::Receipt;
use rampmeter_store::model::sqs::{Names, ReceiveMessage, ReceivedMessage};
use rampmeter_store::{Envelope, Hidden, MessageRow, StoreError};
use rampmeter_store::{Readable, StoreFailure, readable};

use crate::apply::queues::Applied;
use crate::apply::queues::attempt;
use crate::apply::queues::context::{QueueContext, QueueStore};
use crate::apply::queues::send::sequence_number;
use crate::apply::queues::status::group_of;
use crate::apply::subject::Response;
use crate::apply::subject::Subject;
use crate::command::Reply;
use rampmeter_index::Taking;

/// Most messages of one receive.
const MAX_MESSAGES: i64 = 10;

/// Longest visibility timeout, in seconds.
pub(crate) const MAX_INVISIBLE_SECONDS: i64 = 43_200;

/// Longest wait, in seconds.
const MAX_WAIT_SECONDS: i64 = 20;

/// Messages of one queue that may be in flight.
const MAX_IN_FLIGHT: u64 = 120_000;

/// Messages that one receive may set aside (dead letters, expired ones) before it answers with what it has.
const SET_ASIDE_AT_ONCE: usize = 256;

/// Waiting receives served in one transaction.
const SERVED_AT_ONCE: usize = 1_024;

/// What one receive has found.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) messages: Vec<(MessageRow, Envelope)>,
    set_aside: usize,
}

impl Taken {
    /// Whether there was nothing to take: no message, not even one that was set aside.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.set_aside == 0
    }
}

/// What receives take from queues, and the receives that wait for messages.
#[derive(Debug)]
pub(crate) struct Receives<'a, 't> {
    pub(crate) queue: &'a mut QueueContext<'t>,
    pub(crate) store: QueueStore<'t>,
}

impl<'t> QueueContext<'t> {
    pub(crate) fn receives(&mut self) -> Receives<'_, 't> {
        Receives {
            store: self.store,
            queue: self,
        }
    }
}

impl Receives<'_, '_> {
    pub(crate) fn receive_message(
        &mut self,
        request: &ReceiveMessage,
        reply: Reply<Vec<ReceivedMessage>>,
    ) -> Result<(), StoreFailure> {
        if reply.is_closed() {
            return Ok(());
        }
        let (taking, wait) = match self.check_receive(request) {
            Ok(checked) => checked,
            Err(refused) => {
                self.queue.reply(reply, Err(refused));
                return Ok(());
            }
        };
        let answer = self.take_messages(taking)?;
        let none = answer.as_ref().is_ok_and(Vec::is_empty);
        if !none || wait.is_zero() || self.queue.is_draining() {
            self.queue.reply(reply, answer);
            return Ok(());
        }
        let deadline = self.queue.now().saturating_add(wait);
        if let Err(reply) = self.queue.memory.waiting.add(taking, deadline, reply) {
            self.queue.reply(reply, answer);
        }
        Ok(())
    }

    fn check_receive(&mut self, request: &ReceiveMessage) -> Result<(Taking, Duration), Rejected> {
        let queue = self.queue.find_plain_queue(&request.queue_url)?;
        let attributes = &self.queue.queue_record(queue).attributes;
        let most = request.max_number_of_messages.unwrap_or(1);
        if !(1..=MAX_MESSAGES).contains(&most) {
            return Err(parameter(
                "MaxNumberOfMessages",
                &most.to_string(),
                "Must be between 1 and 10, if provided.",
            ));
        }
        let invisible = match request.visibility_timeout {
            None => attributes.visibility_timeout(),
            Some(given) => seconds("VisibilityTimeout", given, MAX_INVISIBLE_SECONDS)?,
        };
        let wait = match request.wait_time_seconds {
            None => attributes.wait_time(),
            Some(given) => seconds("WaitTimeSeconds", given, MAX_WAIT_SECONDS)?,
        };
        let attempt = match &request.attempt_id {
            None => None,
            Some(id) if attributes.is_fifo() => {
                check_id("ReceiveRequestAttemptId", id)?;
                Some(attempt::digest(id))
            }
            Some(id) => return Err(parameter("ReceiveRequestAttemptId", id, WRONG_TYPE)),
        };
        let taking = Taking {
            queue,
            most: usize::try_from(most).unwrap_or(1),
            invisible,
            attempt,
        };
        Ok((taking, wait))
    }

    /// Answers the receives whose time is over, and those whose queues have messages again. Returns whether some remain
    /// that could be served at once.
    pub(crate) fn serve_waiting_receives(&mut self) -> Result<bool, StoreFailure> {
        let over = if self.queue.is_draining() {
            self.queue.memory.waiting.take_all()
        } else {
            self.queue.memory.waiting.take_due(self.queue.now())
        };
        for receive in over {
            self.queue.reply(receive.reply, Ok(Vec::new()));
        }
        for _ in 0..SERVED_AT_ONCE {
            let Some(queue) = self.queue.memory.waiting.woken() else {
                return Ok(false);
            };
            let ready = self.has_visible(queue)?;
            let waiting = if ready {
                self.queue.memory.waiting.take(queue)
            } else {
                None
            };
            let Some(waiting) = waiting else {
                self.queue.memory.waiting.rest(queue);
                continue;
            };
            match self.take_messages(waiting.taking)? {
                Ok(none) if none.is_empty() => {
                    self.queue.memory.waiting.put_back(waiting);
                    let full = self.is_full(queue);
                    if full || !self.has_visible(queue)? {
                        self.queue.memory.waiting.rest(queue);
                    }
                }
                answer => self.queue.reply(waiting.reply, answer),
            }
        }
        Ok(true)
    }

    /// Whether a message of the queue may be taken.
    fn has_visible(&mut self, queue: QueueId) -> Result<bool, StoreFailure> {
        Ok(match readable(self.queue.next_visible(queue))? {
            Readable::Whole(next) => next.is_some(),
            Readable::Damaged(_) => false,
        })
    }

    /// Takes what a receive may take now, and makes the response to it.
    fn take_messages(
        &mut self,
        taking: Taking,
    ) -> Result<Response<Vec<ReceivedMessage>>, StoreFailure> {
        self.queue
            .answer_to(|queue| queue.receives().take_and_hand_out(taking))
    }

    fn take_and_hand_out(&mut self, taking: Taking) -> Applied<Vec<ReceivedMessage>> {
        let fifo = self.queue.is_fifo(taking.queue);
        if let Some(again) = self.take_again(taking)? {
            return Ok(self.hand_out(taking, again.messages, fifo)?);
        }
        if self.is_full(taking.queue) {
            // A FIFO queue then gives no messages, as on AWS.
            return if fifo {
                Ok(Vec::new())
            } else {
                Err(QueueError::OverLimit.into())
            };
        }
        let taken = self.take(taking)?;
        self.remember_taken(taking, &taken)?;
        Ok(self.hand_out(taking, taken.messages, fifo)?)
    }

    /// Whether as many messages are in flight as a queue can have.
    fn is_full(&self, queue: QueueId) -> bool {
        self.queue.queue_record(queue).in_flight >= MAX_IN_FLIGHT
    }

    /// Takes messages and hides them.
    pub(crate) fn take(&mut self, taking: Taking) -> Result<Taken, StoreError> {
        let fifo = self.queue.is_fifo(taking.queue);
        let mut taken = Taken::default();
        if self.is_full(taking.queue) {
            return Ok(taken);
        }
        while taken.messages.len() < taking.most && taken.set_aside < SET_ASIDE_AT_ONCE {
            let Some((turn, first)) = self.queue.next_visible(taking.queue)? else {
                break;
            };
            if let Some(record) = self.queue.memory.queues.record_mut(taking.queue) {
                record.last_group = turn;
            }
            let group = self.queue.with_message(first, |queue| {
                Ok(group_of(&queue.store.queues.envelope(first)?).filter(|_| fifo))
            })?;
            match group {
                Some(Some(group)) => self.take_group(taking, group, first, &mut taken)?,
                Some(None) => self.take_one(taking, first, &mut taken)?,
                None => taken.set_aside += 1,
            }
        }
        Ok(taken)
    }

    /// Takes messages of one group in their order, until one is hidden.
    fn take_group(
        &mut self,
        taking: Taking,
        group: rampmeter_store::model::id::GroupHash,
        first: MessageNumber,
        taken: &mut Taken,
    ) -> Result<(), StoreError> {
        let left = taking.most - taken.messages.len();
        let left = u32::try_from(left).unwrap_or(1);
        for message in self
            .store
            .messages
            .group_from(taking.queue, group, first, left)?
        {
            if self.store.queues.hidden(taking.queue, message)?.is_some() {
                break;
            }
            self.take_one(taking, message, taken)?;
        }
        Ok(())
    }

    /// Takes one message and hides it, unless it is too old, has been received too often, or cannot be read.
    fn take_one(
        &mut self,
        taking: Taking,
        number: MessageNumber,
        taken: &mut Taken,
    ) -> Result<(), StoreFailure> {
        match self.queue.with_message(number, |queue| {
            Ok(queue.receives().take_readable(taking, number)?)
        })? {
            Some(Some(message)) => taken.messages.push(message),
            Some(None) | None => taken.set_aside += 1,
        }
        Ok(())
    }

    /// `None` when it is set aside: deleted, or moved to the dead-letter queue.
    fn take_readable(
        &mut self,
        taking: Taking,
        number: MessageNumber,
    ) -> Result<Option<(MessageRow, Envelope)>, StoreError> {
        let queue = taking.queue;
        let message = self.store.messages.message(number)?;
        let mut message = message
            .ok_or_else(|| StoreError::damaged(format!("message {} is missing", number.0)))?;
        let envelope = self.store.queues.envelope(number)?;
        if self.queue.is_over(queue, &message) {
            self.queue.erase(queue, number)?;
            return Ok(None);
        }
        if let Some(dead) = self.dead_letter_queue(queue, &message, &envelope) {
            self.send_to_dead_letters(queue, dead, &message, envelope)?;
            return Ok(None);
        }
        message.receive_count += 1;
        message.first_started_at.get_or_insert(self.queue.now());
        self.store.messages.update_counters(&message)?;
        self.queue.unlist(queue, number, &envelope)?;
        let hidden = Hidden {
            until: self.queue.now().saturating_add(taking.invisible),
            received_at: Some(self.queue.now()),
        };
        self.queue.hide_received(queue, number, hidden)?;
        // A receive never hands out a message whose body cannot be read.
        message_body(self.store.executions, &message)?;
        Ok(Some((message, envelope)))
    }

    /// The queue to which a message goes once it has been received as often as its own queue allows.
    fn dead_letter_queue(
        &self,
        queue: QueueId,
        message: &MessageRow,
        envelope: &Envelope,
    ) -> Option<QueueId> {
        let record = self.queue.queue_record(queue);
        let redrive = record.attributes.redrive()?;
        let received_here = message
            .receive_count
            .saturating_sub(envelope.received_before);
        if received_here < redrive.max_receive_count {
            return None;
        }
        let dead = self.queue.memory.queues.named(&redrive.dead_letter_queue)?;
        let fits = self.queue.memory.queues.is_plain(dead.id)
            && dead.attributes.is_fifo() == record.attributes.is_fifo()
            && dead.attributes.allows_redrive_from(&record.name);
        fits.then_some(dead.id)
    }

    fn send_to_dead_letters(
        &mut self,
        queue: QueueId,
        dead: QueueId,
        message: &MessageRow,
        envelope: Envelope,
    ) -> Result<(), StoreError> {
        self.queue.withdraw(queue, message.id, &envelope)?;
        let envelope = Envelope {
            source: Some(self.queue.queue_record(queue).name.clone()),
            received_before: message.receive_count,
            ..envelope
        };
        self.store.queues.move_message(message.id, dead)?;
        self.store.queues.put_envelope(message.id, &envelope)?;
        self.queue.arrive(dead, message.id, &envelope, true)
    }

    /// Makes the response. Messages received with a visibility timeout of 0 are visible again at once.
    fn hand_out(
        &mut self,
        taking: Taking,
        messages: Vec<(MessageRow, Envelope)>,
        fifo: bool,
    ) -> Result<Vec<ReceivedMessage>, StoreError> {
        let mut received = Vec::with_capacity(messages.len());
        for (message, envelope) in messages {
            if taking.invisible.is_zero() {
                self.queue.show(taking.queue, message.id)?;
            }
            received.push(self.received(&message, envelope, fifo)?);
        }
        Ok(received)
    }

    fn received(
        &self,
        message: &MessageRow,
        envelope: Envelope,
        fifo: bool,
    ) -> Result<ReceivedMessage, StoreError> {
        let receipt = Receipt {
            message: message.id,
            receive: message.receive_count,
        };
        let first = message.first_started_at.unwrap_or(self.queue.now());
        let mut system = Names::from([
            ("SenderId".to_owned(), self.queue.arns.account.clone()),
            (
                "SentTimestamp".to_owned(),
                message.sent_at.as_millis().to_string(),
            ),
            (
                "ApproximateReceiveCount".to_owned(),
                message.receive_count.to_string(),
            ),
            (
                "ApproximateFirstReceiveTimestamp".to_owned(),
                first.as_millis().to_string(),
            ),
        ]);
        for (name, attribute) in &envelope.system_attributes {
            if let AttributeValue::Text(text) = &attribute.value {
                system.insert(name.clone(), text.clone());
            }
        }
        let source = envelope.source.as_deref();
        for (name, value) in [
            ("MessageGroupId", envelope.group_id.clone()),
            ("MessageDeduplicationId", envelope.deduplication_id.clone()),
            (
                "DeadLetterQueueSourceArn",
                source.map(|name| self.queue.arns.queue_arn(name)),
            ),
            ("SequenceNumber", fifo.then(|| sequence_number(message.id))),
        ] {
            if let Some(value) = value {
                system.insert(name.to_owned(), value);
            }
        }
        Ok(ReceivedMessage {
            message_id: message_id(self.queue.seal.key(), message.id),
            receipt_handle: receipt.handle(self.queue.seal),
            body: message_body(self.store.executions, message)?,
            attributes: envelope.attributes,
            system_attributes: system,
        })
    }
}

impl QueueContext<'_> {
    /// Whether a message was purged, or has been kept for as long as its queue keeps messages.
    pub(crate) fn is_over(&self, queue: QueueId, message: &MessageRow) -> bool {
        let record = self.queue_record(queue);
        message.id.0 < record.purged_below
            || message
                .sent_at
                .saturating_add(record.attributes.retention())
                <= self.now()
    }
}

/// A number of seconds from 0 to `most`.
pub(crate) fn seconds(name: &str, given: i64, most: i64) -> Result<Duration, Rejected> {
    if (0..=most).contains(&given) {
        return Ok(Duration::from_secs(given.unsigned_abs()));
    }
    let reason = format!("Must be >= 0 and <= {most}, if provided.");
    Err(parameter(name, &given.to_string(), reason))
}

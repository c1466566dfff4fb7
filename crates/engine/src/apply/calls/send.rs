//! SendMessage, by a workflow or by a client: to which queue, whether it is a valid call, and where the message then
//! waits.

use std::time::Duration;

use rampmeter_asl::{EventId, Payload, Selector, Stimulus, Task};
use rampmeter_call::{CallMessage, InvalidMessage};
use rampmeter_store::model::arn::queue_name;
use rampmeter_store::model::control::Action;
use rampmeter_store::model::id::{GroupHash, MessageNumber, OrderingHash, StepId, message_id};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::message_rules::{check_call, check_delay};
use rampmeter_store::model::sqs::{SendMessage, SentMessage, md5_of_attributes, md5_of_body};
use rampmeter_store::{Envelope, MessageRow, StoreError, TransactionError};
use serde_json::Value;

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;
use rampmeter_index::Queue;

/// Where a new message goes.
#[derive(Debug, Clone)]
pub(crate) enum Placed {
    /// Ready in its lane, or after a delay.
    Lane { delay: Duration },
    /// It is not a valid call: a dead letter from the start.
    Dead { reason: String },
    /// On a plain queue, where only its receiver reads it.
    Plain {
        delay: Duration,
        envelope: Box<Envelope>,
    },
}

/// A message sent by the step that is being made. Its body lies in the step, so it is written after the step.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) message: MessageRow,
    pub(crate) parameters: Payload,
    pub(crate) placed: crate::apply::calls::send::Placed,
}

/// A task's message, unless it is a duplicate, and the answer to its SendMessage.
pub(crate) type Placing = (Option<Sending>, SentMessage);

impl CallContext<'_> {
    /// SendMessage over the wire, or one entry of its batch.
    pub(crate) fn send_message(
        &mut self,
        request: SendMessage,
    ) -> Result<SentMessage, TransactionError> {
        let name = queue_name(&request.queue_url);
        let Some(record) = self.queue.memory.queues.named(name) else {
            return Err(Rejected::QueueDoesNotExist(name.to_owned()).into());
        };
        let id = record.id;
        match self.queue.memory.queues.get(id) {
            Some(queue) => self.send_call(queue, request),
            None => self.queue.send_plain(id, request, false),
        }
    }

    /// Sends to a queue of an embedded worker: the message is a call.
    fn send_call(
        &mut self,
        queue: Queue,
        request: SendMessage,
    ) -> Result<SentMessage, TransactionError> {
        let checked = check_call(&request).and_then(|()| check_delay(request.delay_seconds));
        let delay = checked?;
        let id = MessageNumber(self.queue.memory.message_numbers.take(self.ledger)?);
        let parsed = CallMessage::parse(&request.body, &self.target(queue.target).config.account);
        let sent = SentMessage {
            message_id: message_id(self.seal.key(), id),
            md5_of_body: md5_of_body(&request.body),
            md5_of_attributes: md5_of_attributes(&request.attributes),
            md5_of_system_attributes: md5_of_attributes(&request.system_attributes),
            sequence_number: None,
        };
        let (mut message, placed) =
            self.read_call(id, queue, &parsed, request.group_id.as_deref(), None, delay);
        message.body = Some(request.body);
        self.put_message(&mut message, &placed)?;
        if self.journal().actor.is_some() {
            let target = self.target(queue.target).config.name.clone();
            self.record_action(Action::Submit, &target, &format!("c-{}", id.0), "")?;
        }
        Ok(sent)
    }

    /// A task's message to a queue of an embedded worker. The body of one that the task waits for stays in the step.
    pub(crate) fn place_call(
        &mut self,
        task: &Task,
        step: StepId,
        queue: Queue,
        request: &SendMessage,
    ) -> Result<Placing, TransactionError> {
        let checked = check_call(request).and_then(|()| check_delay(request.delay_seconds));
        let delay = checked?;
        let id = MessageNumber(self.queue.memory.message_numbers.take(self.ledger)?);
        let account = &self.target(queue.target).config.account;
        let parsed = match task.parameters.value().get("MessageBody") {
            Some(Value::String(text)) => CallMessage::parse(text, account),
            Some(value) => CallMessage::from_value(value, account),
            None => CallMessage::parse(&request.body, account),
        };
        let (mut message, placed) = self.read_call(
            id,
            queue,
            &parsed,
            request.group_id.as_deref(),
            Some(task.entered_event),
            delay,
        );
        match message.task {
            // The execution that waits for the call keeps the step.
            Some(_) => message.stored = Some((step, 0)),
            // Nobody waits for it: it may wait longer than its execution is kept.
            None => message.body = Some(request.body.clone()),
        }
        let sent = SentMessage {
            message_id: message_id(self.seal.key(), id),
            md5_of_body: md5_of_body(&request.body),
            md5_of_attributes: md5_of_attributes(&request.attributes),
            md5_of_system_attributes: md5_of_attributes(&request.system_attributes),
            sequence_number: None,
        };
        let sending = Sending {
            message,
            parameters: task.parameters.clone(),
            placed,
        };
        Ok((Some(sending), sent))
    }

    /// Makes a message's row, and decides whether it is a valid call.
    fn read_call(
        &mut self,
        id: MessageNumber,
        queue: Queue,
        parsed: &Result<CallMessage, InvalidMessage>,
        group_id: Option<&str>,
        entered: Option<EventId>,
        delay: Duration,
    ) -> (MessageRow, Placed) {
        let (token, key, problem) = match parsed {
            Ok(call) => (call.task_token.as_deref(), call.key.clone(), None),
            Err(invalid) => (invalid.task_token(), None, Some(invalid.to_string())),
        };
        let ordering = parsed
            .as_ref()
            .ok()
            .and_then(|call| call.ordering_key.as_deref());
        let ordering = ordering.map(OrderingHash::of);
        let task = token.and_then(|token| self.seal.open(token));
        let forged = token.is_some() && task.is_none();
        let problem = problem.or_else(|| parsed.as_ref().ok().and_then(unselectable));
        let problem =
            problem.or_else(|| forged.then(|| "its TaskToken was not minted here".to_owned()));
        let placed = match (problem, queue.lane) {
            (None, Some(_)) => Placed::Lane { delay },
            (Some(reason), _) => Placed::Dead { reason },
            (None, None) => Placed::Dead {
                reason: "it was sent to a dead-letter queue".to_owned(),
            },
        };
        let message = MessageRow {
            id,
            queue: queue.id,
            task,
            entered,
            stored: None,
            body: None,
            key,
            sent_at: self.now(),
            first_started_at: None,
            receive_count: 0,
            attempts: 0,
            crashes: 0,
            refusals: 0,
            lost_until: None,
            turn: 0,
            group: group_id.map(GroupHash::of),
            ordering,
        };
        (message, placed)
    }

    /// Writes a new message where it belongs; if it is not a valid call, its task fails.
    pub(crate) fn put_message(
        &mut self,
        message: &mut MessageRow,
        placed: &Placed,
    ) -> Result<(), StoreError> {
        match placed {
            Placed::Plain { delay, envelope } => self.queue.put_plain(message, envelope, *delay)?,
            Placed::Lane { delay } => self.lanes().enter_lane(message, *delay)?,
            Placed::Dead { reason } => {
                self.store.messages.insert_message(message)?;
                let queue = self.queue.memory.queues.get(message.queue);
                let queue = queue.expect("a new message is sent to a queue that is configured");
                self.move_to_dead_letter(queue.target, message, INVALID_MESSAGE, reason)?;
                if let Some((execution, event)) = message.task {
                    let stimulus = Stimulus::TaskFailed {
                        event,
                        error: Some(INVALID_MESSAGE.to_owned()),
                        cause: Some(reason.clone()),
                    };
                    self.tell(execution, stimulus);
                }
            }
        }
        Ok(())
    }
}

/// Why a call's ResponseSelector selects nothing.
fn unselectable(call: &CallMessage) -> Option<String> {
    let path = call.response_selector.as_deref()?;
    let error = Selector::parse(path).err()?;
    Some(format!("its ResponseSelector is no JSONPath: {error}"))
}

pub(crate) use rampmeter_call::INVALID_MESSAGE;

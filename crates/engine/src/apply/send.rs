//! SendMessage, by a workflow or by a client: which queue, is it a valid call, and where the message then lies.

use std::time::Duration;

use md5::{Digest, Md5};
use rampmeter_asl::{EventId, Payload, Resource, Task};
use rampmeter_config::message::{CallMessage, InvalidMessage};
use serde_json::{Value, json};

use super::advance::Sending;
use crate::arn::queue_name;
use crate::id::{MessageNumber, StepId, message_id};
use crate::queues::Queue;
use crate::rejected::Rejected;
use crate::request::{SendMessage, SentMessage};
use crate::store::{DeadLetter, MessageRow, StoreError};
use crate::turn::{FailedTask, Turn};

/// SQS's largest message, in bytes.
const LONGEST_BODY: usize = 1_048_576;

/// SQS's longest delay, in seconds.
const LONGEST_DELAY: i64 = 900;

/// Where a new message goes.
#[derive(Debug, Clone)]
pub(super) enum Placed {
    /// Ready in its lane, or after a delay.
    Lane { delay: Duration },
    /// It is no valid call: a dead letter from the start.
    Dead { reason: String },
}

/// An error name and a cause, as AWS's SQS integration reports them.
type SubmitError = (String, String);

impl Turn<'_> {
    /// SendMessage over the wire.
    pub(crate) fn send_message(
        &mut self,
        request: SendMessage,
    ) -> Result<Result<SentMessage, Rejected>, StoreError> {
        let name = queue_name(&request.queue_url);
        let Some(queue) = self.writer.queues.named(name) else {
            return Ok(Err(Rejected::QueueDoesNotExist(name.to_owned())));
        };
        if let Err(refused) = check_body(&request.body) {
            return Ok(Err(refused));
        }
        let delay = match check_delay(request.delay_seconds) {
            Ok(delay) => delay,
            Err(refused) => return Ok(Err(refused)),
        };
        let id = MessageNumber(self.writer.numbers.message.take(&self.writer.store)?);
        let parsed = CallMessage::parse(&request.body, &self.target(queue.target).config);
        let sent = SentMessage {
            message_id: message_id(self.writer.seal.key(), id),
            md5_of_body: md5_hex(&request.body),
        };
        let (mut message, placed) = self.read_call(id, queue, &parsed, None, delay);
        message.body = Some(request.body);
        self.put_message(&message, &placed)?;
        Ok(Ok(sent))
    }

    /// The message of a Task state. `Err` is the state's own error, data of its execution.
    pub(super) fn place_task_message(
        &mut self,
        task: &Task,
        step: StepId,
    ) -> Result<Result<(Sending, Payload), SubmitError>, StoreError> {
        assert!(
            matches!(task.resource, Resource::SqsSendMessage { .. }),
            "the interpreter fails a state whose resource this host does not serve"
        );
        let parameters = task.parameters.value();
        let url = parameters
            .get("QueueUrl")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some(queue) = self.writer.queues.named(queue_name(url)) else {
            return Ok(Err(sqs_error(
                "QueueDoesNotExist",
                "The specified queue does not exist.",
            )));
        };
        let Some(body) = parameters.get("MessageBody") else {
            return Ok(Err(sqs_error(
                "Sqs",
                "The request must contain the parameter MessageBody.",
            )));
        };
        let text = body_text(body);
        let delay = parameters.get("DelaySeconds").and_then(Value::as_i64);
        let delay = match check_body(&text).and_then(|()| check_delay(delay)) {
            Ok(delay) => delay,
            Err(refused) => return Ok(Err(sqs_error("Sqs", &refused.to_string()))),
        };
        let id = MessageNumber(self.writer.numbers.message.take(&self.writer.store)?);
        let config = &self.target(queue.target).config;
        let parsed = match body {
            Value::String(text) => CallMessage::parse(text, config),
            value => CallMessage::from_value(value, config),
        };
        let (mut message, placed) =
            self.read_call(id, queue, &parsed, Some(task.entered_event), delay);
        message.stored = Some((step, 0));
        let output = Payload::from_value(json!({
            "MD5OfMessageBody": md5_hex(&text),
            "MessageId": message_id(self.writer.seal.key(), id),
            "SdkHttpMetadata": { "HttpStatusCode": 200 },
            "SdkResponseMetadata": { "RequestId": uuid::Uuid::new_v4().to_string() },
        }));
        let sending = Sending {
            message,
            parameters: task.parameters.clone(),
            placed,
        };
        Ok(Ok((sending, output)))
    }

    /// Makes a message's row, and decides whether it is a call that can be made.
    fn read_call(
        &mut self,
        id: MessageNumber,
        queue: Queue,
        parsed: &Result<CallMessage, InvalidMessage>,
        entered: Option<EventId>,
        delay: Duration,
    ) -> (MessageRow, Placed) {
        let (token, key, problem) = match parsed {
            Ok(call) => (call.task_token.as_deref(), call.key.clone(), None),
            Err(invalid) => (invalid.task_token(), None, Some(invalid.to_string())),
        };
        let task = token.and_then(|token| self.writer.seal.open(token));
        let forged = token.is_some() && task.is_none();
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
            sent_at: self.now,
            first_started_at: None,
            receive_count: 0,
            attempts: 0,
            crashes: 0,
        };
        (message, placed)
    }

    /// Writes a new message where it belongs; the task of one that is no valid call fails.
    pub(super) fn put_message(
        &mut self,
        message: &MessageRow,
        placed: &Placed,
    ) -> Result<(), StoreError> {
        self.store().insert_message(message)?;
        match placed {
            Placed::Lane { delay } if delay.is_zero() => self.make_ready(message)?,
            Placed::Lane { delay } => {
                self.store()
                    .delay(self.now.saturating_add(*delay), message.id)?;
            }
            Placed::Dead { reason } => {
                let queue = self.writer.queues.get(message.queue);
                let queue = queue.expect("a new message is sent to a queue that is configured");
                let dead = self.target(queue.target).dead;
                self.store().bury(
                    dead,
                    &DeadLetter {
                        message: message.id,
                        failed_at: self.now,
                        error: INVALID_MESSAGE,
                        cause: reason,
                    },
                )?;
                if let Some((execution, event)) = message.task {
                    self.failed_tasks.push_back(FailedTask {
                        execution,
                        event,
                        error: INVALID_MESSAGE,
                        cause: reason.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Puts a message at its place among the ready ones of its lane: by age, so a repeat does not lose its turn.
    pub(super) fn make_ready(&mut self, message: &MessageRow) -> Result<(), StoreError> {
        self.store().make_ready(message.queue, message.id)?;
        self.made_ready = true;
        // A target that is no longer configured keeps its messages until it is configured again.
        if let Some(Queue {
            target,
            lane: Some(priority),
            ..
        }) = self.writer.queues.get(message.queue)
        {
            self.target(target).ready[priority.index()] += 1;
        }
        Ok(())
    }
}

/// The error of a message that is no valid call.
pub(super) const INVALID_MESSAGE: &str = "Rampmeter.InvalidMessage";

/// The text of a MessageBody: AWS sends an object as its JSON.
pub(super) fn body_text(body: &Value) -> std::borrow::Cow<'_, str> {
    match body {
        Value::String(text) => std::borrow::Cow::Borrowed(text),
        value => std::borrow::Cow::Owned(value.to_string()),
    }
}

fn check_delay(seconds: Option<i64>) -> Result<Duration, Rejected> {
    let seconds = seconds.unwrap_or(0);
    if !(0..=LONGEST_DELAY).contains(&seconds) {
        return Err(Rejected::InvalidParameter(format!(
            "Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {LONGEST_DELAY}."
        )));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// SQS's rules for a body: 1 byte to 1 MiB, and only the characters that XML 1.0 allows.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn check_body(body: &str) -> Result<(), Rejected> {
    if body.is_empty() {
        return Err(Rejected::InvalidParameter(
            "The request must contain the parameter MessageBody.".to_owned(),
        ));
    }
    if body.len() > LONGEST_BODY {
        return Err(Rejected::InvalidParameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {LONGEST_BODY} bytes."
        )));
    }
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match body.chars().find(|&character| !allowed(character)) {
        Some(character) => Err(Rejected::InvalidMessageContents(format!(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF, found #x{:X}",
            u32::from(character)
        ))),
        None => Ok(()),
    }
}

/// An error of the SQS integration, named as Step Functions names it.
fn sqs_error(name: &str, message: &str) -> SubmitError {
    let error = match name {
        "QueueDoesNotExist" => "SQS.QueueDoesNotExistException".to_owned(),
        _ => "SQS.SqsException".to_owned(),
    };
    (error, format!("{message} (Service: Sqs, Status Code: 400)"))
}

fn md5_hex(text: &str) -> String {
    use std::fmt::Write;
    Md5::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(32), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_md5_of_a_body_is_that_of_its_utf8_bytes() {
        assert_eq!(md5_hex("Hello"), "8b1a9953c4611296a827abf8c47804d7");
        assert_eq!(md5_hex("{\"q\":\"é\"}"), "742be85dbca0d82f6cbc566a4206bb3e");
    }

    #[test]
    fn a_body_with_a_control_character_is_refused_and_named() {
        let refused = check_body("a\u{1}b").unwrap_err();
        assert!(
            matches!(&refused, Rejected::InvalidMessageContents(text) if text.ends_with("#x1"))
        );
        assert!(check_body("a\u{fffe}").is_err());
        assert!(check_body("tab\tline\nsnow ☃ \u{10ffff}").is_ok());
    }

    #[test]
    fn a_body_is_from_one_byte_to_one_mebibyte() {
        assert!(check_body("").is_err());
        assert!(check_body(&"x".repeat(LONGEST_BODY)).is_ok());
        assert!(check_body(&"x".repeat(LONGEST_BODY + 1)).is_err());
    }

    #[test]
    fn a_delay_is_at_most_fifteen_minutes() {
        assert!(check_delay(Some(901)).is_err());
        assert!(check_delay(Some(-1)).is_err());
        assert_eq!(check_delay(Some(900)).unwrap(), Duration::from_secs(900));
        assert_eq!(check_delay(None).unwrap(), Duration::ZERO);
    }
}

//! SQS's rules for the parts of a message, whatever queue it is sent to.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::model::queue_error::QueueError;
use crate::model::rejected::Rejected;
use crate::model::sqs::attributes::parameter;
use crate::model::sqs::queue::QueueRecord;
use crate::model::sqs::{AttributeValue, MessageAttributes, SendMessage, message_attribute};

/// SQS's largest message, in bytes.
const MAX_BODY_BYTES: usize = 1_048_576;

/// SQS's longest delay, in seconds.
const MAX_DELAY_SECONDS: i64 = 900;

/// The maximum length of a MessageGroupId or a MessageDeduplicationId.
const MAX_ID_CHARS: usize = 128;

/// Checks the seconds for which a message is delayed.
pub fn check_delay(seconds: Option<i64>) -> Result<Duration, Rejected> {
    let seconds = seconds.unwrap_or(0);
    if !(0..=MAX_DELAY_SECONDS).contains(&seconds) {
        let reason = format!("DelaySeconds must be >= 0 and <= {MAX_DELAY_SECONDS}.");
        return Err(parameter("DelaySeconds", &seconds.to_string(), reason));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// Checks that a body has only the characters that XML 1.0 allows.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub fn check_characters(body: &str) -> Result<(), Rejected> {
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if body.chars().all(allowed) {
        return Ok(());
    }
    Err(Rejected::InvalidMessageContents(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF".to_owned(),
    ))
}

/// The rules for a message's attributes.
pub fn check_attributes(attributes: &MessageAttributes) -> Result<(), Rejected> {
    message_attribute::check(attributes)?;
    for attribute in attributes.values() {
        // Here SQS uses the same text with another error name.
        if let AttributeValue::Text(text) = &attribute.value
            && let Err(Rejected::InvalidMessageContents(text)) = check_characters(text)
        {
            return Err(Rejected::InvalidParameter(text));
        }
    }
    Ok(())
}

/// The size of a message: its body and its attributes, in bytes.
pub fn length(request: &SendMessage) -> usize {
    request.body.len() + message_attribute::length(&request.attributes)
}

/// 1 to 128 letters, digits and punctuation marks of ASCII.
pub fn check_id(name: &str, id: &str) -> Result<(), Rejected> {
    if (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(|letter| letter.is_ascii_graphic())
    {
        return Ok(());
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(parameter(name, id, reason))
}

/// SQS's rules for a message to a plain queue. `batched`: the texts of errors differ by a word.
pub fn check_message(
    record: &QueueRecord,
    request: &SendMessage,
    batched: bool,
) -> Result<(), Rejected> {
    if request.body.is_empty() {
        return Err(QueueError::MissingParameter("MessageBody").into());
    }
    let longest = record.attributes.maximum_message_size();
    if length(request) > longest {
        let are = if batched {
            "cannot be validated"
        } else {
            "are invalid"
        };
        return Err(Rejected::InvalidParameter(format!(
            "One or more parameters {are}. Reason: Message must be shorter than {longest} bytes."
        )));
    }
    check_characters(&request.body)?;
    check_attributes(&request.attributes)?;
    message_attribute::check_system(&request.system_attributes)?;
    if let Some(group) = &request.group_id {
        check_id("MessageGroupId", group)?;
    }
    Ok(())
}

/// The delay of a message. Only messages of standard queues may set one; on a FIFO queue, 0 stands for the queue's own.
pub fn delay_of(record: &QueueRecord, seconds: Option<i64>) -> Result<Duration, Rejected> {
    match seconds {
        None => Ok(record.attributes.delay()),
        Some(0) if record.attributes.is_fifo() => Ok(record.attributes.delay()),
        Some(seconds) if record.attributes.is_fifo() => {
            Err(parameter("DelaySeconds", &seconds.to_string(), WRONG_TYPE))
        }
        seconds => check_delay(seconds),
    }
}

/// What SQS says of a parameter that belongs to the other type of queue.
pub const WRONG_TYPE: &str = "The request include parameter that is not valid for this queue type.";

/// The deduplication id of a message of a FIFO queue: its own, or the SHA-256 of its body.
pub fn deduplication_id(
    record: &QueueRecord,
    request: &SendMessage,
) -> Result<Option<String>, Rejected> {
    let given = request.deduplication_id.as_deref();
    if !record.attributes.is_fifo() {
        return match given {
            Some(id) => Err(parameter("MessageDeduplicationId", id, WRONG_TYPE)),
            None => Ok(None),
        };
    }
    if request.group_id.is_none() {
        return Err(QueueError::MissingParameter("MessageGroupId").into());
    }
    match given {
        Some(id) => {
            check_id("MessageDeduplicationId", id)?;
            Ok(Some(id.to_owned()))
        }
        None if record.attributes.content_based_deduplication() => {
            Ok(Some(sha256_hex(&request.body)))
        }
        None => Err(Rejected::InvalidParameter(NO_DEDUPLICATION.to_owned())),
    }
}

/// What SQS says of a message to a FIFO queue that could not be told apart from others.
pub const NO_DEDUPLICATION: &str = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";

fn sha256_hex(text: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// The rules for a message that is a call: 1 byte to 1 MiB with its attributes, and nothing that its worker would have to
/// respect but does not. Attributes require nothing of the worker: tracing libraries add them to every message.
pub fn check_call(request: &SendMessage) -> Result<(), Rejected> {
    if request.body.is_empty() {
        return Err(QueueError::MissingParameter("MessageBody").into());
    }
    if length(request) > MAX_BODY_BYTES {
        return Err(Rejected::InvalidParameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {MAX_BODY_BYTES} bytes."
        )));
    }
    if let Some(id) = &request.deduplication_id {
        return Err(parameter("MessageDeduplicationId", id, WRONG_TYPE));
    }
    if let Some(group) = &request.group_id {
        check_id("MessageGroupId", group)?;
    }
    check_attributes(&request.attributes)?;
    message_attribute::check_system(&request.system_attributes)?;
    check_characters(&request.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_groups_are_letters_digits_and_punctuation() {
        assert!(check_id("MessageGroupId", "a-1!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~").is_ok());
        for bad in ["", "a b", "é", &"a".repeat(129)] {
            assert!(check_id("MessageGroupId", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_body_with_a_control_character_is_refused() {
        let refused = check_characters("a\u{1}b").unwrap_err();
        assert!(matches!(refused, Rejected::InvalidMessageContents(_)));
        assert!(check_characters("a\u{fffe}").is_err());
        assert!(check_characters("tab\tline\nsnow ☃ \u{10ffff}").is_ok());
    }

    #[test]
    fn a_delay_is_at_most_fifteen_minutes() {
        assert!(check_delay(Some(901)).is_err());
        assert!(check_delay(Some(-1)).is_err());
        assert_eq!(check_delay(Some(900)).unwrap(), Duration::from_secs(900));
        assert_eq!(check_delay(None).unwrap(), Duration::ZERO);
    }

    #[test]
    fn a_body_is_from_one_byte_to_one_mebibyte() {
        let of = |length: usize| SendMessage {
            body: "x".repeat(length),
            ..SendMessage::default()
        };
        assert!(check_call(&of(0)).is_err());
        assert!(check_call(&of(MAX_BODY_BYTES)).is_ok());
        assert!(check_call(&of(MAX_BODY_BYTES + 1)).is_err());
    }
}

//! SQS's rules for the parts of a message, whichever queue it is sent to.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use std::time::Duration;

use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::attributes::parameter;
use rampmeter_store::model::sqs::{
    AttributeValue, MessageAttributes, SendMessage, message_attribute,
};

/// SQS's longest delay, in seconds.
const MAX_DELAY_SECONDS: i64 = 900;

/// Longest MessageGroupId and MessageDeduplicationId.
const MAX_ID_CHARS: usize = 128;

/// The seconds for which a message is delayed.
pub(crate) fn check_delay(seconds: Option<i64>) -> Result<Duration, Rejected> {
    let seconds = seconds.unwrap_or(0);
    if !(0..=MAX_DELAY_SECONDS).contains(&seconds) {
        let reason = format!("DelaySeconds must be >= 0 and <= {MAX_DELAY_SECONDS}.");
        return Err(parameter("DelaySeconds", &seconds.to_string(), reason));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// A body has only the characters that XML 1.0 allows.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub(crate) fn check_characters(body: &str) -> Result<(), Rejected> {
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if body.chars().all(allowed) {
        return Ok(());
    }
    Err(Rejected::InvalidMessageContents(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF".to_owned(),
    ))
}

/// The rules for a message's attributes.
pub(crate) fn check_attributes(attributes: &MessageAttributes) -> Result<(), Rejected> {
    message_attribute::check(attributes)?;
    for attribute in attributes.values() {
        // Here SQS gives the same text under another name.
        if let AttributeValue::Text(text) = &attribute.value
            && let Err(Rejected::InvalidMessageContents(text)) = check_characters(text)
        {
            return Err(Rejected::InvalidParameter(text));
        }
    }
    Ok(())
}

/// What a message counts: its body and its attributes, in bytes.
pub(crate) fn length(request: &SendMessage) -> usize {
    request.body.len() + message_attribute::length(&request.attributes)
}

/// 1 to 128 letters, digits and punctuation marks of ASCII.
pub(crate) fn check_id(name: &str, id: &str) -> Result<(), Rejected> {
    if (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(|letter| letter.is_ascii_graphic())
    {
        return Ok(());
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(parameter(name, id, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

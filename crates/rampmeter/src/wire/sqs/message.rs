//! SendMessage. The queues of a target are read by its own worker, which reads the body and nothing else; members
//! that it would lose are refused rather than dropped.

use rampmeter_engine::SendMessage;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::parameter::{invalid, required, unsupported};
use crate::wire::error::WireError;
use crate::wire::json::parameters;
use crate::wire::operation::Call;

/// Longest delay of a message, in seconds.
const LONGEST_DELAY: i64 = 900;

// `MessageSystemAttributes` can only carry a trace header, which asks nothing of the queue: it is not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    queue_url: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<Map<String, Value>>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

pub(in crate::wire) async fn send(call: Call) -> Result<Value, WireError> {
    let send: Send = parameters(&call.body)?;
    refuse_unread(&send)?;
    let sent = call
        .site
        .engine
        .send_message(SendMessage {
            queue_url: required("QueueUrl", send.queue_url)?,
            body: required("MessageBody", send.message_body)?,
            delay_seconds: delay(send.delay_seconds)?,
        })
        .await?;
    Ok(json!({ "MessageId": sent.message_id, "MD5OfMessageBody": sent.md5_of_body }))
}

fn delay(seconds: Option<i64>) -> Result<Option<i64>, WireError> {
    match seconds {
        Some(seconds) if !(0..=LONGEST_DELAY).contains(&seconds) => Err(invalid(
            "DelaySeconds",
            &seconds.to_string(),
            "DelaySeconds must be >= 0 and <= 900.",
        )),
        seconds => Ok(seconds),
    }
}

fn refuse_unread(send: &Send) -> Result<(), WireError> {
    if let Some(id) = &send.message_deduplication_id {
        return Err(invalid(
            "MessageDeduplicationId",
            id,
            "The request include parameter that is not valid for this queue type.",
        ));
    }
    if send
        .message_attributes
        .as_ref()
        .is_some_and(|attributes| !attributes.is_empty())
    {
        return Err(unsupported(
            "MessageAttributes are not kept here: put the data into the body.",
        ));
    }
    if send.message_group_id.is_some() {
        return Err(unsupported(
            "MessageGroupId is not served here yet: send without it.",
        ));
    }
    Ok(())
}

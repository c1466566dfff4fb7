//! SendMessage and SendMessageBatch.

use rampmeter_engine::{
    Batch, MessageAttribute, MessageAttributes, Rejected, SendMessage, SentMessage,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::batch;
use super::parameter::required;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// One message, alone or as an entry of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    id: Option<String>,
    queue_url: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<Map<String, Value>>,
    message_system_attributes: Option<Map<String, Value>>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

impl Send {
    /// The engine's request. An empty body is refused there; the queue of an entry is that of its batch.
    fn into_request(
        self,
        queue_url: String,
        trace_header: Option<String>,
    ) -> Result<SendMessage, WireError> {
        Ok(SendMessage {
            queue_url,
            body: self.message_body.unwrap_or_default(),
            delay_seconds: self.delay_seconds,
            attributes: attributes(self.message_attributes)?,
            system_attributes: attributes(self.message_system_attributes)?,
            trace_header,
            group_id: self.message_group_id,
            deduplication_id: self.message_deduplication_id,
        })
    }
}

pub(crate) async fn send(call: Call) -> Result<Value, WireError> {
    let mut send: Send = parameters(&call.body)?;
    let url = required("QueueUrl", send.queue_url.take())?;
    let request = send.into_request(url, call.trace_header)?;
    let sent = call.site.engine.queues().send_message(request).await?;
    let mut answer = Map::new();
    show(&sent, &mut answer);
    Ok(Value::Object(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendBatch {
    queue_url: Option<String>,
    entries: Option<Vec<Send>>,
}

pub(crate) async fn send_batch(call: Call) -> Result<Value, WireError> {
    let send: SendBatch = parameters(&call.body)?;
    let request = Batch {
        queue_url: required("QueueUrl", send.queue_url)?,
        entries: batch::entries(send.entries, |mut entry| {
            let trace_header = call.trace_header.clone();
            Ok((
                entry.id.take(),
                entry.into_request(String::new(), trace_header)?,
            ))
        })?,
    };
    let answer = call
        .site
        .engine
        .queues()
        .send_message_batch(request)
        .await?;
    Ok(batch::answer(answer, show))
}

fn attributes(given: Option<Map<String, Value>>) -> Result<MessageAttributes, Rejected> {
    let read = |(name, value): (String, Value)| {
        let attribute = MessageAttribute::from_json(&name, &value)?;
        Ok((name, attribute))
    };
    given.unwrap_or_default().into_iter().map(read).collect()
}

fn show(sent: &SentMessage, answer: &mut Map<String, Value>) {
    answer.insert("MessageId".to_owned(), json!(sent.message_id));
    answer.insert("MD5OfMessageBody".to_owned(), json!(sent.md5_of_body));
    for (name, value) in [
        ("MD5OfMessageAttributes", &sent.md5_of_attributes),
        (
            "MD5OfMessageSystemAttributes",
            &sent.md5_of_system_attributes,
        ),
        ("SequenceNumber", &sent.sequence_number),
    ] {
        if let Some(value) = value {
            answer.insert(name.to_owned(), json!(value));
        }
    }
}

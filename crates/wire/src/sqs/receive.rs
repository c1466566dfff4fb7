//! ReceiveMessage: which attributes of a message a client asked for.

use rampmeter_engine::{
    MessageAttribute, MessageAttributes, ReceiveMessage, ReceivedMessage, md5_of_attributes,
    md5_of_body,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::parameter::required;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    queue_url: Option<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    receive_request_attempt_id: Option<String>,
    message_attribute_names: Option<Vec<String>>,
    message_system_attribute_names: Option<Vec<String>>,
    // The older name of `message_system_attribute_names`.
    attribute_names: Option<Vec<String>>,
}

pub(crate) async fn receive(call: Call) -> Result<Value, WireError> {
    let receive: Receive = parameters(&call.body)?;
    let request = ReceiveMessage {
        queue_url: required("QueueUrl", receive.queue_url)?,
        max_number_of_messages: receive.max_number_of_messages,
        visibility_timeout: receive.visibility_timeout,
        wait_time_seconds: receive.wait_time_seconds,
        attempt_id: receive.receive_request_attempt_id,
    };
    let mut system = receive.message_system_attribute_names.unwrap_or_default();
    system.extend(receive.attribute_names.unwrap_or_default());
    let names = receive.message_attribute_names.unwrap_or_default();
    let messages = call.site.engine.queues().receive_message(request).await?;
    if messages.is_empty() {
        return Ok(json!({}));
    }
    let shown = messages
        .into_iter()
        .map(|message| show(message, &system, &names));
    Ok(json!({ "Messages": shown.collect::<Vec<_>>() }))
}

fn show(message: ReceivedMessage, system: &[String], names: &[String]) -> Value {
    let mut shown = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": md5_of_body(&message.body),
        "Body": message.body,
    });
    let asked = |name: &str| system.iter().any(|asked| asked == "All" || asked == name);
    let attributes: Map<String, Value> = message
        .system_attributes
        .into_iter()
        .filter(|(name, _)| asked(name))
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    if !attributes.is_empty() {
        shown["Attributes"] = Value::Object(attributes);
    }
    let attributes: MessageAttributes = message
        .attributes
        .into_iter()
        .filter(|(name, _)| names.iter().any(|asked| matches(asked, name)))
        .collect();
    if let Some(digest) = md5_of_attributes(&attributes) {
        shown["MD5OfMessageAttributes"] = Value::from(digest);
        shown["MessageAttributes"] = attributes
            .iter()
            .map(|(name, attribute)| (name.clone(), MessageAttribute::to_json(attribute)))
            .collect();
    }
    shown
}

/// Whether a client asked for the attribute with this name: by its name, by a prefix, or by asking for all.
fn matches(asked: &str, name: &str) -> bool {
    match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn attributes_are_asked_for_by_name_by_prefix_or_all() {
        for (asked, name, answer) in [
            ("All", "a", true),
            (".*", "a", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("trace.*", "trace.id", true),
            ("trace.*", "other", false),
        ] {
            assert_eq!(matches(asked, name), answer, "{asked} {name}");
        }
    }
}

//! What invokes a function: messages of a queue, the schedule that wakes a closed target, or the one that checks that
//! every sleeping target will be woken.

use std::collections::HashMap;

use rampmeter_dispatch::{Priority, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::trace::TraceHeader;

/// The system attribute of a message that holds the trace it belongs to.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// An invocation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// The target may be open again.
    Wake,
    /// Time to check whether anything is asleep that nothing will wake.
    Watch,
    /// Messages, each with the queue it is from.
    Messages(Vec<Delivered>),
    /// Not one of ours.
    Unknown,
}

/// A message as an event source mapping delivers it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivered {
    pub(crate) message_id: String,
    pub(crate) receipt_handle: String,
    #[serde(default)]
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) attributes: HashMap<String, String>,
    #[serde(rename = "eventSourceARN", default)]
    pub(crate) source: String,
}

/// A message of one of the target's queues, however it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) handle: String,
    pub(crate) body: String,
    pub(crate) lane: Priority,
    /// How often it was received, including this time; receives after which it was handed back count too.
    pub(crate) receive_count: u32,
    pub(crate) sent_at: Option<Time>,
    /// The trace to which it belongs. While it is served, the segment that serves it is the parent.
    pub(crate) trace: Option<TraceHeader>,
}

/// Which messages the mapping must not delete.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Reply {
    #[serde(rename = "batchItemFailures")]
    pub(crate) failures: Vec<Failure>,
}

/// A message that stays in its queue.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    #[serde(rename = "itemIdentifier")]
    pub(crate) id: String,
}

impl Reply {
    /// These messages stay.
    pub(crate) fn keeping(ids: impl IntoIterator<Item = String>) -> Reply {
        Reply {
            failures: ids.into_iter().map(|id| Failure { id }).collect(),
        }
    }
}

impl Event {
    /// Its messages from lanes: those for which a worker is responsible.
    pub(crate) fn lane_messages(&self) -> Vec<Message> {
        match self {
            Event::Messages(records) => {
                let records = records.iter().cloned();
                records.filter_map(Delivered::into_message).collect()
            }
            Event::Wake | Event::Watch | Event::Unknown => Vec::new(),
        }
    }

    /// Reads the payload of an invocation.
    pub(crate) fn read(payload: Value) -> Event {
        match payload.get("rampmeter").and_then(Value::as_str) {
            Some("wake") => return Event::Wake,
            Some("watch") => return Event::Watch,
            _ => {}
        }
        #[derive(Deserialize)]
        struct Records {
            #[serde(rename = "Records")]
            records: Vec<Delivered>,
        }
        match serde_json::from_value::<Records>(payload) {
            Ok(records) => Event::Messages(records.records),
            Err(_) => Event::Unknown,
        }
    }
}

impl Delivered {
    /// The trace to which it belongs.
    pub(crate) fn trace(&self) -> Option<TraceHeader> {
        let header = self.attributes.get(TRACE_HEADER)?;
        TraceHeader::parse(header)
    }

    /// The message, if it is from a queue of a lane.
    pub(crate) fn into_message(self) -> Option<Message> {
        let lane = lane_of(&self.source)?;
        let attributes = |name: &str| self.attributes.get(name).map(String::as_str);
        Some(Message::new(
            self.message_id.clone(),
            self.receipt_handle.clone(),
            self.body.clone(),
            lane,
            attributes,
        ))
    }
}

impl Message {
    /// A message with what SQS says of it.
    pub(crate) fn new<'a>(
        id: String,
        handle: String,
        body: String,
        lane: Priority,
        attributes: impl Fn(&str) -> Option<&'a str>,
    ) -> Message {
        Message {
            id,
            handle,
            body,
            lane,
            receive_count: attributes("ApproximateReceiveCount")
                .and_then(|text| text.parse().ok())
                .unwrap_or(1),
            sent_at: attributes("SentTimestamp")
                .and_then(|text| text.parse().ok())
                .map(Time::from_millis),
            trace: attributes(TRACE_HEADER).and_then(TraceHeader::parse),
        }
    }
}

/// The lane of a queue, by the end of its ARN.
fn lane_of(arn: &str) -> Option<Priority> {
    let (_, word) = arn.rsplit_once('-')?;
    let lanes = Priority::ALL.into_iter();
    lanes.into_iter().find(|lane| suffix(*lane) == word)
}

/// The end of the name of a lane's queue.
pub(crate) fn suffix(lane: Priority) -> &'static str {
    match lane {
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Batch => "batch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_of_a_mapping_is_read_with_its_lane_and_counts() {
        let record = json!({
            "messageId": "m-1", "receiptHandle": "h", "body": "{}", "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1795000000000", "SenderId": "A"},
            "messageAttributes": {}, "md5OfBody": "x", "awsRegion": "eu-west-1",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:1:netsuite-medium",
        });
        let Event::Messages(mut records) = Event::read(json!({ "Records": [record] })) else {
            panic!("these are messages");
        };
        let message = records.remove(0).into_message().unwrap();
        assert_eq!(message.lane, Priority::Medium);
        assert_eq!(message.receive_count, 3);
        assert_eq!(message.sent_at, Some(Time::from_millis(1_795_000_000_000)));
    }

    #[test]
    fn a_wake_up_is_known_and_anything_else_is_not_taken_for_messages() {
        assert_eq!(Event::read(json!({"rampmeter": "wake"})), Event::Wake);
        assert_eq!(Event::read(json!({"rampmeter": "watch"})), Event::Watch);
        for other in [json!(null), json!({"Records": 1}), json!({"detail": {}})] {
            assert_eq!(Event::read(other), Event::Unknown);
        }
        assert_eq!(lane_of("arn:aws:sqs:r:1:netsuite-undelivered"), None);
    }

    #[test]
    fn a_reply_names_what_stays_as_lambda_reads_it() {
        let reply = Reply::keeping(["m-1".to_owned()]);
        assert_eq!(
            serde_json::to_value(reply).unwrap(),
            json!({"batchItemFailures": [{"itemIdentifier": "m-1"}]})
        );
    }
}

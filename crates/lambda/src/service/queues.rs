//! The target's queues on SQS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
};
use rampmeter_dispatch::Priority;
use thiserror::Error;

use crate::event::{Message, suffix};
use crate::service::clients::of_trace;
use crate::trace::TraceHeader;

/// How long a received message is hidden from others, unless that is extended.
pub(crate) const HIDDEN: Duration = Duration::from_secs(60);
/// SQS's longest, less the time the message may have been hidden already.
const MAX_HIDDEN: Duration = Duration::from_secs(11 * 3_600);

/// A request to SQS failed, after its retries.
#[derive(Debug, Error)]
#[error("SQS {operation}: {why}")]
pub(crate) struct QueueError {
    operation: &'static str,
    why: String,
}

fn failed<E: std::error::Error>(operation: &'static str) -> impl Fn(E) -> QueueError {
    move |error| QueueError {
        operation,
        why: DisplayErrorContext(&error).to_string(),
    }
}

/// The queues of one target.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    client: Client,
    prefix: String,
}

impl Queues {
    pub(crate) fn new(config: &SdkConfig, prefix: &str) -> Queues {
        Queues {
            client: Client::new(config),
            prefix: prefix.to_owned(),
        }
    }

    fn url(&self, lane: Priority) -> String {
        format!("{}-{}", self.prefix, suffix(lane))
    }

    /// Receives up to `most` (at most 10) messages, without waiting for any.
    pub(crate) async fn receive(
        &self,
        lane: Priority,
        most: usize,
    ) -> Result<Vec<Message>, QueueError> {
        let reply = self
            .client
            .receive_message()
            .queue_url(self.url(lane))
            .max_number_of_messages(i32::try_from(most.min(10)).unwrap_or(10))
            .visibility_timeout(seconds(HIDDEN))
            .wait_time_seconds(0)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::AwsTraceHeader)
            .send()
            .await
            .map_err(failed("ReceiveMessage"))?;
        let messages = reply.messages.unwrap_or_default().into_iter();
        let whole = messages.filter_map(|message| {
            let attributes = message.attributes.unwrap_or_default();
            let attribute = |name: &str| {
                let name = MessageSystemAttributeName::from(name);
                attributes.get(&name).map(String::as_str)
            };
            let (id, handle) = (message.message_id?, message.receipt_handle?);
            let body = message.body.unwrap_or_default();
            Some(Message::new(id, handle, body, lane, attribute))
        });
        Ok(whole.collect())
    }

    /// Hides a message for so long from now on; zero lets anybody receive it at once.
    pub(crate) async fn hide(&self, message: &Message, time: Duration) -> Result<(), QueueError> {
        self.client
            .change_message_visibility()
            .queue_url(self.url(message.lane))
            .receipt_handle(&message.handle)
            .visibility_timeout(seconds(time))
            .customize()
            .mutate_request(of_trace(message.trace.as_ref()))
            .send()
            .await
            .map_err(failed("ChangeMessageVisibility"))?;
        Ok(())
    }

    /// Keeps messages of one lane hidden: at most 10, by their handles. One that is gone is no error.
    pub(crate) async fn keep_hidden(
        &self,
        lane: Priority,
        handles: &[String],
    ) -> Result<(), QueueError> {
        let entries = handles.iter().enumerate().map(|(number, handle)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(number.to_string())
                .receipt_handle(handle)
                .visibility_timeout(seconds(HIDDEN))
                .build()
                .expect("it has an id and a handle")
        });
        self.client
            .change_message_visibility_batch()
            .queue_url(self.url(lane))
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(failed("ChangeMessageVisibilityBatch"))?;
        Ok(())
    }

    /// Deletes a message.
    pub(crate) async fn delete(&self, message: &Message) -> Result<(), QueueError> {
        self.client
            .delete_message()
            .queue_url(self.url(message.lane))
            .receipt_handle(&message.handle)
            .customize()
            .mutate_request(of_trace(message.trace.as_ref()))
            .send()
            .await
            .map_err(failed("DeleteMessage"))?;
        Ok(())
    }

    /// Moves a message that is given up to the dead-letter queue, with the reason. It keeps its trace.
    pub(crate) async fn move_to_dead_letter(
        &self,
        body: &str,
        error: &str,
        cause: &str,
        trace: Option<&TraceHeader>,
    ) -> Result<(), QueueError> {
        let text = |value: &str| {
            MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .expect("it has a type")
        };
        let mut request = self
            .client
            .send_message()
            .queue_url(format!("{}-dead", self.prefix))
            .message_body(body)
            .message_attributes("Error", text(error))
            .message_attributes("Cause", text(cause));
        if let Some(trace) = trace {
            let header = MessageSystemAttributeValue::builder()
                .data_type("String")
                .string_value(trace.to_string())
                .build()
                .expect("it has a type");
            let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
            request = request.message_system_attributes(name, header);
        }
        request
            .customize()
            .mutate_request(of_trace(trace))
            .send()
            .await
            .map_err(failed("SendMessage"))?;
        Ok(())
    }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> i32 {
    let time = time.min(MAX_HIDDEN);
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    i32::try_from(whole).expect("it is less than a day")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_hides_for_a_whole_one_and_no_time_is_beyond_what_sqs_takes() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(90_000)), 39_600);
    }
}

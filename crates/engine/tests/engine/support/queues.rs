//! What the tests of plain queues share.

use std::path::Path;

use rampmeter_engine::{
    CreateQueue, DeleteMessage, Engine, Names, ReceiveMessage, ReceivedMessage, SendMessage,
};

use super::{ONE_CALL, config, open, yes};

/// An engine in this directory, with the target `erp` besides.
pub(crate) async fn engine(directory: &Path) -> Engine {
    engine_with(directory, "").await
}

/// The same with more lines about the target.
pub(crate) async fn engine_with(directory: &Path, target: &str) -> Engine {
    let vendor = yes().await;
    let target = format!("{target}\n[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 3\n");
    open(&config(directory, &vendor, &target, ONE_CALL))
}

pub(crate) fn names(given: &[(&str, &str)]) -> Names {
    given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) async fn create(engine: &Engine, name: &str, attributes: &[(&str, &str)]) {
    let create = CreateQueue {
        name: name.to_owned(),
        attributes: names(attributes),
        tags: Names::new(),
    };
    engine
        .queues()
        .create_queue(create)
        .await
        .expect("the queue is made");
}

pub(crate) fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{queue}")
}

/// The redrive policy to a queue after so many receives.
pub(crate) fn redrive(queue: &str, receives: u32) -> String {
    format!(
        "{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":{receives}}}",
        arn(queue)
    )
}

pub(crate) fn message(queue: &str, body: &str) -> SendMessage {
    SendMessage {
        queue_url: queue.to_owned(),
        body: body.to_owned(),
        ..SendMessage::default()
    }
}

/// A message of a FIFO queue.
pub(crate) fn in_group(queue: &str, body: &str, group: &str, id: &str) -> SendMessage {
    SendMessage {
        group_id: Some(group.to_owned()),
        deduplication_id: Some(id.to_owned()),
        ..message(queue, body)
    }
}

pub(crate) async fn send(engine: &Engine, queue: &str, body: &str) {
    let sent = engine.queues().send_message(message(queue, body)).await;
    sent.expect("the message is sent");
}

/// How to receive: up to `most` messages at once, without waiting.
pub(crate) fn receiving(queue: &str, most: i64) -> ReceiveMessage {
    ReceiveMessage {
        queue_url: queue.to_owned(),
        max_number_of_messages: Some(most),
        visibility_timeout: None,
        wait_time_seconds: Some(0),
        attempt_id: None,
    }
}

pub(crate) async fn receive(engine: &Engine, queue: &str, most: i64) -> Vec<ReceivedMessage> {
    let received = engine
        .queues()
        .receive_message(receiving(queue, most))
        .await;
    received.expect("the queue can be received from")
}

/// Receives one message that is visible again at once.
pub(crate) async fn glance(engine: &Engine, queue: &str) -> Option<ReceivedMessage> {
    let request = ReceiveMessage {
        visibility_timeout: Some(0),
        ..receiving(queue, 1)
    };
    let received = engine.queues().receive_message(request).await;
    received.expect("the queue can be received from").pop()
}

pub(crate) async fn delete(engine: &Engine, queue: &str, message: &ReceivedMessage) {
    let receipt_handle = message.receipt_handle.clone();
    let deleted = engine
        .queues()
        .delete_message(queue, DeleteMessage { receipt_handle })
        .await;
    deleted.expect("the message is deleted");
}

pub(crate) fn bodies(messages: &[ReceivedMessage]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message.body.as_str())
        .collect()
}

/// The three counts of a queue: visible, in flight, delayed.
pub(crate) async fn counts(engine: &Engine, queue: &str) -> [u64; 3] {
    let names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ];
    let all = engine
        .queues()
        .queue_attributes(queue, &names.map(str::to_owned))
        .await
        .expect("the queue has counts");
    names.map(|name| all[name].parse().expect("a count is a number"))
}

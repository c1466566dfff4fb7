//! A start with another configuration: what was durable under the old one is carried over, and no message is in two places.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use rampmeter_config::{Config, Worker};
use rampmeter_engine::{ListDeadLetters, Pause, ReceiveMessage, RedriveDeadLetter, SendMessage};

use crate::support::{ONE_CALL, Reply, Vendor, config, open, until};

const QUICK: &str = "retry = { max_attempts = 50, initial = \"200ms\", max = \"200ms\" }\n\
    [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 2\n";

async fn vendor(status: u16) -> (Arc<Vendor>, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(status));
    let answer = Arc::clone(&status);
    let vendor =
        Vendor::start(move |_| Reply::json(answer.load(Ordering::SeqCst), r#"{"id":"7"}"#)).await;
    (vendor, status)
}

fn with_worker(config: &Config, worker: Worker) -> Config {
    let mut config = config.clone();
    config.targets.get_mut("erp").expect("as planned").worker = worker;
    config
}

fn call(path: &str) -> SendMessage {
    SendMessage {
        queue_url: "erp-high".to_owned(),
        body: format!(r#"{{"Method":"GET","Path":"{path}"}}"#),
        ..SendMessage::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_a_receiver_had_taken_is_redriven_once_the_engine_has_its_queue_again() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, status) = vendor(404).await;
    let embedded = config(directory.path(), &vendor, QUICK, ONE_CALL);
    let engine = open(&embedded);
    engine
        .queues()
        .send_message(call("/order/1"))
        .await
        .unwrap();
    let list = || async {
        let letters = engine
            .dead_letters()
            .list_dead_letters(ListDeadLetters::default())
            .await;
        letters.unwrap().items.pop()
    };
    let letter = until(list).await;
    engine.shut_down().await;

    let engine = open(&with_worker(&embedded, Worker::External));
    let receive = ReceiveMessage {
        queue_url: "erp-dead".to_owned(),
        visibility_timeout: Some(1),
        ..ReceiveMessage::default()
    };
    assert_eq!(
        engine
            .queues()
            .receive_message(receive)
            .await
            .unwrap()
            .len(),
        1
    );
    engine.shut_down().await;

    let engine = open(&embedded);
    let pause = |paused| Pause {
        target: "erp".to_owned(),
        priority: None,
        paused,
        forget_throttles: false,
        reason: "not yet".to_owned(),
    };
    engine.controls().pause(pause(true)).await.unwrap();
    let redrive = RedriveDeadLetter {
        id: letter.id,
        priority: None,
        reason: "mended".to_owned(),
    };
    engine
        .dead_letters()
        .redrive_dead_letter(redrive)
        .await
        .unwrap();
    // Past the end of the visibility timeout: the message waits in its lane and nowhere else.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(engine.calls().list_calls(10).await.unwrap().len(), 1);
    status.store(200, Ordering::SeqCst);
    engine.controls().pause(pause(false)).await.unwrap();
    until(async || {
        engine
            .calls()
            .list_calls(10)
            .await
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
    assert_eq!(vendor.seen().len(), 2);
    engine.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_back_off_come_back_as_calls_when_their_target_was_absent_for_a_start() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, status) = vendor(500).await;
    let whole = config(directory.path(), &vendor, QUICK, ONE_CALL);
    let engine = open(&whole);
    for number in 0..4 {
        engine
            .queues()
            .send_message(call(&format!("/order/{number}")))
            .await
            .unwrap();
    }
    until(async || (vendor.seen().len() >= 4).then_some(())).await;
    engine.shut_down().await;

    let mut without = whole.clone();
    without.targets.clear();
    without.workflows.clear();
    let engine = open(&without);
    // Their back-off ends while nobody has their target.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    engine.shut_down().await;

    status.store(200, Ordering::SeqCst);
    let engine = open(&whole);
    until(async || {
        engine
            .calls()
            .list_calls(10)
            .await
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
    let done: std::collections::BTreeSet<String> =
        vendor.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(done.len(), 4);
    engine.shut_down().await;
}

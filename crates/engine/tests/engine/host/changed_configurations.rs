//! Starts with another configuration: what was durable under the old one is carried over, and no message is in two places.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use std::time::Duration;

use rampmeter_config::{Config, Worker};
use rampmeter_engine::{
    CallState, ChangeLimit, ConfigurationChange, Engine, ListDeadLetters, Pause, ReceiveMessage,
    RedriveDeadLetter, SendMessage,
};

use crate::support::{ONE_CALL, Reply, Vendor, config, open, until, yes};

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
        checked: true,
        reason: "mended".to_owned(),
        bulk: None,
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
    // Their backoff ends while their target is not configured.
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

/// A minute of three calls, and room for everything else.
const MINUTE: &str = "[[targets.erp.limits]]\nname = \"minute\"\ncalls = 3\nper = \"1m\"\n\
    [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 9\n";

async fn send(engine: &Engine, queue: &str, calls: usize) {
    for number in 0..calls {
        let message = SendMessage {
            queue_url: queue.to_owned(),
            ..call(&format!("/order/{number}"))
        };
        engine
            .queues()
            .send_message(message)
            .await
            .expect("as planned");
    }
}

/// How many calls of a target have not ended, and how many slots are taken of its concurrency limit.
async fn open_and_in_flight(engine: &Engine, target: &str) -> (usize, u64) {
    let targets = engine.calls().targets().await.expect("as planned");
    let found = targets.into_iter().find(|found| found.name == target);
    let calls = engine
        .calls()
        .calls_of(target.to_owned(), 99)
        .await
        .expect("as planned");
    (calls.len(), found.expect("as planned").in_flight)
}

/// Gives an engine more calls than its windows admit, and waits until it has made those that they do admit.
async fn filled(config: &Config, vendor: &Vendor, admitted: usize) {
    let engine = open(config);
    send(&engine, "erp-high", 8).await;
    until(async || (vendor.seen().len() == admitted).then_some(())).await;
    until(async || (open_and_in_flight(&engine, "erp").await.1 == 0).then_some(())).await;
    engine.shut_down().await;
}

/// An engine opened with this configuration, once the gate of its target has decided.
async fn opened(config: &Config) -> Engine {
    let engine = open(config);
    // Each query is answered in a transaction of its own, and each transaction starts what may start.
    for _ in 0..3 {
        engine.calls().targets().await.expect("as planned");
    }
    engine
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_was_renamed_counts_on() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = yes().await;
    filled(
        &config(directory.path(), &vendor, MINUTE, ONE_CALL),
        &vendor,
        3,
    )
    .await;
    let renamed = MINUTE.replace("\"minute\"", "\"per-minute\"");
    let engine = opened(&config(directory.path(), &vendor, &renamed, ONE_CALL)).await;
    let change = ConfigurationChange::LimitRenamed {
        target: "erp".to_owned(),
        from: "minute".to_owned(),
        to: "per-minute".to_owned(),
    };
    assert_eq!(engine.configuration_changes(), [change]);
    assert_eq!(open_and_in_flight(&engine, "erp").await, (5, 0));
    engine.shut_down().await;
    assert_eq!(vendor.seen().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_longer_or_new_counts_the_calls_whose_places_were_free_already() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = yes().await;
    let short = MINUTE.replace("1m", "100ms");
    filled(
        &config(directory.path(), &vendor, &short, ONE_CALL),
        &vendor,
        8,
    )
    .await;
    for (longer, counts) in [
        (MINUTE.replace("calls = 3", "calls = 8"), "longer"),
        (
            MINUTE.replace(
                "\"minute\"\ncalls = 3\nper = \"1m\"",
                "\"hour\"\ncalls = 8\nper = \"1h\"",
            ),
            "new",
        ),
    ] {
        let engine = opened(&config(directory.path(), &vendor, &longer, ONE_CALL)).await;
        send(&engine, "erp-high", 1).await;
        assert_eq!(open_and_in_flight(&engine, "erp").await.1, 0, "{counts}");
        let told = engine.configuration_changes();
        let counted = told.iter().any(|change| match change {
            ConfigurationChange::LimitNew { counts, .. }
            | ConfigurationChange::LimitCountsOtherwise { counts, .. } => *counts == 8,
            _ => false,
        });
        assert!(counted, "{told:?}");
        engine.shut_down().await;
    }
    assert_eq!(vendor.seen().len(), 8);
}

/// Three calls in flight of three, and some that wait; then the process ends without an answer.
async fn three_in_flight(directory: &std::path::Path, vendor: &Vendor) -> Config {
    let three = "timeout = \"60s\"\nhold_after_timeout = \"1s\"\non_unknown = \"retry\"\n\
        [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 3\n";
    let mut config = config(directory, vendor, three, ONE_CALL);
    config.server.drain_timeout = Duration::from_millis(10);
    let engine = open(&config);
    send(&engine, "erp-high", 6).await;
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    engine.shut_down().await;
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lowered_timeout_does_not_shorten_the_hold_of_a_call_in_flight() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let mut config = three_in_flight(directory.path(), &vendor).await;
    let target = config.targets.get_mut("erp").expect("as planned");
    target.timeout = Duration::from_millis(1);
    target.hold_after_timeout = Duration::ZERO;
    target.profile.timeout = Duration::from_millis(1);
    for _ in 0..2 {
        let engine = open(&config);
        // Past the hold that the new file would give them.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(open_and_in_flight(&engine, "erp").await, (6, 3));
        engine.shut_down().await;
    }
    assert_eq!(vendor.seen().len(), 3);
}

/// The same target under another name.
fn renamed(config: &Config, name: &str) -> Config {
    let mut config = config.clone();
    let mut target = config.targets.remove("erp").expect("as planned");
    target.name = name.to_owned();
    target.profile.target = name.to_owned();
    config.targets.insert(name.to_owned(), target);
    config.workflows.clear();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_was_renamed_keeps_its_calls_its_permits_and_its_pause() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let config = three_in_flight(directory.path(), &vendor).await;
    let engine = open(&config);
    let pause = Pause {
        target: "erp".to_owned(),
        priority: None,
        paused: true,
        forget_throttles: false,
        reason: "finance close".to_owned(),
    };
    engine.controls().pause(pause).await.expect("as planned");
    engine.shut_down().await;

    let config = renamed(&config, "netsuite");
    let engine = opened(&config).await;
    send(&engine, "netsuite-high", 1).await;
    assert_eq!(open_and_in_flight(&engine, "netsuite").await, (7, 3));
    let calls = engine.calls().list_calls(10).await.expect("as planned");
    assert!(
        calls.iter().all(|call| call.target == "netsuite"),
        "{calls:?}"
    );
    let paused = |call: &CallState| format!("{:?}", call.why).contains("finance close");
    assert!(calls.iter().any(paused), "{calls:?}");
    engine.shut_down().await;
    assert_eq!(vendor.seen().len(), 3);

    // And back.
    let engine = opened(&renamed_back(&config)).await;
    assert_eq!(open_and_in_flight(&engine, "erp").await, (7, 3));
    engine.shut_down().await;
    assert_eq!(vendor.seen().len(), 3);
}

fn renamed_back(config: &Config) -> Config {
    let mut config = config.clone();
    let mut target = config.targets.remove("netsuite").expect("as planned");
    target.name = "erp".to_owned();
    config.targets.insert("erp".to_owned(), target);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_at_the_same_address_is_charged_and_gets_no_calls() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let before = three_in_flight(directory.path(), &vendor).await;
    let mut config = renamed(&before, "other");
    let other = config.targets.get_mut("other").expect("as planned");
    other.profile.headers = vec![("X-Api-Key".to_owned(), "another".into())];
    let engine = opened(&config).await;
    send(&engine, "other-high", 2).await;
    assert_eq!(open_and_in_flight(&engine, "other").await, (2, 3));
    engine.shut_down().await;
    assert_eq!(vendor.seen().len(), 3);

    let engine = opened(&before).await;
    assert_eq!(
        open_and_in_flight(&engine, "erp").await.0,
        6,
        "its own calls are there again"
    );
    engine.shut_down().await;
    assert_eq!(vendor.seen().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_may_have_the_name_of_the_bound_that_every_target_has() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = yes().await;
    let limits = "[[targets.erp.limits]]\nname = \"process\"\ncalls = 3\nper = \"1m\"\n";
    filled(
        &config(directory.path(), &vendor, limits, ONE_CALL),
        &vendor,
        3,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_in_percent_follows_when_its_limit_is_changed() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let limits = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 4\n\
        share = { BATCH = \"50%\", HIGH = 3 }\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    send(&engine, "erp-batch", 9).await;
    until(async || (vendor.seen().len() == 2).then_some(())).await;
    let change = ChangeLimit {
        target: "erp".to_owned(),
        limit: "account".to_owned(),
        max: Some(10),
        lasting: None,
        dry_run: false,
        reason: "a larger contract".to_owned(),
    };
    engine
        .controls()
        .change_limit(change)
        .await
        .expect("as planned");
    until(async || (vendor.seen().len() == 5).then_some(())).await;
    assert_eq!(open_and_in_flight(&engine, "erp").await, (9, 5));
    vendor.open_doors();
    engine.shut_down().await;
}

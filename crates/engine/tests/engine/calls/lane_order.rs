//! The order within a lane: fair among message groups, and one call at a time for an OrderingKey.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{ONE_CALL, Reply, Vendor, config, open, until};
use rampmeter_engine::{Engine, SendMessage};

/// A call to `/NAME` on a queue of the target `erp`.
async fn call(engine: &Engine, priority: &str, name: &str, ordering: Option<&str>) {
    send(engine, priority, name, ordering, None).await;
}

async fn send(
    engine: &Engine,
    priority: &str,
    name: &str,
    ordering: Option<&str>,
    group: Option<&str>,
) {
    let body =
        serde_json::json!({"Method": "POST", "Path": format!("/{name}"), "OrderingKey": ordering});
    let message = SendMessage {
        queue_url: format!("http://localhost/000000000000/erp-{priority}"),
        body: body.to_string(),
        group_id: group.map(str::to_owned),
        ..SendMessage::default()
    };
    engine
        .queues()
        .send_message(message)
        .await
        .expect("it is sent");
}

fn paths(vendor: &Vendor) -> Vec<String> {
    let seen = vendor.seen();
    seen.iter().map(|seen| seen.path[1..].to_owned()).collect()
}

async fn idle(engine: &Engine) {
    until(async || {
        let state = &engine.calls().targets().await.expect("the engine answers")[0];
        (state.in_flight == 0 && state.waiting == [0; 3]).then_some(())
    })
    .await;
}

const FIVE: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 5\n";
const ONE: &str =
    "max_deferrals = \"unlimited\"\n[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_ordering_key_run_one_at_a_time_in_the_order_of_sending() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, FIVE, ONE_CALL));
    for name in ["a1", "a2", "a3"] {
        call(&engine, "medium", name, Some("a")).await;
    }
    call(&engine, "medium", "b1", Some("b")).await;
    call(&engine, "medium", "free", None).await;
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    let mut out = paths(&vendor);
    out.sort();
    assert_eq!(out, ["a1", "b1", "free"]);
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.in_flight, state.waiting), (3, [0, 2, 0]));
    vendor.open_doors();
    idle(&engine).await;
    let order: Vec<String> = paths(&vendor)
        .into_iter()
        .filter(|path| path.starts_with('a'))
        .collect();
    assert_eq!(order, ["a1", "a2", "a3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_failed_for_good_releases_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(400, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, FIVE, ONE_CALL));
    for name in ["a1", "a2"] {
        call(&engine, "medium", name, Some("a")).await;
    }
    idle(&engine).await;
    assert_eq!(paths(&vendor), ["a1", "a2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_keeps_its_key_while_it_waits_for_its_repeat() {
    let directory = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let vendor = Vendor::start(move |_| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        Reply::json(if first { 500 } else { 200 }, "{}")
    })
    .await;
    let target =
        format!("retry = {{ max_attempts = 3, initial = \"200ms\", max = \"200ms\" }}\n{FIVE}");
    let engine = open(&config(directory.path(), &vendor, &target, ONE_CALL));
    for name in ["a1", "a2"] {
        call(&engine, "medium", name, Some("a")).await;
    }
    idle(&engine).await;
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    assert_eq!(paths(&vendor), ["a1", "a1", "a2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_for_all_priorities_and_a_restart_keeps_it() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::Cut).await;
    let target = format!(
        "timeout = \"1s\"\nhold_after_timeout = \"0s\"\nretry = {{ max_attempts = 9, initial = \"1s\", max = \"1s\" }}\n{FIVE}"
    );
    let config = config(directory.path(), &vendor, &target, ONE_CALL);
    let engine = open(&config);
    call(&engine, "batch", "a1", Some("a")).await;
    until(async || (!vendor.seen().is_empty()).then_some(())).await;
    call(&engine, "high", "a2", Some("a")).await;
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!(state.waiting[0], 1, "the urgent call waits for the key");
    let calls = engine.calls().list_calls(10).await.unwrap();
    assert!(calls.iter().all(|call| call.key.is_none()));
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    until(async || (vendor.seen().len() >= 3).then_some(())).await;
    assert!(
        paths(&vendor).iter().all(|path| path == "a1"),
        "{:?}",
        paths(&vendor)
    );
    engine.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_with_a_backlog_does_not_keep_others_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let config = config(directory.path(), &vendor, ONE, ONE_CALL);
    let engine = open(&config);
    for number in 0..20 {
        send(
            &engine,
            "batch",
            &format!("big-{number}"),
            None,
            Some("big"),
        )
        .await;
    }
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    // The fair order is in the store: a restart does not forget whose turn it is.
    send(&engine, "batch", "small", None, Some("small")).await;
    send(&engine, "batch", "alone", None, None).await;
    vendor.open_doors();
    idle(&engine).await;
    let order = paths(&vendor);
    let place = |name: &str| order.iter().position(|path| path == name).unwrap();
    assert!(place("small") <= 4 && place("alone") <= 4, "{order:?}");
    let big: Vec<&String> = order
        .iter()
        .filter(|path| path.starts_with("big"))
        .collect();
    let sent: Vec<String> = (0..20).map(|number| format!("big-{number}")).collect();
    assert!(
        big.into_iter().eq(&sent),
        "a group's own calls keep their order"
    );
}

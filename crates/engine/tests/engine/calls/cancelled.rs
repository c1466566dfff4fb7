//! Calls that a person cancels: a waiting call is never made, and for one in flight nobody is told that it was not
//! done.

use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};
use rampmeter_engine::{Engine, Pause};

const LIMITS: &str = "timeout = \"5s\"\nhold_after_timeout = \"1s\"\n\
     retry = { max_attempts = 3, initial = \"1h\", max = \"1h\" }\n\
     [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";

/// The number of the only call that has not ended, once it has this status.
async fn only_call(engine: &Engine, status: &str) -> i64 {
    until(async || {
        let calls = engine.calls().list_calls(10).await;
        let call = calls
            .expect("the engine runs")
            .into_iter()
            .find(|call| call.status == status)?;
        Some(call.id)
    })
    .await
}

async fn cancel(engine: &Engine, call: i64) -> bool {
    let cancelled = engine
        .controls()
        .cancel_call(call, "sent twice".to_owned())
        .await;
    cancelled.expect("it has not ended").was_in_flight
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_is_cancelled_wherever_it_waits_and_never_made() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(500, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    // In its backoff, after one attempt.
    let repeated = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let call = only_call(&engine, "delayed").await;
    assert!(!cancel(&engine, call).await);
    let ended_so = ended(&engine, &repeated.execution_arn).await;
    assert_eq!(ended_so.error.as_deref(), Some("Rampmeter.Cancelled"));
    assert!(ended_so.cause.unwrap().contains("sent twice"));
    // Waiting in its lane.
    let pause = Pause {
        target: "erp".to_owned(),
        priority: None,
        paused: true,
        reason: String::new(),
        forget_throttles: false,
    };
    engine.controls().pause(pause).await.unwrap();
    let waiting = start(&engine, "SO-2", &order("high", "SO-2")).await;
    let call = only_call(&engine, "waiting").await;
    assert!(!cancel(&engine, call).await);
    let ended_so = ended(&engine, &waiting.execution_arn).await;
    assert_eq!(ended_so.error.as_deref(), Some("Rampmeter.Cancelled"));
    assert_eq!(vendor.seen().len(), 1);
    assert!(engine.calls().list_calls(10).await.unwrap().is_empty());
    let again = engine.controls().cancel_call(call, String::new()).await;
    assert!(again.is_err(), "it has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_that_is_cancelled_is_unknown_and_keeps_its_place_until_its_answer() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let call = only_call(&engine, "in flight").await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    assert!(cancel(&engine, call).await);
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.error.as_deref(), Some("Rampmeter.OutcomeUnknown"));
    let used = async || {
        let targets = engine.calls().targets().await.unwrap();
        targets[0].limits[0].used
    };
    assert_eq!(used().await, 1, "the vendor may still be at work on it");
    vendor.open_doors();
    until(async || (used().await == 0).then_some(())).await;
    let figures = engine.calls().figures().await.unwrap();
    assert_eq!(figures.targets[0].dead_letters, 1);
}

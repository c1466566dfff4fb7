//! What people change while the server runs: limits, pauses, priorities. All of it at once, over restarts, on record.

use std::time::Duration;

use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};
use rampmeter_dispatch::Priority;
use rampmeter_engine::{ChangeLimit, Engine, LimitChanged, Pause, Rejected, TargetState};

const THREE: &str =
    "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 3\nreserve = { HIGH = 1 }\n";

async fn change(
    engine: &Engine,
    max: Option<u64>,
    dry_run: bool,
) -> Result<LimitChanged, Rejected> {
    change_for(engine, max, None, dry_run).await
}

async fn change_for(
    engine: &Engine,
    max: Option<u64>,
    lasting: Option<Duration>,
    dry_run: bool,
) -> Result<LimitChanged, Rejected> {
    let change = ChangeLimit {
        target: "erp".to_owned(),
        limit: "account".to_owned(),
        max,
        lasting,
        reason: "finance close".to_owned(),
        dry_run,
    };
    engine.controls().change_limit(change).await
}

async fn state(engine: &Engine) -> TargetState {
    engine
        .calls()
        .targets()
        .await
        .expect("the engine answers")
        .remove(0)
}

async fn pause(engine: &Engine, priority: Option<Priority>, paused: bool) {
    let pause = Pause {
        target: "erp".to_owned(),
        priority,
        paused,
        forget_throttles: false,
        reason: String::new(),
    };
    engine
        .controls()
        .pause(pause)
        .await
        .expect("the target is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_lowered_holds_at_once_and_after_a_restart_until_it_is_reset() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let config = config(directory.path(), &vendor, THREE, ONE_CALL);
    let engine = open(&config);
    let tried = change(&engine, Some(2), true).await.unwrap();
    assert_eq!((tried.from, tried.to, tried.applied), (3, 2, false));
    assert_eq!(
        state(&engine).await.limits[0].max,
        3,
        "a dry run changes nothing"
    );
    change(&engine, Some(2), false).await.unwrap();
    for number in 0..4 {
        let name = format!("SO-{number}");
        start(&engine, &name, &order("high", &name)).await;
    }
    until(async || (vendor.seen().len() == 2).then_some(())).await;
    let limit = state(&engine).await.limits.remove(0);
    assert_eq!((limit.used, limit.max, limit.configured), (2, 2, Some(3)));
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    let limit = state(&engine).await.limits.remove(0);
    assert_eq!((limit.max, limit.configured), (2, Some(3)));
    let reset = change(&engine, None, false).await.unwrap();
    assert_eq!((reset.from, reset.to), (2, 3));
    let limit = state(&engine).await.limits.remove(0);
    assert_eq!((limit.max, limit.configured), (3, None));
    let trail = engine.controls().list_controls(10).await.unwrap();
    let changes: Vec<_> = trail.iter().map(|entry| entry.change.as_str()).collect();
    assert_eq!(changes, ["2 to 3", "3 to 2"]);
    assert!(trail.iter().all(|entry| entry.reason == "finance close"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_raised_lets_calls_start_at_once_and_goes_back_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, THREE, ONE_CALL));
    for number in 0..8 {
        let name = format!("SO-{number}");
        start(&engine, &name, &order("high", &name)).await;
    }
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    let lasting = Some(Duration::from_millis(300));
    let raised = change_for(&engine, Some(5), lasting, false).await.unwrap();
    assert!(raised.expires_at.is_some());
    until(async || (vendor.seen().len() == 5).then_some(())).await;
    until(async || (state(&engine).await.limits[0].max == 3).then_some(())).await;
    let limit = state(&engine).await.limits.remove(0);
    assert_eq!(
        (limit.used, limit.configured, limit.expires_at),
        (5, None, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, THREE, ONE_CALL));
    for max in [0, u64::from(u32::MAX) + 1] {
        let refused = change(&engine, Some(max), false).await.unwrap_err();
        assert!(matches!(refused, Rejected::Impossible(_)), "{refused}");
    }
    let unknown = ChangeLimit {
        target: "erp".to_owned(),
        limit: "minute".to_owned(),
        max: Some(1),
        lasting: None,
        reason: String::new(),
        dry_run: false,
    };
    let refused = engine.controls().change_limit(unknown).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "target erp has no limit minute; it has account"
    );
    assert_eq!(state(&engine).await.limits[0].max, 3);
    assert!(
        engine
            .controls()
            .list_controls(10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_a_priority_or_of_the_target_survives_a_restart_and_ends_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let config = config(directory.path(), &vendor, THREE, ONE_CALL);
    let engine = open(&config);
    pause(&engine, Some(Priority::Batch), true).await;
    start(&engine, "later", &order("batch", "later")).await;
    start(&engine, "now", &order("medium", "now")).await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    assert_eq!(state(&engine).await.paused, ["BATCH"]);
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    assert_eq!(state(&engine).await.paused, ["BATCH"]);
    let calls = engine.calls().list_calls(10).await.unwrap();
    assert_eq!(
        calls[0].held_by.as_deref(),
        Some("a pause of the BATCH lane")
    );
    pause(&engine, Some(Priority::Batch), false).await;
    until(async || (vendor.seen().len() == 2).then_some(())).await;
    pause(&engine, None, true).await;
    start(&engine, "held", &order("high", "held")).await;
    assert_eq!(state(&engine).await.waiting, [1, 0, 0]);
    pause(&engine, None, false).await;
    until(async || (vendor.seen().len() == 3).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_moved_to_another_priority_waits_there_and_one_in_flight_is_not_moved() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let one = "max_deferrals = \"unlimited\"\n[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";
    let engine = open(&config(directory.path(), &vendor, one, ONE_CALL));
    for name in ["first", "second", "third"] {
        start(&engine, name, &order("batch", name)).await;
    }
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    let calls = engine.calls().list_calls(10).await.unwrap();
    let of = |key: &str| {
        calls
            .iter()
            .find(|call| call.key.as_deref() == Some(key))
            .unwrap()
    };
    let refused = engine
        .controls()
        .move_call(of("first").id, Priority::High, String::new())
        .await;
    assert!(matches!(refused, Err(Rejected::Impossible(_))));
    engine
        .controls()
        .move_call(
            of("third").id,
            Priority::High,
            "a customer waits".to_owned(),
        )
        .await
        .unwrap();
    assert_eq!(state(&engine).await.waiting, [1, 0, 1]);
    let moved = engine.calls().call(of("third").id).await.unwrap().unwrap();
    assert_eq!((moved.priority, moved.ahead), (Priority::High, 0));
    vendor.open_doors();
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    let order: Vec<_> = vendor.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(order, ["/orders/first", "/orders/third", "/orders/second"]);
    assert_eq!(
        engine.controls().list_controls(1).await.unwrap()[0].change,
        "BATCH to HIGH"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_limit_keeps_every_place_for_others_is_said_to_wait_for_a_change_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, THREE, ONE_CALL));
    let first = start(&engine, "first", &order("medium", "first")).await;
    ended(&engine, &first.execution_arn).await;
    change(&engine, Some(1), false).await.unwrap();
    let second = start(&engine, "second", &order("batch", "second")).await;
    let call = until(async || engine.calls().list_calls(10).await.unwrap().pop()).await;
    assert_eq!(
        call.held_by.as_deref(),
        Some("limit account: all of its 1 are kept for higher priorities, until it is raised")
    );
    assert_eq!(call.starts_in, None, "nobody can say");
    change(&engine, None, false).await.unwrap();
    ended(&engine, &second.execution_arn).await;
}

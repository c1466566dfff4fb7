//! The gate on a real store: never more calls in flight than allowed, urgent calls first, windows kept.

use std::time::{Duration, Instant};

use crate::support::queues::send;
use crate::support::{
    ONE_CALL, Reply, Vendor, config, ended, open, open_with_clock_set_back, order, start, until,
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn never_more_calls_are_out_than_the_limit_and_the_rest_say_why_they_wait() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let limits = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 3\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    let mut arns = Vec::new();
    for number in 0..10 {
        let name = format!("SO-{number}");
        arns.push(
            start(&engine, &name, &order("medium", &name))
                .await
                .execution_arn,
        );
    }
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.in_flight, state.waiting), (3, [0, 7, 0]));
    assert!(state.contended.last().is_some_and(|(_, end)| end.is_none()));
    let calls = engine.calls().list_calls(100).await.unwrap();
    assert_eq!(
        calls
            .iter()
            .filter(|call| call.status == "in flight")
            .count(),
        3
    );
    let last = calls.last().unwrap();
    assert_eq!(
        (last.status, last.why.ahead, last.key.as_deref()),
        ("waiting", 6, Some("SO-9"))
    );
    vendor.open_doors();
    for arn in &arns {
        ended(&engine, arn).await;
    }
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.in_flight, state.waiting), (0, [0, 0, 0]));
    assert!(state.contended.last().is_some_and(|(_, end)| end.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_of_one_account_share_its_limit() {
    let directory = tempfile::tempdir().unwrap();
    let rest = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let restlets = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let target = format!(
        "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 5\n\
         [targets.erp.endpoints.restlets]\nbase_url = \"http://{}/app\"\n",
        restlets.address()
    );
    let engine = open(&config(directory.path(), &rest, &target, ONE_CALL));
    for number in 0..10 {
        let named = json!({"Method": "GET", "Endpoint": "restlets", "Path": format!("/{number}")});
        let whole = format!("http://{}/app/{number}", restlets.address());
        let whole = json!({"Method": "GET", "ApiEndpoint": whole});
        let own = json!({"Method": "GET", "Path": format!("/{number}")});
        for message in [named, whole, own] {
            send(&engine, "erp-medium", &message.to_string()).await;
        }
    }
    let out = || (rest.seen().len(), restlets.seen().len());
    until(async || (out().0 + out().1 == 5).then_some(())).await;
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.in_flight, state.waiting), (5, [0, 25, 0]));
    let calls = engine.calls().list_calls(100).await.unwrap();
    let there = calls
        .iter()
        .filter(|call| call.endpoint.as_deref() == Some("restlets"));
    assert_eq!(there.count(), restlets.seen().len());
    rest.open_doors();
    restlets.open_doors();
    until(async || (out() == (10, 20)).then_some(())).await;
    let mut paths: Vec<String> = restlets.seen().into_iter().map(|seen| seen.path).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 10);
    assert!(paths.iter().all(|path| path.starts_with("/app/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_calls_overtake_a_backlog_and_the_backlog_is_not_starved() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let limits = "max_deferrals = 3\n[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    let mut arns = Vec::new();
    for (priority, count) in [("batch", 3), ("high", 8)] {
        for number in 0..count {
            let name = format!("{priority}-{number}");
            arns.push(
                start(&engine, &name, &order(priority, &name))
                    .await
                    .execution_arn,
            );
        }
    }
    vendor.open_doors();
    for arn in &arns {
        ended(&engine, arn).await;
    }
    let seen = vendor.seen();
    let order: Vec<&str> = seen
        .iter()
        .map(|seen| seen.path.trim_start_matches("/orders/"))
        .collect();
    assert_eq!(
        order,
        [
            "batch-0", "high-0", "high-1", "high-2", "batch-1", "high-3", "high-4", "high-5",
            "batch-2", "high-6", "high-7",
        ]
    );
    assert_eq!(
        engine.calls().targets().await.unwrap()[0].deferrals,
        [0, 0, 6]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_kept_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let limits = "[[targets.erp.limits]]\nname = \"hour\"\ncalls = 5\nper = \"1h\"\n";
    let config = config(directory.path(), &vendor, limits, ONE_CALL);
    let engine = open(&config);
    for number in 0..4 {
        let name = format!("SO-{number}");
        let started = start(&engine, &name, &order("medium", &name)).await;
        ended(&engine, &started.execution_arn).await;
    }
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    for number in 4..8 {
        let name = format!("SO-{number}");
        start(&engine, &name, &order("medium", &name)).await;
    }
    until(async || (vendor.seen().len() == 5).then_some(())).await;
    until(async || (engine.calls().targets().await.unwrap()[0].in_flight == 0).then_some(())).await;
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.waiting, state.limits[0].used), ([0, 3, 0], 5));
    assert_eq!(vendor.seen().len(), 5);
}

#[tokio::test]
async fn a_clock_set_back_across_a_restart_neither_frees_a_place_nor_keeps_it_for_longer() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let limits = "[[targets.erp.limits]]\nname = \"window\"\ncalls = 1\nper = \"2s\"\n";
    let config = config(directory.path(), &vendor, limits, ONE_CALL);
    let engine = open(&config);
    // A call without a task leaves no history behind.
    send(&engine, "erp-medium", r#"{"Method":"GET","Path":"/1"}"#).await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    until(async || (engine.calls().targets().await.unwrap()[0].in_flight == 0).then_some(())).await;
    let answered = Instant::now();
    engine.shut_down().await;
    drop(engine);

    let engine = open_with_clock_set_back(&config, Duration::from_secs(3_600)).unwrap();
    send(&engine, "erp-medium", r#"{"Method":"GET","Path":"/2"}"#).await;
    until(async || (vendor.seen().len() == 2).then_some(())).await;
    // The vendor's window, by a clock that nobody set back; an hour would end the test otherwise.
    assert!(answered.elapsed() >= Duration::from_millis(1_900));
}

#[tokio::test]
async fn a_call_in_flight_at_a_restart_keeps_its_place_for_its_timeout_its_hold_and_the_commit() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let limits = "timeout = \"1s\"\nhold_after_timeout = \"1s\"\nretry = { max_attempts = 9, initial = \"1m\", max = \"1m\" }\n\n\
                  [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 3\n";
    let mut config = config(directory.path(), &vendor, limits, ONE_CALL);
    config.server.drain_timeout = Duration::ZERO;
    let engine = open(&config);
    let before = Instant::now();
    send(&engine, "erp-medium", r#"{"Method":"GET","Path":"/1"}"#).await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    assert_eq!(engine.calls().targets().await.unwrap()[0].held, 1);
    until(async || (engine.calls().targets().await.unwrap()[0].in_flight == 0).then_some(())).await;
    assert!(
        before.elapsed() >= Duration::from_secs(3),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_waiting_call_of_a_wide_map_says_what_holds_it_and_how_many_are_ahead() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let limits = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";
    let call: Value = serde_json::from_str(ONE_CALL).unwrap();
    let map = json!({ "StartAt": "Each", "States": { "Each": {
        "Type": "Map", "ItemsPath": "$.items", "ItemProcessor": call, "End": true,
    } } });
    let engine = open(&config(directory.path(), &vendor, limits, &map.to_string()));
    let items: Vec<Value> = (0..250)
        .map(|item| serde_json::from_str(&order("batch", &format!("SO-{item}"))).unwrap())
        .collect();
    let started = start(&engine, "wide", &json!({ "items": items }).to_string()).await;
    // An inline Map runs 40 iterations at a time.
    until(async || (engine.calls().targets().await.unwrap()[0].waiting[2] == 39).then_some(()))
        .await;

    let waiting = engine
        .executions()
        .waiting_at(&started.execution_arn)
        .await
        .unwrap();
    let waiting = waiting.expect("it runs");
    assert_eq!((waiting.waits_for, waiting.running), ("children", 40));
    assert_eq!(waiting.children.len(), 40);
    let calls: Vec<_> = waiting
        .children
        .iter()
        .map(|child| child.call.as_ref().expect("each waits for a call"))
        .collect();
    let mut places = Vec::new();
    for call in &calls {
        if call.status == "in flight" {
            continue;
        }
        assert_eq!(call.status, "waiting");
        // The same result as when the call is asked for alone.
        let alone = engine
            .calls()
            .call(call.id)
            .await
            .unwrap()
            .expect("it waits");
        assert_eq!(alone.why.ahead, call.why.ahead);
        let held_by = call.why.words(call.at);
        assert!(
            held_by.starts_with("limit account: 1 of 1 used"),
            "{held_by}"
        );
        places.push(call.why.ahead);
    }
    places.sort_unstable();
    assert_eq!(places, (0..39).collect::<Vec<u64>>());
    vendor.open_doors();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_pauses_by_the_calendar_starts_nothing_and_a_restart_forgets_no_pause() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let pause = "[[targets.erp.pauses]]\nlanes = [\"BATCH\"]\nevery = \"daily 00:00-24:00 UTC\"\nreason = \"finance close\"\n";
    let configuration = config(directory.path(), &vendor, pause, ONE_CALL);
    let engine = open(&configuration);
    let batch = start(&engine, "late", &order("batch", "late")).await;
    engine.shut_down().await;
    drop(engine);
    for name in ["first", "second"] {
        let engine = open(&configuration);
        let high = start(&engine, name, &order("high", name)).await;
        ended(&engine, &high.execution_arn).await;
        let state = &engine.calls().targets().await.unwrap()[0];
        assert_eq!(state.waiting, [0, 0, 1]);
        assert_eq!(state.planned_pauses.len(), 1);
        let why = state.first[2].as_ref().unwrap();
        assert!(why.until.is_some_and(|until| until > state.at));
        let words = why.words(state.at);
        assert!(
            words.starts_with("a planned pause of the BATCH lane (finance close)"),
            "{words}"
        );
        engine.shut_down().await;
        drop(engine);
    }
    let engine = open(&config(directory.path(), &vendor, "", ONE_CALL));
    ended(&engine, &batch.execution_arn).await;
    assert_eq!(vendor.seen().len(), 3);
}

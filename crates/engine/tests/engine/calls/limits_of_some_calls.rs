//! Limits that do not count every call once: of some calls, of dearer calls, and one for each key of the message.

use std::sync::Arc;

use rampmeter_dispatch::{Holder, Priority};
use rampmeter_engine::{CallState, ChangeLimit, Engine, SendMessage};
use serde_json::{Value, json};

use crate::support::{ONE_CALL, Reply, Vendor, config, open, until};

/// A vendor that keeps the requests to `/merge` waiting and answers all others.
async fn vendor() -> Arc<Vendor> {
    Vendor::start(|seen| match seen.path.starts_with("/merge") {
        true => Reply::json(200, "{}").held(),
        false => Reply::json(200, "{}"),
    })
    .await
}

async fn send(engine: &Engine, lane: &str, path: &str, group: Option<&str>, more: Value) {
    let mut body = json!({ "Method": "POST", "Path": path, "Key": path });
    let members = body.as_object_mut().expect("an object");
    members.extend(more.as_object().cloned().unwrap_or_default());
    let message = SendMessage {
        queue_url: format!("erp-{lane}"),
        body: body.to_string(),
        group_id: group.map(str::to_owned),
        ..SendMessage::default()
    };
    let sent = engine.queues().send_message(message).await;
    sent.expect("it is sent");
}

/// The calls that have not ended, once so many have reached the vendor and it has answered all that it will.
async fn waiting_after(engine: &Engine, vendor: &Vendor, seen: usize) -> Vec<CallState> {
    until(async || {
        let calls = engine.calls().list_calls(1_000).await;
        let calls = calls.expect("the engine answers");
        let mut flying = calls.iter().filter(|call| call.status == "in flight");
        let is_held = |call: &CallState| {
            let key = call.key.as_deref();
            key.is_some_and(|key| key.starts_with("/merge"))
        };
        let is_quiet = vendor.seen().len() == seen && flying.all(is_held);
        is_quiet.then_some(calls)
    })
    .await
}

fn holder<'a>(calls: &'a [CallState], key: &str) -> &'a Holder {
    let call = calls.iter().find(|call| call.key.as_deref() == Some(key));
    &call.expect("it waits").why.held_by
}

const MERGES: &str = r#"
[[targets.erp.limits]]
name = "merges"
concurrency = 1
applies_to = { method = "POST", path = "/merge*" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_route_holds_up_no_call_but_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = vendor().await;
    let engine = open(&config(directory.path(), &vendor, MERGES, ONE_CALL));
    for path in ["/merge/1", "/merge/2", "/merge/3"] {
        send(&engine, "high", path, None, json!({})).await;
    }
    send(&engine, "high", "/order/1", None, json!({})).await;
    send(&engine, "batch", "/order/2", None, json!({})).await;
    let calls = waiting_after(&engine, &vendor, 3).await;
    let paths: Vec<String> = vendor.seen().into_iter().map(|seen| seen.path).collect();
    assert!(paths.contains(&"/order/1".to_owned()) && paths.contains(&"/order/2".to_owned()));
    assert!(
        matches!(holder(&calls, "/merge/2"), Holder::Limit { limit, used: 1, max: 1 } if limit == "merges"),
        "{calls:?}"
    );
    assert_eq!(calls.len(), 3, "each is listed once: {calls:?}");
    // One after the other, in order.
    vendor.open_doors();
    until(async || (vendor.seen().len() == 5).then_some(())).await;
    let paths: Vec<String> = vendor.seen().into_iter().map(|seen| seen.path).collect();
    let merges = paths.iter().filter(|path| path.starts_with("/merge"));
    assert_eq!(
        merges.collect::<Vec<_>>(),
        ["/merge/1", "/merge/2", "/merge/3"]
    );
    engine.shut_down().await;
}

const TENANTS: &str = r#"
[[targets.erp.limits]]
name = "tenant"
calls = 2
per = "1h"
by = "MessageGroupId"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_has_a_limit_of_its_own_over_restarts_and_changes() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = vendor().await;
    let config = config(directory.path(), &vendor, TENANTS, ONE_CALL);
    let engine = open(&config);
    for call in 0..5 {
        for tenant in ["acme", "bolt"] {
            let path = format!("/{tenant}/{call}");
            send(&engine, "medium", &path, Some(tenant), json!({})).await;
        }
    }
    waiting_after(&engine, &vendor, 4).await;
    engine.shut_down().await;
    let engine = open(&config);
    send(&engine, "high", "/crow/1", Some("crow"), json!({})).await;
    let calls = waiting_after(&engine, &vendor, 5).await;
    assert_eq!(calls.len(), 6, "{calls:?}");
    assert!(matches!(holder(&calls, "/acme/2"), Holder::Limit { limit, .. } if limit == "tenant"));
    let target = engine
        .calls()
        .targets()
        .await
        .expect("it answers")
        .remove(0);
    let limit = target.limits.iter().find(|limit| limit.name == "tenant");
    let limit = limit.expect("it is configured");
    assert_eq!((limit.used, limit.keys), (2, Some(3)));
    assert_eq!(limit.counts.as_deref(), Some("each MessageGroupId"));
    assert_eq!(target.waiting[Priority::Medium.index()], 6);
    let change = ChangeLimit {
        target: "erp".to_owned(),
        limit: "tenant".to_owned(),
        max: Some(3),
        lasting: None,
        reason: String::new(),
        dry_run: false,
    };
    engine
        .controls()
        .change_limit(change)
        .await
        .expect("it is changed");
    let calls = waiting_after(&engine, &vendor, 7).await;
    assert_eq!(calls.len(), 4, "one more of each of two tenants: {calls:?}");
    engine.shut_down().await;
}

const POINTS: &str = r#"
[[targets.erp.limits]]
name = "points"
calls = 10
per = "1h"
cost = "Cost"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_dear_call_waits_for_its_places_and_is_not_passed_by_cheap_ones() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = vendor().await;
    let engine = open(&config(directory.path(), &vendor, POINTS, ONE_CALL));
    for (path, cost) in [("/a", 6), ("/b", 3), ("/dear", 4), ("/cheap", 1)] {
        send(&engine, "high", path, None, json!({ "Cost": cost })).await;
    }
    let calls = waiting_after(&engine, &vendor, 2).await;
    let dear = Holder::Cost {
        limit: "points".to_owned(),
        used: 9,
        max: 10,
        cost: 4,
    };
    assert_eq!(*holder(&calls, "/dear"), dear);
    assert_eq!(calls.len(), 2);
    // What no limit could ever admit fails.
    send(&engine, "high", "/too-dear", None, json!({ "Cost": 11 })).await;
    let letters = until(async || {
        let letters = engine.calls().targets().await.expect("it answers");
        let calls = engine.calls().list_calls(10).await.expect("it answers");
        (calls.len() == 2).then_some(letters)
    })
    .await;
    assert_eq!(letters.len(), 1);
    assert_eq!(vendor.seen().len(), 2);
    engine.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_by_a_key_that_the_configuration_has_no_more_lets_its_calls_go() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = vendor().await;
    let engine = open(&config(directory.path(), &vendor, TENANTS, ONE_CALL));
    for call in 0..5 {
        let path = format!("/acme/{call}");
        send(&engine, "batch", &path, Some("acme"), json!({})).await;
    }
    waiting_after(&engine, &vendor, 2).await;
    engine.shut_down().await;
    // Another limit of some calls, in which they have no place yet.
    let engine = open(&config(directory.path(), &vendor, MERGES, ONE_CALL));
    let calls = waiting_after(&engine, &vendor, 5).await;
    assert!(calls.len() <= 3, "{calls:?}");
    engine.shut_down().await;
}

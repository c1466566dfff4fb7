//! Why calls have not ended: each is listed once, and what is said to hold it does hold it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::support::{ONE_CALL, Reply, Vendor, config, open, until};
use rampmeter_dispatch::{Holder, Priority, Scope, Start};
use rampmeter_engine::{CallState, ChangeLimit, Engine, Pause, SendMessage, TargetState};
use serde_json::json;

/// Two limits, with a reserve and a share; a repeat waits for longer than a test lasts.
const TARGET: &str = r#"
retry = { max_attempts = 9, initial = "10m", max = "10m" }

[[targets.erp.limits]]
name = "account"
concurrency = 4
reserve = { HIGH = 1 }
share = { BATCH = 1 }

[[targets.erp.limits]]
name = "hour"
calls = 9
per = "1h"
"#;

/// A vendor that keeps requests to `/held` waiting, fails those to `/error` and throttles those to `/busy`.
async fn vendor() -> Arc<Vendor> {
    Vendor::start(|seen| match &seen.path[..5] {
        "/busy" => Reply::json(429, "{}").with("Retry-After", "3600"),
        "/erro" => Reply::json(500, "{}"),
        _ => Reply::json(200, "{}").held(),
    })
    .await
}

/// The same numbers for the same seed (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// Sends a call and returns its number.
async fn send(
    engine: &Engine,
    priority: Priority,
    path: &str,
    key: Option<&str>,
    delay: i64,
) -> i64 {
    let body = json!({ "Method": "POST", "Path": path, "Key": path, "OrderingKey": key });
    let message = SendMessage {
        queue_url: format!("erp-{}", priority.as_str().to_lowercase()),
        body: body.to_string(),
        delay_seconds: (delay > 0).then_some(delay),
        ..SendMessage::default()
    };
    let sent = engine
        .queues()
        .send_message(message)
        .await
        .expect("it is sent");
    let number = engine
        .calls()
        .call_number(&sent.message_id)
        .await
        .expect("the engine answers");
    number.expect("a message has a number")
}

async fn pause(engine: &Engine, scope: Scope, paused: bool) {
    let pause = Pause {
        target: "erp".to_owned(),
        priority: match scope {
            Scope::Target => None,
            Scope::Lane(lane) => Some(lane),
        },
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

async fn raise(engine: &Engine, limit: &str) {
    let change = ChangeLimit {
        target: "erp".to_owned(),
        limit: limit.to_owned(),
        max: Some(500),
        lasting: None,
        reason: String::new(),
        dry_run: false,
    };
    engine
        .controls()
        .change_limit(change)
        .await
        .expect("the limit is there");
}

async fn state(engine: &Engine) -> TargetState {
    engine
        .calls()
        .targets()
        .await
        .expect("the engine answers")
        .remove(0)
}

/// Every call that has not ended, once the vendor has said all that it will.
async fn at_rest(engine: &Engine) -> Vec<CallState> {
    until(async || {
        let calls = engine
            .calls()
            .list_calls(1_000)
            .await
            .expect("the engine answers");
        let mut flying = calls.iter().filter(|call| call.status == "in flight");
        let quiet = flying.all(|call| {
            call.key
                .as_deref()
                .is_some_and(|key| key.starts_with("/held"))
        });
        quiet.then_some(calls)
    })
    .await
}

/// The work of one seed: calls of all kinds to all lanes or to one, and pauses, or a vendor that closes the target.
async fn busy(engine: &Engine, seed: u64) -> BTreeSet<i64> {
    let mut random = Random(seed);
    let closes = seed % 4 == 1;
    let lanes = match seed % 3 {
        0 => &Priority::ALL[..],
        1 => &[Priority::Medium],
        _ => &[Priority::Batch],
    };
    let mut sent = BTreeSet::new();
    for step in 0..40 {
        let priority = lanes[random.below(lanes.len())];
        let path = match random.below(12) {
            0 | 1 => "/error",
            2..6 if closes => "/busy",
            _ => "/held",
        };
        let key = [None, None, Some("a"), Some("b")][random.below(4)];
        let delay = if random.below(10) == 0 { 900 } else { 0 };
        let path = format!("{path}/{step}");
        sent.insert(send(engine, priority, &path, key, delay).await);
        if !closes && random.below(8) == 0 {
            let scope = [Scope::Target, Scope::Lane(priority)][random.below(2)];
            pause(engine, scope, random.below(2) == 0).await;
        }
    }
    sent
}

/// Whether a holder really holds a call, as far as the target's figures and the other calls show.
fn does_hold(call: &CallState, calls: &[CallState], target: &TargetState) -> bool {
    let limit = |name: &str| target.limits.iter().find(|limit| limit.name == name);
    match &call.why.held_by {
        Holder::InFlight => call.status == "in flight",
        Holder::BackOff { .. } => call.status == "delayed" && call.receive_count > 0,
        Holder::Delay => call.status == "delayed" && call.receive_count == 0,
        Holder::OrderingKey { call: before } => {
            let mut others = calls.iter().filter(|other| other.id != call.id);
            others.any(|other| format!("c-{}", other.id) == *before)
        }
        Holder::Limit {
            limit: name,
            used,
            max,
        } => {
            limit(name).is_some_and(|limit| (limit.used, limit.max) == (*used, *max)) && used >= max
        }
        Holder::Reserve {
            limit: name,
            used,
            max,
            kept,
        } => limit(name).is_some_and(|limit| limit.used == *used) && used + kept >= *max,
        Holder::Share {
            priority,
            used,
            max,
            ..
        } => {
            let of_lane = calls
                .iter()
                .filter(|other| other.status == "in flight" && other.priority == *priority);
            *priority == call.priority && used >= max && of_lane.count() as u64 == *used
        }
        Holder::VendorPause => target
            .vendor
            .as_ref()
            .is_some_and(|vendor| vendor.held_by == call.why.held_by),
        Holder::Pause { scope, .. } => {
            let word = match scope {
                Scope::Target => "target",
                Scope::Lane(lane) => lane.as_str(),
            };
            target.paused.contains(&word)
        }
        // Whatever could start has started before anybody can ask.
        _ => false,
    }
}

/// Takes away what holds a call. False where no person can.
async fn let_go(engine: &Engine, holder: &Holder) -> bool {
    match holder {
        Holder::Limit { limit, .. } | Holder::Reserve { limit, .. } => raise(engine, limit).await,
        Holder::Pause { scope, .. } => pause(engine, *scope, false).await,
        _ => return false,
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_that_has_not_ended_is_listed_once_and_what_it_is_told_holds_it_does() {
    let mut met = BTreeSet::new();
    for seed in 1..=24 {
        let directory = tempfile::tempdir().unwrap();
        let vendor = vendor().await;
        let engine = open(&config(directory.path(), &vendor, TARGET, ONE_CALL));
        let sent = busy(&engine, seed).await;

        let calls = at_rest(&engine).await;
        let listed: Vec<i64> = calls.iter().map(|call| call.id).collect();
        assert_eq!(listed.len(), sent.len(), "seed {seed}: {listed:?}");
        assert_eq!(
            listed.into_iter().collect::<BTreeSet<_>>(),
            sent,
            "seed {seed}"
        );

        let target = state(&engine).await;
        for call in &calls {
            met.insert(call.why.held_by.name());
            assert!(
                does_hold(call, &calls, &target),
                "seed {seed}: {call:?}\n{target:?}"
            );
            // A query for it alone, or for its lane, gives the same result.
            let alone = engine
                .calls()
                .call(call.id)
                .await
                .unwrap()
                .expect("it is open");
            assert_eq!(
                (&alone.why.held_by, alone.why.ahead),
                (&call.why.held_by, call.why.ahead)
            );
            if call.status == "waiting" && !matches!(call.why.held_by, Holder::OrderingKey { .. }) {
                let first = target.first[call.priority.index()]
                    .as_ref()
                    .expect("one waits");
                assert_eq!(first.held_by, call.why.held_by, "seed {seed}");
            }
        }

        // What holds a call is what its start waits for: without it, it starts or something else holds it.
        for lane in Priority::ALL {
            let Some(first) = state(&engine).await.first[lane.index()].clone() else {
                continue;
            };
            if let_go(&engine, &first.held_by).await {
                until(async || {
                    let now = state(&engine).await.first[lane.index()].clone();
                    now.is_none_or(|now| now.held_by != first.held_by)
                        .then_some(())
                })
                .await;
            }
        }
        vendor.open_doors();
    }
    let expected = [
        "back_off",
        "delay",
        "in_flight",
        "limit",
        "ordering_key",
        "pause",
        "reserve",
        "share",
        "vendor_pause",
    ];
    for holder in expected {
        assert!(met.contains(holder), "{holder} is never met: {met:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_the_vendor_closed_for_an_hour_starts_nothing_in_less_than_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = vendor().await;
    let engine = open(&config(directory.path(), &vendor, TARGET, ONE_CALL));
    send(&engine, Priority::High, "/busy", None, 0).await;
    until(async || state(&engine).await.vendor).await;
    let next = send(&engine, Priority::High, "/held", None, 0).await;
    let call = engine.calls().call(next).await.unwrap().expect("it waits");
    assert_eq!(call.why.held_by, Holder::VendorPause);
    let starts = match call.why.starts {
        Start::About(moment) | Start::NotBefore(moment) => moment.saturating_since(call.at),
        other => panic!("{other:?}"),
    };
    assert!(starts.as_secs() > 3_000, "{starts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_target_left_the_configuration_is_listed_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = vendor().await;
    let mut config = config(directory.path(), &vendor, TARGET, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(50);
    let engine = open(&config);
    let mut sent = BTreeSet::new();
    for (path, key, delay) in [
        ("/held/1", Some("a"), 0),
        ("/held/2", Some("a"), 0),
        ("/error", None, 0),
        ("/held/3", None, 900),
    ] {
        sent.insert(send(&engine, Priority::Batch, path, key, delay).await);
    }
    until(async || (!vendor.seen().is_empty()).then_some(())).await;
    engine.shut_down().await;
    drop(engine);

    config.targets.clear();
    config.workflows.clear();
    let engine = open(&config);
    let calls = engine.calls().list_calls(1_000).await.unwrap();
    let listed: Vec<i64> = calls.iter().map(|call| call.id).collect();
    assert_eq!(listed, sent.iter().copied().collect::<Vec<_>>());
    let alone = engine
        .calls()
        .call(listed[0])
        .await
        .unwrap()
        .expect("it is open");
    for call in calls.iter().chain([&alone]) {
        assert_eq!(
            (call.target.as_str(), call.priority),
            ("erp", Priority::Batch)
        );
        let words = call.why.words(call.at);
        assert_eq!(words, "target erp, which is not in the configuration");
        assert_eq!(call.why.starts, Start::Unknown);
    }
}

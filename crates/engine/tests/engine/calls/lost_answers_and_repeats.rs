//! What happens when the vendor throttles, fails, or never answers: attempts, backoff, held slots, the idempotency key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::vendor::Seen;
use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};
use rampmeter_engine::ExecutionStatus;

fn target(more: &str) -> String {
    format!(
        "timeout = \"1s\"\nhold_after_timeout = \"1s\"\n{more}\n\
         [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 2\n"
    )
}

const QUICK: &str = "retry = { max_attempts = 3, initial = \"10ms\", max = \"20ms\" }";

/// A vendor that answers the n-th request, counted from 0, by a script.
async fn nth(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Arc<Vendor> {
    let count = AtomicUsize::new(0);
    Vendor::start(move |seen| script(count.fetch_add(1, Ordering::SeqCst), seen)).await
}

fn keys(vendor: &Vendor) -> Vec<String> {
    let seen = vendor.seen();
    seen.iter()
        .map(|seen| {
            seen.header("idempotency-key")
                .expect("every call carries its key")
                .to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_error_is_repeated_with_the_same_key_until_it_passes() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = nth(|n, _| Reply::json(if n < 2 { 500 } else { 200 }, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, &target(QUICK), ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    let keys = keys(&vendor);
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_access_token_was_refused_is_sent_again_with_a_new_one_and_without_a_back_off()
{
    let directory = tempfile::tempdir().unwrap();
    let (tokens, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let vendor = Vendor::start(move |seen| {
        if seen.path == "/token" {
            let token = tokens.fetch_add(1, Ordering::SeqCst);
            let body = format!(
                "{{\"access_token\":\"t-{token}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}"
            );
            return Reply::json(200, &body);
        }
        let refused = calls.fetch_add(1, Ordering::SeqCst) == 0;
        Reply::json(if refused { 401 } else { 200 }, "{}")
    })
    .await;
    let more = format!(
        "auth = {{ kind = \"oauth2-client-credentials\", client_id = \"c\", client_secret = \"${{file:secret}}\", \
         token_url = \"http://{}/token\" }}\n\
         retry = {{ max_attempts = 2, initial = \"1h\", max = \"1h\" }}",
        vendor.address()
    );
    let engine = open(&config(directory.path(), &vendor, &target(&more), ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    // A backoff would be an hour.
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    let seen = vendor.seen();
    let calls = seen.iter().filter(|seen| seen.path != "/token");
    let tokens: Vec<_> = calls
        .filter_map(|seen| seen.header("authorization"))
        .collect();
    assert_eq!(tokens, ["Bearer t-0", "Bearer t-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_are_used_up_fail_the_task_as_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = nth(|_, _| Reply::json(500, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, &target(QUICK), ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.error.as_deref(), Some("Rampmeter.Unavailable"));
    let cause: serde_json::Value = serde_json::from_str(&ended.cause.unwrap()).unwrap();
    assert_eq!(
        (&cause["StatusCode"], &cause["Attempts"]),
        (&500.into(), &3.into())
    );
    assert_eq!(vendor.seen().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttle_uses_up_no_attempt_and_closes_the_target_for_the_stated_time() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = nth(|n, _| match n {
        0..4 => Reply::json(429, "{}").with("retry-after", "0"),
        4 => Reply::json(429, "{}").with("retry-after", "1"),
        _ => Reply::json(200, "{}"),
    })
    .await;
    let engine = open(&config(directory.path(), &vendor, &target(QUICK), ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(vendor.seen().len(), 6);
    let targets = engine.calls().targets().await.unwrap();
    assert_eq!(targets[0].throttles, 5);
    assert_eq!(targets[0].throttles_under_our_limit, 5);
    let lasted = ended
        .summary
        .stop_date
        .unwrap()
        .millis_since(ended.summary.start_date);
    assert!(lasted >= 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_keeps_its_place_and_is_repeated_with_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = nth(|n, _| {
        if n == 0 {
            Reply::Cut
        } else {
            Reply::json(200, "{}")
        }
    })
    .await;
    let one = target(QUICK).replace("concurrency = 2", "concurrency = 1");
    let engine = open(&config(directory.path(), &vendor, &one, ONE_CALL));
    let first = start(&engine, "SO-1", &order("high", "SO-1")).await;

    // The lost call may still be running at the vendor: it holds the only slot, and its own repeat waits for it.
    let held_by = until(async || {
        let waiting = engine
            .executions()
            .waiting_at(&first.execution_arn)
            .await
            .unwrap()
            .unwrap();
        let call = waiting.call.unwrap();
        Some(call.why.words(call.at)).filter(|why| why.starts_with("limit"))
    })
    .await;
    assert!(held_by.contains("limit account: 1 of 1 used"), "{held_by}");
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.in_flight, state.held), (1, 1));
    assert_eq!(vendor.seen().len(), 1);

    // Timeout and hold, a second each, end by themselves and free the slot.
    let first = ended(&engine, &first.execution_arn).await;
    assert_eq!(first.summary.status, ExecutionStatus::Succeeded);
    let lasted = first
        .summary
        .stop_date
        .unwrap()
        .millis_since(first.summary.start_date);
    assert!(lasted >= 2_000);
    let second = start(&engine, "SO-2", &order("high", "SO-2")).await;
    ended(&engine, &second.execution_arn).await;
    let keys = keys(&vendor);
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_fails_the_task_where_the_target_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = nth(|_, _| Reply::Cut).await;
    let config = config(
        directory.path(),
        &vendor,
        &target("on_unknown = \"fail\""),
        ONE_CALL,
    );
    let engine = open(&config);
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.error.as_deref(), Some("Rampmeter.OutcomeUnknown"));
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_repeat_waits_longer_than_its_heartbeat_does_not_time_out() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = nth(|n, _| Reply::json(if n < 1 { 500 } else { 200 }, "{}")).await;
    let retry = "retry = { max_attempts = 3, initial = \"4s\", max = \"4s\" }";
    let definition = ONE_CALL.replace(
        "\"TimeoutSeconds\": 600",
        "\"TimeoutSeconds\": 600, \"HeartbeatSeconds\": 1",
    );
    assert_ne!(definition, ONE_CALL);
    let engine = open(&config(
        directory.path(),
        &vendor,
        &target(retry),
        &definition,
    ));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(
        ended.summary.status,
        ExecutionStatus::Succeeded,
        "{ended:?}"
    );
    assert_eq!(keys(&vendor).len(), 2);
}

/// Writes each order of a list; the key is made from the state's entry, as in many definitions.
const KEY_OF_THE_ENTRY: &str = r#"{"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemsPath": "$.items", "End": true,
    "ItemProcessor": {"StartAt": "Write", "States": {"Write": {"Type": "Task", "End": true, "TimeoutSeconds": 60,
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "${ErpMedium}", "MessageBody": {"TaskToken.$": "$$.Task.Token",
            "Method": "POST", "Path": "/orders", "RequestBody": {"n.$": "$"},
            "IdempotencyKey.$": "States.Format('{}/{}/{}', $$.Execution.Id, $$.State.Name, $$.State.EnteredTime)"}}}}}}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn iterations_that_begin_at_once_enter_their_states_at_different_times() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = nth(|_, _| Reply::json(201, "{}")).await;
    let engine = open(&config(
        directory.path(),
        &vendor,
        &target(QUICK),
        KEY_OF_THE_ENTRY,
    ));
    let input = serde_json::json!({ "items": (0..30).collect::<Vec<_>>() });
    let started = start(&engine, "orders", &input.to_string()).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    let different: std::collections::BTreeSet<_> = keys(&vendor).into_iter().collect();
    assert_eq!(different.len(), 30, "{different:?}");
}

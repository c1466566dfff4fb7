//! Calls that the vendor may have done without our knowing: what is remembered of that over crashes, failures and redrives.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rampmeter_engine::{
    Engine, ExecutionStatus, ListDeadLetters, RedriveDeadLetter, RedriveExecution, Redriven,
    Rejected,
};
use serde_json::json;

use crate::support::queues::send;
use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};

const LIMIT: &str = "timeout = \"1s\"\nhold_after_timeout = \"100ms\"\n\
     [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 2\n";

const ASKS: &str = "on_unknown = \"reconcile\"\nreconcile = { path = \"/orders?ref={/order}\", found = \"/value\" }\n\
     retry = { max_attempts = 1, initial = \"10ms\", max = \"20ms\" }\n";

const FAILS: &str = "on_unknown = \"fail\"\n";

/// A vendor that does every order and never says so, but tells of it when it is asked.
async fn silent() -> std::sync::Arc<Vendor> {
    Vendor::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, r#"{"value": [{"id": "first"}]}"#),
        _ => Reply::Cut,
    })
    .await
}

fn methods(vendor: &Vendor) -> Vec<String> {
    let seen = vendor.seen();
    seen.iter().map(|seen| seen.method.clone()).collect()
}

async fn letter(engine: &Engine) -> i64 {
    until(async || {
        let page = engine.dead_letters();
        let page = page.list_dead_letters(ListDeadLetters::default()).await;
        page.expect("a page").items.first().map(|letter| letter.id)
    })
    .await
}

async fn redrive(engine: &Engine, id: i64, checked: bool) -> Result<Redriven, Rejected> {
    let redrive = RedriveDeadLetter {
        id,
        priority: None,
        checked,
        reason: String::new(),
        bulk: None,
    };
    engine.dead_letters().redrive_dead_letter(redrive).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_whose_answer_was_lost_in_a_crash_is_done_when_it_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let calls = AtomicUsize::new(0);
    let vendor = Vendor::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Held(Box::new(Reply::Cut)),
        _ => Reply::json(404, "{}"),
    })
    .await;
    let target = format!("retry = {{ initial = \"10ms\", max = \"20ms\" }}\n{LIMIT}");
    let definition = ONE_CALL.replace("\"POST\"", "\"DELETE\"");
    let definition = definition.replace(
        "\"RequestBody\": {\"order.$\": \"$.key\"}",
        "\"Headers\": {}",
    );
    let mut config = config(directory.path(), &vendor, &target, &definition);
    let erp = config.targets.get_mut("erp").unwrap();
    (erp.timeout, erp.profile.timeout) = (Duration::from_secs(60), Duration::from_secs(60));
    let engine = open(&config);
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(
        ended.summary.status,
        ExecutionStatus::Succeeded,
        "{ended:?}"
    );
    assert_eq!(methods(&vendor), ["DELETE", "DELETE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redriven_execution_asks_before_it_sends_a_call_again_that_the_vendor_may_have_done() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = silent().await;
    let config = config(
        directory.path(),
        &vendor,
        &format!("{ASKS}{LIMIT}"),
        ONE_CALL,
    );
    let engine = open(&config);
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let arn = started.execution_arn;
    let failed = ended(&engine, &arn).await;
    assert_eq!(failed.error.as_deref(), Some("Rampmeter.OutcomeUnknown"));
    let request = RedriveExecution {
        execution_arn: arn.clone(),
        client_token: None,
        bulk: None,
    };
    engine
        .executions()
        .redrive_execution(request)
        .await
        .unwrap();
    let ended = ended(&engine, &arn).await;
    assert_eq!(
        ended.summary.status,
        ExecutionStatus::Succeeded,
        "{ended:?}"
    );
    assert_eq!(methods(&vendor), ["POST", "GET"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_the_workflow_asks_too() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = silent().await;
    let retries = ONE_CALL.replace(
        "\"TimeoutSeconds\": 600,",
        "\"TimeoutSeconds\": 600, \"Retry\": [{\"ErrorEquals\": [\"Rampmeter.OutcomeUnknown\"], \"IntervalSeconds\": 1}],",
    );
    let config = config(
        directory.path(),
        &vendor,
        &format!("{ASKS}{LIMIT}"),
        &retries,
    );
    let engine = open(&config);
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(
        ended.summary.status,
        ExecutionStatus::Succeeded,
        "{ended:?}"
    );
    assert_eq!(methods(&vendor), ["POST", "GET"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_of_unknown_outcome_is_sent_again_after_the_vendor_was_asked() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = silent().await;
    let config = config(
        directory.path(),
        &vendor,
        &format!("{ASKS}{LIMIT}"),
        ONE_CALL,
    );
    let engine = open(&config);
    let call = json!({"Method": "POST", "Path": "/orders", "RequestBody": {"order": "SO-1"}});
    send(&engine, "erp-high", &call.to_string()).await;
    let id = letter(&engine).await;
    redrive(&engine, id, false).await.unwrap();
    until(async || (methods(&vendor).len() == 2).then_some(())).await;
    assert_eq!(methods(&vendor), ["POST", "GET"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_be_asked_a_person_has_to_have_looked() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = silent().await;
    let config = config(
        directory.path(),
        &vendor,
        &format!("{FAILS}{LIMIT}"),
        ONE_CALL,
    );
    let engine = open(&config);
    let call = json!({"Method": "POST", "Path": "/orders", "RequestBody": {"order": "SO-1"}});
    send(&engine, "erp-high", &call.to_string()).await;
    let id = letter(&engine).await;
    let refused = redrive(&engine, id, false).await;
    assert!(matches!(&refused, Err(Rejected::Impossible(why)) if why.contains("--i-checked")));
    redrive(&engine, id, true).await.unwrap();
    until(async || (methods(&vendor).len() == 2).then_some(())).await;
}

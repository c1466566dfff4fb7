//! What comes before a call and takes a permit of its own: signing in where the vendor counts that, a session, and the
//! question whether an earlier attempt did it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start};
use rampmeter_config::Config;
use rampmeter_engine::ExecutionStatus;

const LIMIT: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 2\n";

/// One attempt only, so that a permit which used one up would fail the task.
const ONE_ATTEMPT: &str = "retry = { max_attempts = 1, initial = \"10ms\", max = \"20ms\" }";

const RECONCILE: &str = "timeout = \"1s\"\nhold_after_timeout = \"100ms\"\non_unknown = \"reconcile\"\n\
     reconcile = { path = \"/orders?ref={/order}\", found = \"/value\" }\n\
     retry = { max_attempts = 3, initial = \"10ms\", max = \"20ms\" }\n";

fn reconciling(directory: &tempfile::TempDir, vendor: &Vendor) -> Config {
    config(
        directory.path(),
        vendor,
        &format!("{RECONCILE}{LIMIT}"),
        ONE_CALL,
    )
}

fn methods(vendor: &Vendor) -> Vec<String> {
    let seen = vendor.seen();
    seen.iter().map(|seen| seen.method.clone()).collect()
}

/// The same, with the question once that was asked several times in a row: while the vendor may be at work, "not there" is no
/// answer.
fn methods_without_repeated_questions(vendor: &Vendor) -> Vec<String> {
    let mut methods = methods(vendor);
    methods.dedup_by(|later, before| later == "GET" && before == "GET");
    methods
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_fetched_under_a_permit_of_its_own_and_uses_up_no_attempt() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|seen| match seen.header("x-csrf-token") {
        Some("Fetch") => Reply::json(200, "{}").with("x-csrf-token", "t"),
        Some("t") => Reply::json(201, "{}"),
        _ => Reply::json(403, "{}").with("x-csrf-token", "Required"),
    })
    .await;
    let target = format!("csrf = true\n{ONE_ATTEMPT}\n{LIMIT}");
    let engine = open(&config(directory.path(), &vendor, &target, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(methods(&vendor), ["GET", "POST"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_happened_is_not_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, r#"{"value": [{"id": "first"}]}"#),
        _ => Reply::Cut,
    })
    .await;
    let engine = open(&reconciling(&directory, &vendor));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    assert!(ended.output.unwrap().contains("first"));
    assert_eq!(methods(&vendor), ["POST", "GET"]);
    assert_eq!(vendor.seen()[1].path, "/orders?ref=SO%2D1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_did_not_happen_is_sent_again_under_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let posts = AtomicUsize::new(0);
    let vendor = Vendor::start(move |seen| match seen.method.as_str() {
        "GET" => Reply::json(200, r#"{"value": []}"#),
        _ if posts.fetch_add(1, Ordering::SeqCst) == 0 => Reply::Cut,
        _ => Reply::json(201, "{}"),
    })
    .await;
    let engine = open(&reconciling(&directory, &vendor));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    let methods = methods_without_repeated_questions(&vendor);
    assert_eq!(methods, ["POST", "GET", "POST"]);
    let seen = vendor.seen();
    let (first, last) = (&seen[0], &seen[seen.len() - 1]);
    assert_eq!(
        first.header("idempotency-key"),
        last.header("idempotency-key")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_an_answer_fails_the_task_as_unknown() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(403, "{}"),
        _ => Reply::Cut,
    })
    .await;
    let engine = open(&reconciling(&directory, &vendor));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.error.as_deref(), Some("Rampmeter.OutcomeUnknown"));
    assert_eq!(methods(&vendor), ["POST", "GET"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answers_are_lost_again_and_again_ends_as_unknown() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(404, "{}"),
        _ => Reply::Cut,
    })
    .await;
    let engine = open(&reconciling(&directory, &vendor));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.error.as_deref(), Some("Rampmeter.OutcomeUnknown"));
    let methods = methods_without_repeated_questions(&vendor);
    assert_eq!(methods, ["POST", "GET", "POST", "GET", "POST"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_first_attempt_may_still_be_at_work_the_order_is_not_made_twice() {
    let directory = tempfile::tempdir().unwrap();
    let begun = Arc::new(Mutex::new(None::<Instant>));
    let at_work = Arc::clone(&begun);
    // The first order is done a second after its connection broke; until then the vendor says truthfully that there is none.
    let vendor = Vendor::start(move |seen| {
        let mut begun = at_work.lock().unwrap();
        match (seen.method.as_str(), *begun) {
            ("GET", Some(at)) if at.elapsed() >= Duration::from_secs(1) => {
                Reply::json(200, r#"{"value": [{"id": "first"}]}"#)
            }
            ("GET", _) => Reply::json(200, r#"{"value": []}"#),
            (_, None) => {
                *begun = Some(Instant::now());
                Reply::Cut
            }
            _ => Reply::json(201, r#"{"id": "second"}"#),
        }
    })
    .await;
    let engine = open(&reconciling(&directory, &vendor));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    assert!(ended.output.unwrap().contains("first"));
    let methods = methods_without_repeated_questions(&vendor);
    assert_eq!(methods, ["POST", "GET"]);
}

//! HTTP Tasks: their calls go through the gate of the target that their endpoint names.

use crate::support::machines::{create, single, start};
use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, types, until};
use rampmeter_engine::{Engine, ExecutionStatus, StopExecution};
use serde_json::{Value, json};

const LIMITS: &str = "retry = { max_attempts = 2, initial = \"10ms\", max = \"1s\" }\n\
     [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";

fn http_task(endpoint: &str) -> Value {
    single(json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": endpoint,
            "Method": "POST",
            "Authentication": { "ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/erp/1" },
            "RequestBody": { "order.$": "$.order" },
        },
    }))
}

async fn run(engine: &Engine, endpoint: &str, name: &str) -> String {
    let machine = create(engine, name, &http_task(endpoint)).await;
    start(engine, &machine, "one", &json!({ "order": 7 })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_task_ends_with_the_answer_to_its_call() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(201, r#"{"id":9}"#)).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let endpoint = format!("http://{}/orders", vendor.address());
    let arn = run(&engine, &endpoint, "http").await;
    let output: Value = serde_json::from_str(&ended(&engine, &arn).await.output.unwrap()).unwrap();
    assert_eq!(
        (&output["StatusCode"], &output["ResponseBody"]),
        (&json!(201), &json!({ "id": 9 }))
    );
    assert_eq!(
        types(&engine, &arn).await[2..5],
        ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    );
    let seen = vendor.seen();
    assert_eq!(
        (seen[0].path.as_str(), seen[0].body.as_str()),
        ("/orders", r#"{"order":7}"#)
    );
    assert!(seen[0].header("idempotency-key").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_vendor_refused_has_the_name_and_the_cause_of_an_http_task() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(422, r#"{"why":"no"}"#)).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let arn = run(
        &engine,
        &format!("http://{}/orders", vendor.address()),
        "http",
    )
    .await;
    let failed = ended(&engine, &arn).await;
    assert_eq!(failed.error.as_deref(), Some("States.Http.StatusCode.422"));
    assert_eq!(failed.cause.as_deref(), Some(r#"{"why":"no"}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn http_tasks_wait_at_the_gate_and_a_stopped_one_makes_no_call() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let endpoint = format!("http://{}/orders", vendor.address());
    let first = run(&engine, &endpoint, "first").await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    let second = run(&engine, &endpoint, "second").await;
    let third = run(&engine, &endpoint, "third").await;
    assert_eq!(
        engine.calls().targets().await.unwrap()[0].waiting,
        [0, 2, 0]
    );
    let stop = StopExecution {
        execution_arn: second,
        error: None,
        cause: None,
    };
    engine.executions().stop_execution(stop).await.unwrap();
    vendor.open_doors();
    for arn in [first, third] {
        let ended = ended(&engine, &arn).await;
        assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    }
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_an_http_task_is_repeated_after_a_restart_with_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let limits = LIMITS.replace("concurrency = 1", "concurrency = 2");
    let mut config = config(directory.path(), &vendor, &limits, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(50);
    let engine = open(&config);
    let arn = run(
        &engine,
        &format!("http://{}/orders", vendor.address()),
        "http",
    )
    .await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    engine.shut_down().await;
    drop(engine);
    vendor.open_doors();
    let engine = open(&config);
    let ended = ended(&engine, &arn).await;
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    let keys: Vec<_> = vendor
        .seen()
        .iter()
        .map(|seen| seen.header("idempotency-key").map(str::to_owned))
        .collect();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_no_target_s_is_refused_and_the_targets_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let arn = run(&engine, "https://metadata.example/latest", "http").await;
    let failed = ended(&engine, &arn).await;
    assert_eq!(failed.error.as_deref(), Some("Rampmeter.InvalidMessage"));
    assert!(failed.cause.unwrap().ends_with("any target: erp"));
    assert_eq!(vendor.seen().len(), 0);
}

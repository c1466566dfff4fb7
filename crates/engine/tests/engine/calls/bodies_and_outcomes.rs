//! What remains of an ended call: the body that was too long for a workflow's data, the outcome of a call for which no
//! workflow waits, and how both are deleted after a time.

use std::path::Path;
use std::time::Duration;

use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until, yes};
use rampmeter_config::Config;
use rampmeter_engine::{
    DiscardDeadLetter, Engine, ExecutionStatus, ListDeadLetters, Pause, SendMessage, blobs_path,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A body of so many bytes at least.
fn long(bytes: usize) -> String {
    let item = json!({"id": 7, "text": "x".repeat(1_000)});
    let items: Vec<Value> = (0..=bytes / 1_000).map(|_| item.clone()).collect();
    json!({ "items": items }).to_string()
}

/// Ends with the whole answer of its call.
const WHOLE: &str = r#"{
  "StartAt": "Call",
  "States": {
    "Call": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {
        "QueueUrl": "${ErpHigh}",
        "MessageBody": {"TaskToken.$": "$$.Task.Token", "Method": "GET", "Path": "/orders"}
      },
      "End": true
    }
  }
}"#;

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(blobs_path(directory)).expect("the directory is there");
    let names = entries.map(|entry| {
        entry
            .expect("as planned")
            .file_name()
            .into_string()
            .expect("as planned")
    });
    names.collect()
}

async fn output(engine: &Engine, input: &str) -> Value {
    let started = start(engine, "SO-1", input).await;
    let ended = ended(engine, &started.execution_arn).await;
    assert_eq!(
        ended.summary.status,
        ExecutionStatus::Succeeded,
        "{ended:?}"
    );
    serde_json::from_str(&ended.output.expect("as planned")).expect("as planned")
}

async fn send(engine: &Engine, body: Value) -> i64 {
    let message = SendMessage {
        queue_url: "erp-high".to_owned(),
        body: body.to_string(),
        ..SendMessage::default()
    };
    let sent = engine
        .queues()
        .send_message(message)
        .await
        .expect("as planned");
    engine
        .calls()
        .call_number(&sent.message_id)
        .await
        .expect("as planned")
        .expect("as planned")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_data_limit_lies_beside_and_the_output_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let body = long(3_000_000);
    let answer = body.clone();
    let vendor = Vendor::start(move |_| Reply::json(200, &answer)).await;
    let config = config(directory.path(), &vendor, "", WHOLE);
    let engine = open(&config);
    let output = output(&engine, "{}").await;

    assert_eq!(output["ResponseBody"], Value::Null);
    let stored = &output["StoredBody"];
    assert_eq!(stored["Size"], body.len());
    let digest = Sha256::digest(body.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(stored["Sha256"], hex);
    assert_eq!(stored["ContentType"], "application/json");
    let call = stored["Call"].as_str().unwrap();
    assert_eq!(stored["Path"], format!("/v1/calls/{call}/body"));
    let number = call.strip_prefix("c-").unwrap().parse().unwrap();
    let kept = engine.calls().stored_body(number).await.unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(&kept.path).unwrap(), body);

    engine.shut_down().await;
    drop(engine);
    std::fs::write(blobs_path(directory.path()).join("999999999"), "of no call").unwrap();
    let engine = open(&config);
    assert_eq!(
        files(directory.path()).len(),
        1,
        "what no answer refers to is removed"
    );
    let again = engine.calls().stored_body(number).await.unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(again.path).unwrap(), body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_only_its_escapes_make_too_long_lies_beside_too() {
    let directory = tempfile::tempdir().unwrap();
    let text = "\n".repeat(190_000);
    let vendor = Vendor::start(move |_| Reply::json(200, &text)).await;
    let engine = open(&config(directory.path(), &vendor, "", WHOLE));
    assert_eq!(output(&engine, "{}").await["StoredBody"]["Size"], 190_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selector_leaves_what_a_workflow_wants_of_an_answer() {
    for length in [10, 3_000_000] {
        let directory = tempfile::tempdir().unwrap();
        let body = long(length);
        let vendor = Vendor::start(move |_| Reply::json(200, &body)).await;
        let target = "response = { select = \"$.items[0].id\" }";
        let engine = open(&config(directory.path(), &vendor, target, WHOLE));
        let output = output(&engine, "{}").await;
        assert_eq!(output["ResponseBody"], 7);
        assert_eq!(output.get("StoredBody"), None);
        assert!(files(directory.path()).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_that_is_too_long_itself_is_stored_whole() {
    let directory = tempfile::tempdir().unwrap();
    let body = long(3_000_000);
    let length = body.len();
    let vendor = Vendor::start(move |_| Reply::json(200, &body)).await;
    let target = "response = { select = \"$.items[*].text\" }";
    let engine = open(&config(directory.path(), &vendor, target, WHOLE));
    assert_eq!(output(&engine, "{}").await["StoredBody"]["Size"], length);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_selects_for_itself_and_a_broken_path_is_no_call() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, r#"{"a": {"b": 5}}"#)).await;
    let target = "response = { select = \"$.a\" }";
    let engine = open(&config(directory.path(), &vendor, target, WHOLE));
    let call =
        |selector: &str| json!({"Method": "GET", "Path": "/x", "ResponseSelector": selector});
    let number = send(&engine, call("$.a.b")).await;
    let outcome = until(async || engine.calls().call_outcome(number).await.unwrap()).await;
    assert_eq!(outcome.told["ResponseBody"], 5);
    let broken = send(&engine, call("$.a[")).await;
    let outcome = engine.calls().call_outcome(broken).await.unwrap().unwrap();
    assert_eq!(outcome.error.as_deref(), Some("Rampmeter.InvalidMessage"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_none_is_told_when_the_engine_opens() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let target = "response = { select = \"$.a[\" }";
    let refused = crate::support::try_open(&config(directory.path(), &vendor, target, WHOLE));
    let error = refused.expect_err("the path is none").to_string();
    assert!(error.contains("erp") && error.contains("select"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_a_call_without_a_workflow_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|seen| match seen.path.as_str() {
        "/good" => Reply::json(201, r#"{"id": 1}"#),
        _ => Reply::json(400, r#"{"error": "no"}"#),
    })
    .await;
    let engine = open(&config(directory.path(), &vendor, "", ONE_CALL));
    let call = |path: &str| json!({"Method": "POST", "Path": path, "Key": "K"});
    let good = send(&engine, call("/good")).await;
    let outcome = until(async || engine.calls().call_outcome(good).await.unwrap()).await;
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.key.as_deref(), Some("K"));
    assert_eq!(outcome.told["StatusCode"], 201);
    assert_eq!(outcome.told["ResponseBody"], json!({"id": 1}));
    let bad = send(&engine, call("/bad")).await;
    let outcome = until(async || engine.calls().call_outcome(bad).await.unwrap()).await;
    assert_eq!(outcome.error.as_deref(), Some("Http.StatusCode.400"));
    assert_eq!(outcome.told["ResponseBody"], json!({"error": "no"}));
    assert_eq!(
        engine
            .calls()
            .call_number("not-a-message-id")
            .await
            .unwrap(),
        None
    );
}

/// The same configuration, but what has ended is kept for a moment only.
fn forgetful(config: &Config) -> Config {
    let mut config = config.clone();
    config.server.retention = Duration::from_millis(300);
    config
}

fn count(directory: &Path, table: &str) -> i64 {
    let store =
        rusqlite::Connection::open(rampmeter_engine::store_path(directory)).expect("as planned");
    let query = format!("SELECT count(*) FROM {table}");
    store
        .query_row(&query, [], |row| row.get(0))
        .expect("as planned")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_forgotten_after_its_time_and_what_runs_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let body = long(300_000);
    let vendor = Vendor::start(move |seen| match seen.path.as_str() {
        "/orders/held" => Reply::json(200, "{}").held(),
        _ => Reply::json(200, &body),
    })
    .await;
    let config = config(directory.path(), &vendor, "", ONE_CALL);
    let engine = open(&forgetful(&config));
    let running = start(&engine, "held", &order("high", "held")).await;
    for number in 0..200 {
        let name = format!("SO-{number}");
        start(&engine, &name, &order("batch", &name)).await;
    }
    send(&engine, json!({"Method": "GET", "Path": "/x"})).await;
    until(async || {
        let tables = ["execution", "outcome", "body", "leftover"];
        let left = tables.map(|table| count(directory.path(), table));
        (left == [1, 0, 0, 0]).then_some(())
    })
    .await;
    until(async || files(directory.path()).is_empty().then_some(())).await;
    assert_eq!(count(directory.path(), "execution_name"), 1);
    let found = engine
        .executions()
        .describe_execution(&running.execution_arn)
        .await;
    assert_eq!(found.unwrap().summary.status, ExecutionStatus::Running);
    let steps = count(directory.path(), "step");
    assert!(steps < 5, "{steps} steps are left of one execution");
    vendor.open_doors();
    let arn = running.execution_arn;
    until(async || {
        engine
            .executions()
            .describe_execution(&arn)
            .await
            .is_err()
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_outlives_the_execution_that_sent_it() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(409, "{}")).await;
    let config = config(directory.path(), &vendor, "", ONE_CALL);
    let engine = open(&forgetful(&config));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let arn = started.execution_arn;
    until(async || {
        engine
            .executions()
            .describe_execution(&arn)
            .await
            .is_err()
            .then_some(())
    })
    .await;
    assert_eq!(count(directory.path(), "dead_letter"), 1);
    until(async || (count(directory.path(), "step") == 0).then_some(())).await;
    let own = "message WHERE body LIKE '%/orders/SO-1%' AND step IS NULL";
    assert_eq!(count(directory.path(), own), 1);
}

/// A Distributed Map with children of its own.
const FANNED: &str = r#"{
  "StartAt": "Each",
  "States": {
    "Each": {
      "Type": "Map",
      "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Do",
        "States": {"Do": {"Type": "Pass", "End": true}}
      },
      "End": true
    }
  }
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_forgotten_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&forgetful(&config(directory.path(), &vendor, "", FANNED)));
    let items: Vec<u32> = (0..150).collect();
    start(&engine, "fanned", &json!(items).to_string()).await;
    until(async || (count(directory.path(), "map_run") == 1).then_some(())).await;
    until(async || {
        let tables = ["execution", "map_run", "step", "leftover", "execution_name"];
        let left = tables.map(|table| count(directory.path(), table));
        (left == [0; 5]).then_some(())
    })
    .await;
}

/// Sends a call that nobody waits for, and ends.
const FIRE: &str = r#"{
  "StartAt": "Fire",
  "States": {
    "Fire": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage",
      "Parameters": {
        "QueueUrl": "${ErpBatch}",
        "MessageBody": {"Method": "POST", "Path": "/orders", "RequestBody.$": "$"}
      },
      "End": true
    }
  }
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_token_keeps_its_body_though_its_execution_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let config = forgetful(&config(directory.path(), &vendor, "", FIRE));
    let engine = open(&config);
    let pause = |paused| Pause {
        target: "erp".to_owned(),
        priority: None,
        paused,
        forget_throttles: false,
        reason: "maintenance".to_owned(),
    };
    engine.controls().pause(pause(true)).await.unwrap();
    start(&engine, "SO-1", r#"{"order": 7}"#).await;
    until(async || {
        let left = ["execution", "step", "leftover"].map(|table| count(directory.path(), table));
        (left == [0; 3]).then_some(())
    })
    .await;
    engine.controls().pause(pause(false)).await.unwrap();
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    assert_eq!(vendor.seen()[0].body, r#"{"order":7}"#);
    let letters = engine
        .dead_letters()
        .list_dead_letters(ListDeadLetters::default());
    assert!(letters.await.unwrap().items.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_dead_letter_frees_the_body_of_its_answer() {
    let directory = tempfile::tempdir().unwrap();
    let body = long(300_000);
    let vendor = Vendor::start(move |_| Reply::json(404, &body)).await;
    let engine = open(&config(directory.path(), &vendor, "", WHOLE));
    let call = send(&engine, json!({"Method": "GET", "Path": "/x"})).await;
    until(async || (count(directory.path(), "dead_letter") == 1).then_some(())).await;
    assert_eq!(files(directory.path()).len(), 1);
    assert_eq!(count(directory.path(), "body"), 1);
    let discard = DiscardDeadLetter {
        id: call,
        reason: "not needed".to_owned(),
        bulk: None,
    };
    let discarded = engine.dead_letters().discard_dead_letter(discard);
    discarded.await.unwrap();
    until(async || files(directory.path()).is_empty().then_some(())).await;
    let left = ["body", "dead_letter", "message"].map(|table| count(directory.path(), table));
    assert_eq!(left, [0; 3]);
}

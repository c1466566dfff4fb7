//! One execution, one call, the whole way: start, message, permit, call, answer, end, over real HTTP and a real store.

use crate::support::{
    MACHINE, ONE_CALL, Reply, Vendor, config, ended, history, open, order, start, types, until, yes,
};
use rampmeter_asl::Detail;
use rampmeter_engine::{ExecutionStatus, Rejected, SendMessage, StartExecution};
use serde_json::{Value, json};

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 4\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_reaches_the_vendor_and_its_answer_ends_the_workflow() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));

    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!(output, json!({"status": 200, "body": {"ok": true}}));
    let seen = vendor.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("POST", "/orders/SO-1")
    );
    assert_eq!(seen[0].body, r#"{"order":"SO-1"}"#);
    assert!(
        seen[0]
            .header("idempotency-key")
            .is_some_and(|key| !key.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_the_one_that_aws_records_for_a_callback() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("batch", "SO-1")).await;
    ended(&engine, &started.execution_arn).await;

    let events = history(&engine, &started.execution_arn).await;
    let told: Vec<(u64, u64, &str)> = events
        .iter()
        .map(|event| (event.id, event.previous, event.type_name()))
        .collect();
    assert_eq!(
        told,
        [
            (1, 0, "ExecutionStarted"),
            (2, 0, "TaskStateEntered"),
            (3, 2, "TaskScheduled"),
            (4, 3, "TaskStarted"),
            (5, 4, "TaskSubmitted"),
            (6, 5, "TaskSucceeded"),
            (7, 6, "TaskStateExited"),
            (8, 7, "ExecutionSucceeded"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_final_no_reaches_the_catch_of_the_workflow_and_leaves_a_dead_letter() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(400, r#"{"title":"no such item"}"#)).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;

    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!(
        output,
        json!({"refused": true, "error": "Http.StatusCode.400"})
    );
    let failed = history(&engine, &started.execution_arn).await;
    let cause = failed.iter().find_map(|event| match &event.detail {
        Detail::TaskFailed { cause, .. } => cause.clone(),
        _ => None,
    });
    let cause: Value = serde_json::from_str(&cause.unwrap()).unwrap();
    assert_eq!(cause["StatusCode"], 400);
    assert_eq!(cause["ResponseBody"]["title"], "no such item");
    assert_eq!(cause["Attempts"], 1);
    assert_eq!(
        dead_letters(directory.path()),
        [("Http.StatusCode.400".to_owned(), true)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_names_another_host_is_never_sent_and_its_task_fails_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let input = r#"{"priority":"high","key":"SO-1","path":"//elsewhere.example/orders"}"#;
    let started = start(&engine, "SO-1", input).await;
    let ended = ended(&engine, &started.execution_arn).await;

    assert_eq!(ended.summary.status, ExecutionStatus::Failed);
    assert_eq!(ended.error.as_deref(), Some("Rampmeter.InvalidMessage"));
    assert!(vendor.seen().is_empty());
    assert_eq!(
        dead_letters(directory.path()),
        [("Rampmeter.InvalidMessage".to_owned(), true)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_client_that_is_not_json_becomes_a_dead_letter_and_holds_nothing_up() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let send = async |body: &str| {
        let message = SendMessage {
            queue_url: "http://127.0.0.1:4566/000000000000/erp-high".to_owned(),
            body: body.to_owned(),
            delay_seconds: None,
            ..SendMessage::default()
        };
        engine.queues().send_message(message).await.unwrap()
    };
    let bad = send("this is no call").await;
    let good = send(r#"{"Method":"GET","Path":"/health"}"#).await;
    assert_ne!(bad.message_id, good.message_id);

    until(async || (vendor.seen().len() == 1).then_some(())).await;
    assert_eq!(vendor.seen()[0].path, "/health");
    assert_eq!(
        dead_letters(directory.path()),
        [("Rampmeter.InvalidMessage".to_owned(), false)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_idempotent_by_name_and_input_while_it_runs_and_refused_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let first = start(&engine, "SO-1", &order("high", "SO-1")).await;
    assert_eq!(start(&engine, "SO-1", &order("high", "SO-1")).await, first);

    let again = |input: String| {
        engine.executions().start_execution(StartExecution {
            state_machine_arn: MACHINE.to_owned(),
            name: Some("SO-1".to_owned()),
            input,
        })
    };
    let taken = Err(Rejected::ExecutionAlreadyExists(
        first.execution_arn.clone(),
    ));
    assert_eq!(again(order("high", "SO-2")).await, taken);
    vendor.open_doors();
    ended(&engine, &first.execution_arn).await;
    assert_eq!(again(order("high", "SO-1")).await, taken);
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_exist_fails_the_state_as_it_would_on_aws() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("urgent", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(
        ended.error.as_deref(),
        Some("SQS.QueueDoesNotExistException")
    );
    let types = types(&engine, &started.execution_arn).await;
    assert!(
        types.contains(&"TaskSubmitFailed") || types.contains(&"TaskFailed"),
        "{types:?}"
    );
}

/// The dead letters in the store: error, and whether a task token came with them.
fn dead_letters(directory: &std::path::Path) -> Vec<(String, bool)> {
    let store = rusqlite::Connection::open_with_flags(
        directory.join("rampmeter.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .expect("the store can be read");
    let mut statement = store
        .prepare(
            "SELECT dead_letter.error, message.execution IS NOT NULL FROM dead_letter \
             JOIN message ON message.id = dead_letter.message ORDER BY message.id",
        )
        .expect("the tables are known");
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("the rows can be read");
    rows.map(|row| row.expect("a row")).collect()
}

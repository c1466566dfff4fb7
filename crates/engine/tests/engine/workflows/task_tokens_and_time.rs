//! Tasks that somebody else answers, and what time alone does: timeouts, heartbeats, waits, delays.

use crate::support::{
    ONE_CALL, Reply, Vendor, config, ended, history, open, order, start, types, until, yes,
};
use rampmeter_asl::Detail;
use rampmeter_engine::{
    Engine, ExecutionStatus, Rejected, SendMessage, StopExecution, TaskReport, TaskResult,
};
use serde_json::Value;

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";

/// The task token in an execution's newest scheduled task.
async fn token(engine: &Engine, arn: &str) -> String {
    let events = history(engine, arn).await;
    let parameters = events.iter().rev().find_map(|event| match &event.detail {
        Detail::TaskScheduled { parameters, .. } => Some(parameters.clone()),
        _ => None,
    });
    let parameters = parameters.expect("a task was scheduled");
    parameters.value()["MessageBody"]["TaskToken"]
        .as_str()
        .expect("the message carries its token")
        .to_owned()
}

fn success(token: &str, output: &str) -> TaskReport {
    let result = TaskResult::Success {
        output: output.to_owned(),
    };
    TaskReport {
        task_token: token.to_owned(),
        result,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_somebody_else_completed_gets_no_call() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let first = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let second = start(&engine, "SO-2", &order("high", "SO-2")).await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;

    let report = success(
        &token(&engine, &second.execution_arn).await,
        r#"{"StatusCode":1,"ResponseBody":2}"#,
    );
    engine
        .executions()
        .report_task(report.clone())
        .await
        .unwrap();
    assert_eq!(
        engine.executions().report_task(report).await,
        Err(Rejected::TaskTimedOut),
        "a second answer"
    );
    let second = ended(&engine, &second.execution_arn).await;
    assert_eq!(second.output.as_deref(), Some(r#"{"status":1,"body":2}"#));

    vendor.open_doors();
    ended(&engine, &first.execution_arn).await;
    until(async || (engine.calls().targets().await.unwrap()[0].waiting == [0, 0, 0]).then_some(()))
        .await;
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_unknown_or_altered_and_outputs_that_are_no_json_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let token = token(&engine, &started.execution_arn).await;
    let mut altered = token.clone();
    altered.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });

    let refused = async |token: &str, output: &str| {
        engine
            .executions()
            .report_task(success(token, output))
            .await
            .unwrap_err()
    };
    assert!(matches!(
        refused(&altered, "{}").await,
        Rejected::InvalidToken(_)
    ));
    assert!(matches!(
        refused("no token", "{}").await,
        Rejected::InvalidToken(_)
    ));
    assert!(matches!(
        refused(&token, "{").await,
        Rejected::InvalidOutput(_)
    ));
    let found = engine
        .executions()
        .describe_execution(&started.execution_arn)
        .await
        .unwrap();
    assert_eq!(found.summary.status, ExecutionStatus::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_is_stopped_while_its_call_waits_makes_no_call() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let first = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let second = start(&engine, "SO-2", &order("high", "SO-2")).await;
    let stop = StopExecution {
        execution_arn: second.execution_arn.clone(),
        error: Some("Cancelled".to_owned()),
        cause: None,
    };
    let stopped_at = engine
        .executions()
        .stop_execution(stop.clone())
        .await
        .unwrap();
    assert_eq!(
        engine.executions().stop_execution(stop).await,
        Ok(stopped_at),
        "a second stop changes nothing"
    );
    vendor.open_doors();
    ended(&engine, &first.execution_arn).await;
    until(async || (engine.calls().targets().await.unwrap()[0].waiting == [0, 0, 0]).then_some(()))
        .await;
    let second = ended(&engine, &second.execution_arn).await;
    assert_eq!(second.summary.status, ExecutionStatus::Aborted);
    assert_eq!(second.error.as_deref(), Some("Cancelled"));
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_waits_too_long_times_out_and_its_late_answer_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let definition = ONE_CALL.replace("\"TimeoutSeconds\": 600", "\"TimeoutSeconds\": 1");
    let engine = open(&config(directory.path(), &vendor, LIMITS, &definition));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let over = ended(&engine, &started.execution_arn).await;
    assert_eq!(over.error.as_deref(), Some("States.Timeout"));
    vendor.open_doors();
    until(async || (engine.calls().targets().await.unwrap()[0].in_flight == 0).then_some(())).await;
    assert_eq!(
        types(&engine, &started.execution_arn).await.last(),
        Some(&"ExecutionFailed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_call_is_under_way_or_waits_for_its_repeat_keeps_its_heartbeat() {
    let directory = tempfile::tempdir().unwrap();
    let first = std::sync::atomic::AtomicBool::new(true);
    let vendor = Vendor::start(move |_| {
        let failing = first.swap(false, std::sync::atomic::Ordering::SeqCst);
        Reply::json(if failing { 500 } else { 200 }, "{}").held()
    })
    .await;
    let beating = ONE_CALL.replace(
        "\"TimeoutSeconds\"",
        "\"HeartbeatSeconds\": 1, \"TimeoutSeconds\"",
    );
    let quick =
        format!("retry = {{ max_attempts = 3, initial = \"10ms\", max = \"1s\" }}\n{LIMITS}");
    let engine = open(&config(directory.path(), &vendor, &quick, &beating));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let store = rusqlite::Connection::open(directory.path().join("rampmeter.db")).unwrap();
    let due = || -> i64 {
        store
            .query_row("SELECT at FROM timer WHERE kind = 4", [], |row| row.get(0))
            .unwrap()
    };
    let set = due();
    until(async || (due() >= set + 2_000).then_some(())).await;
    vendor.open_doors();
    let over = ended(&engine, &started.execution_arn).await;
    assert_eq!(over.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_by_itself_also_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let definition =
        r#"{"StartAt":"Rest","States":{"Rest":{"Type":"Wait","Seconds":2,"End":true}}}"#;
    let config = config(directory.path(), &vendor, LIMITS, definition);
    let engine = open(&config);
    let started = start(&engine, "nap", "{}").await;
    engine.shut_down().await;
    drop(engine);
    let engine = open(&config);
    let over = ended(&engine, &started.execution_arn).await;
    assert_eq!(over.summary.status, ExecutionStatus::Succeeded);
    let lasted = over
        .summary
        .stop_date
        .unwrap()
        .millis_since(over.summary.start_date);
    assert!(lasted >= 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_message_is_not_called_before_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let sent = std::time::Instant::now();
    let message = SendMessage {
        queue_url: "erp-batch".to_owned(),
        body: r#"{"Method":"GET","Path":"/later"}"#.to_owned(),
        delay_seconds: Some(1),
        ..SendMessage::default()
    };
    engine.queues().send_message(message).await.unwrap();
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    assert!(sent.elapsed() >= std::time::Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_only_sends_messages_does_not_hold_the_writer() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let definition = r#"{"StartAt":"Send","States":{
        "Send":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","ResultPath":null,"Next":"Count",
            "Parameters":{"QueueUrl":"${ErpHigh}","MessageBody":{"Method":"GET","Path":"/ping"}}},
        "Count":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, 1)"},"Next":"Enough"},
        "Enough":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThanEquals":40,"Next":"Done"}],"Default":"Send"},
        "Done":{"Type":"Succeed"}}}"#;
    let engine = open(&config(directory.path(), &vendor, LIMITS, definition));
    let started = start(&engine, "loop", r#"{"n":0}"#).await;
    let over = ended(&engine, &started.execution_arn).await;
    assert_eq!(over.summary.status, ExecutionStatus::Succeeded);
    until(async || (vendor.seen().len() == 40).then_some(())).await;
    let store = rusqlite::Connection::open(directory.path().join("rampmeter.db")).unwrap();
    let steps: i64 = store
        .query_row("SELECT count(*) FROM step", [], |row| row.get(0))
        .unwrap();
    assert!(
        steps >= 5,
        "its 40 messages were sent in {steps} transactions"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_never_rests_yields_to_others_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let definition = r#"{"StartAt":"Count","States":{
        "Count":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, 1)"},"Next":"Enough"},
        "Enough":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThanEquals":500,"Next":"Done"}],"Default":"Count"},
        "Done":{"Type":"Succeed"}}}"#;
    let engine = open(&config(directory.path(), &vendor, LIMITS, definition));
    let started = start(&engine, "loop", r#"{"n":0}"#).await;
    let over = ended(&engine, &started.execution_arn).await;
    let output: Value = serde_json::from_str(&over.output.unwrap()).unwrap();
    assert_eq!(output["n"], 500);
    let events = history(&engine, &started.execution_arn).await;
    assert_eq!(events.len(), 1_000);
    assert!(
        events
            .iter()
            .zip(1..)
            .all(|(event, number)| event.id == number)
    );
}

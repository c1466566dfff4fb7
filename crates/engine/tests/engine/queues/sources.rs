//! Queues whose messages start executions: one each, named by its MessageId, deleted in the same commit.

use std::path::Path;

use crate::support::queues::{arn, counts, create, in_group, message, redrive, send};
use crate::support::{ended, history, open, until};
use rampmeter_asl::Detail;
use rampmeter_config::Config;
use rampmeter_engine::{Engine, ExecutionStatus, QueueError, Rejected};

const PASS: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;

const SLOW: &str = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}"#;

fn config_from(directory: &Path, source: &str, definition: &'static str) -> Config {
    let text = format!(
        "version = 1\n[server]\ndata_dir = {directory:?}\n\
         [workflows.order]\ndefinition = \"order.asl.json\"\nsource = \"{source}\"\n"
    );
    let parsed = Config::parse(&text, Path::new("rampmeter.toml"), &|_| None, &move |_| {
        Ok(definition.to_owned())
    });
    parsed.unwrap_or_else(|report| panic!("{report}"))
}

fn execution(message_id: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:execution:order:{message_id}")
}

/// Waits until an execution is known, and returns how it ended.
async fn ended_of(engine: &Engine, message_id: &str) -> ExecutionStatus {
    let name = execution(message_id);
    until(async || engine.executions().describe_execution(&name).await.ok()).await;
    ended(engine, &name).await.summary.status
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_starts_one_execution_named_by_its_message_id_and_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config_from(directory.path(), "orders", PASS));
    let mut sent = Vec::new();
    for number in 0..200 {
        let body = format!("{{\"order\":{number}}}");
        sent.push(
            engine
                .queues()
                .send_message(message("orders", &body))
                .await
                .unwrap(),
        );
    }
    for (number, one) in sent.iter().enumerate() {
        assert_eq!(
            ended_of(&engine, &one.message_id).await,
            ExecutionStatus::Succeeded
        );
        let events = history(&engine, &execution(&one.message_id)).await;
        let Detail::ExecutionStarted { input, .. } = &events[0].detail else {
            panic!("the first event is the start");
        };
        assert_eq!(input.value()["order"], number);
    }
    assert_eq!(counts(&engine, "orders").await, [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_there_before_is_drained_and_a_restart_starts_nothing_twice() {
    let directory = tempfile::tempdir().unwrap();
    let plain = config_from(directory.path(), "other", SLOW);
    let engine = open(&plain);
    create(&engine, "orders", &[]).await;
    let sent = engine
        .queues()
        .send_message(message("orders", "{}"))
        .await
        .unwrap();
    engine.shut_down().await;
    drop(engine);
    for _ in 0..2 {
        let engine = open(&config_from(directory.path(), "orders", SLOW));
        let name = execution(&sent.message_id);
        until(async || engine.executions().describe_execution(&name).await.ok()).await;
        assert_eq!(counts(&engine, "orders").await, [0, 0, 0]);
        let events = history(&engine, &name).await;
        let starts = events
            .iter()
            .filter(|event| event.type_name() == "ExecutionStarted");
        assert_eq!(starts.count(), 1);
        engine.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_no_json_goes_the_way_of_the_redrive_policy() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config_from(directory.path(), "orders", PASS));
    create(&engine, "dead", &[]).await;
    send(&engine, "orders", "not JSON").await;
    let kept = until(async || {
        let counts = counts(&engine, "orders").await;
        (counts[1] == 1).then_some(counts)
    });
    assert_eq!(kept.await, [0, 1, 0], "it is hidden and kept");
    let good = engine
        .queues()
        .send_message(message("orders", "{}"))
        .await
        .unwrap();
    assert_eq!(
        ended_of(&engine, &good.message_id).await,
        ExecutionStatus::Succeeded
    );

    let policy = crate::support::queues::names(&[
        ("RedrivePolicy", &redrive("dead", 1)),
        ("VisibilityTimeout", "0"),
    ]);
    engine
        .queues()
        .set_queue_attributes("orders", policy)
        .await
        .unwrap();
    send(&engine, "orders", "no JSON either").await;
    until(async || (counts(&engine, "dead").await[0] == 1).then_some(())).await;
    assert!(arn("dead").ends_with("dead"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_queue_starts_executions_in_the_order_of_its_groups() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config_from(directory.path(), "orders.fifo", PASS));
    let mut sent = Vec::new();
    for number in ["1", "2", "3"] {
        let message = in_group("orders.fifo", number, "g", number);
        sent.push(
            engine
                .queues()
                .send_message(message)
                .await
                .unwrap()
                .message_id,
        );
    }
    let mut starts = Vec::new();
    for message in &sent {
        assert_eq!(ended_of(&engine, message).await, ExecutionStatus::Succeeded);
        let found = engine
            .executions()
            .describe_execution(&execution(message))
            .await
            .unwrap();
        starts.push(found.summary.start_date);
    }
    assert!(starts.is_sorted(), "{starts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_queue_is_not_deleted_from_under_its_workflow() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config_from(directory.path(), "orders", PASS));
    match engine.queues().delete_queue("orders").await {
        Err(Rejected::Queue(QueueError::UnsupportedOperation(why))) => {
            assert!(why.contains("[workflows.order]"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

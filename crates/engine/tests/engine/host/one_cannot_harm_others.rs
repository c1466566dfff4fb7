//! What one workflow, one message or one damaged row must not do to everybody else.

use rampmeter_asl::Detail;
use rampmeter_engine::{
    ExecutionStatus, ListExecutions, OpenError, Rejected, SendMessage, StopExecution, TaskReport,
    TaskResult,
};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::support::{
    ONE_CALL, Reply, Vendor, config, ended, history, open, order, start, try_open, until, yes,
};

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 4\n";

fn store(directory: &std::path::Path) -> Connection {
    Connection::open(directory.join("rampmeter.db")).expect("the store can be opened")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_execution_input_is_known_in_the_very_transaction_that_starts_the_execution() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let definition = r#"{"StartAt":"Send","States":{
        "Send":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","ResultPath":null,"Next":"Show",
            "Parameters":{"QueueUrl":"${ErpHigh}","MessageBody":{"Method":"GET","Path":"/ping"}}},
        "Show":{"Type":"Pass","Parameters":{"given.$":"$$.Execution.Input.a"},"End":true}}}"#;
    let engine = open(&config(directory.path(), &vendor, LIMITS, definition));
    let started = start(&engine, "one", r#"{"a":7}"#).await;
    let over = ended(&engine, &started.execution_arn).await;
    assert_eq!(over.output.as_deref(), Some(r#"{"given":7}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn workflows_in_a_loop_shut_nobody_out() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let definition = r#"{"StartAt":"A","States":{
        "A":{"Type":"Pass","Next":"B"},
        "B":{"Type":"Choice","Default":"A","Choices":[{"Variable":"$.end","IsPresent":true,"Next":"C"}]},
        "C":{"Type":"Succeed"}}}"#;
    let engine = open(&config(directory.path(), &vendor, LIMITS, definition));
    let mut starts = JoinSet::new();
    for number in 0..600 {
        let engine = engine.clone();
        starts.spawn(async move {
            let started = start(&engine, &format!("loop-{number}"), "{}").await;
            started.execution_arn
        });
    }
    let arns = starts.join_all().await;
    let mut stops = JoinSet::new();
    for arn in &arns {
        let engine = engine.clone();
        let stop = StopExecution {
            execution_arn: arn.clone(),
            error: None,
            cause: None,
        };
        stops.spawn(async move { engine.executions().stop_execution(stop).await });
    }
    stops.join_all().await;
    let mut stopped = 0;
    for arn in &arns {
        let found = engine.executions().describe_execution(arn).await.unwrap();
        stopped += usize::from(found.summary.status == ExecutionStatus::Aborted);
    }
    // Each would end by itself after 25,000 events; all were stopped long before.
    assert_eq!(stopped, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_cannot_be_read_fails_alone() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let one = LIMITS.replace("concurrency = 4", "concurrency = 1");
    let mut config = config(directory.path(), &vendor, &one, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(10);
    let engine = open(&config);
    let busy = start(&engine, "busy", &order("high", "busy")).await;
    let damaged = start(&engine, "damaged", &order("high", "damaged")).await;
    let sound = start(&engine, "sound", &order("high", "sound")).await;
    engine.shut_down().await;
    drop(engine);
    // The call of the first was in flight and is taken up at once; the second waits in its lane.
    store(directory.path())
        .execute(
            "UPDATE step SET data = 'no longer JSON' WHERE execution IN (1, 2)",
            [],
        )
        .unwrap();

    let engine = open(&config);
    let failed = ListExecutions {
        status: Some(ExecutionStatus::Failed),
        ..ListExecutions::default()
    };
    let failed = engine.executions().list_executions(failed).await.unwrap();
    assert_eq!(failed.items[0].execution_arn, busy.execution_arn);
    let asked = engine.executions().waiting_at(&damaged.execution_arn).await;
    assert!(matches!(asked, Err(Rejected::Unreadable(_))), "{asked:?}");
    let stop = StopExecution {
        execution_arn: damaged.execution_arn.clone(),
        error: None,
        cause: None,
    };
    engine.executions().stop_execution(stop).await.unwrap();
    assert!(
        engine
            .executions()
            .waiting_at(&sound.execution_arn)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        engine
            .executions()
            .waiting_at(&damaged.execution_arn)
            .await
            .unwrap()
            .map(|at| at.state),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_a_wide_window_alone_does_not_use_up_the_sockets() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let wide = "[[targets.erp.limits]]\nname = \"hour\"\ncalls = 100000\nper = \"1h\"\n";
    let engine = open(&config(directory.path(), &vendor, wide, ONE_CALL));
    for number in 0..400 {
        let message = SendMessage {
            queue_url: "erp-batch".to_owned(),
            body: format!(r#"{{"Method":"GET","Path":"/{number}"}}"#),
            delay_seconds: None,
            ..SendMessage::default()
        };
        engine.queues().send_message(message).await.unwrap();
    }
    until(async || (vendor.seen().len() == 256).then_some(())).await;
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.in_flight, state.waiting), (256, [0, 0, 144]));
    vendor.open_doors();
    until(async || (vendor.seen().len() == 400).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_do_not_make_the_store_grow() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let beating = ONE_CALL.replace(
        "\"TimeoutSeconds\"",
        "\"HeartbeatSeconds\": 60, \"TimeoutSeconds\"",
    );
    let engine = open(&config(directory.path(), &vendor, LIMITS, &beating));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let events = history(&engine, &started.execution_arn).await;
    let task_token = events.iter().find_map(|event| match &event.detail {
        Detail::TaskScheduled { parameters, .. } => Some(
            parameters.value()["MessageBody"]["TaskToken"]
                .as_str()?
                .to_owned(),
        ),
        _ => None,
    });
    let task_token = task_token.unwrap();
    for _ in 0..50 {
        let beat = TaskReport {
            task_token: task_token.clone(),
            result: TaskResult::Heartbeat,
        };
        engine.executions().report_task(beat).await.unwrap();
    }
    let steps: i64 = store(directory.path())
        .query_row("SELECT count(*) FROM step", [], |row| row.get(0))
        .unwrap();
    let timers: i64 = store(directory.path())
        .query_row("SELECT count(*) FROM timer", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        (steps, timers),
        (1, 2),
        "one step; one time-out and one heartbeat"
    );
    vendor.open_doors();
    let over = ended(&engine, &started.execution_arn).await;
    assert_eq!(over.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(vendor.seen()[0].body, r#"{"order":"SO-1"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_not_opened_for_another_account_or_region() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let mut config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    open(&config).shut_down().await;
    config.server.region = "eu-west-1".to_owned();
    let refused = try_open(&config).unwrap_err();
    assert!(matches!(refused, OpenError::OtherPlace { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_shut_down_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    ended(&engine, &started.execution_arn).await;
    engine.shut_down().await;
    let log = directory.path().join("rampmeter.db-wal");
    assert!(std::fs::metadata(log).map_or(0, |log| log.len()) == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_in_flight_at_every_crash_is_given_up_at_last() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let mut config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(50);
    let engine = open(&config);
    let first = start(&engine, "SO-1", &order("high", "SO-1")).await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    engine.shut_down().await;
    drop(engine);
    // Nine crashes before the one that is about to be found.
    let changed = store(directory.path()).execute("UPDATE message SET crashes = 9", []);
    assert_eq!(changed.unwrap(), 1);

    let engine = open(&config);
    let given_up = ended(&engine, &first.execution_arn).await;
    assert_eq!(given_up.error.as_deref(), Some("Rampmeter.Undeliverable"));
    assert!(given_up.cause.unwrap().contains("ended 10 times"));
    let letters: i64 = store(directory.path())
        .query_row("SELECT count(*) FROM dead_letter", [], |row| row.get(0))
        .unwrap();
    assert_eq!(letters, 1, "it is the record of the failed task");
    assert_eq!(vendor.seen().len(), 1, "it is not called again");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_for_a_target_that_was_removed_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    let engine = open(&config);
    for number in 0..6 {
        let name = format!("SO-{number}");
        start(&engine, &name, &order("batch", &name)).await;
    }
    assert_eq!(
        engine
            .calls()
            .absent_targets(vec!["erp".to_owned()])
            .await
            .unwrap(),
        []
    );
    until(async || (vendor.seen().len() == 4).then_some(())).await;
    engine.shut_down().await;
    drop(engine);

    let mut without = config.clone();
    without.targets.clear();
    let engine = open(&without);
    let absent = engine.calls().absent_targets(Vec::new()).await.unwrap();
    assert_eq!((absent.len(), absent[0].name.as_str()), (1, "erp"));
    assert_eq!(
        absent[0].messages, 2,
        "those in flight have their permits still"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_of_a_call_are_checked_and_ask_nothing_of_its_worker() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let attributes = |text: &str| {
        let value = rampmeter_engine::AttributeValue::Text(text.to_owned());
        let attribute = rampmeter_engine::MessageAttribute {
            data_type: "String".to_owned(),
            value,
        };
        [("_datadog".to_owned(), attribute)].into_iter().collect()
    };
    let send = async |text: &str| {
        let message = SendMessage {
            queue_url: "erp-high".to_owned(),
            body: r#"{"Method":"GET","Path":"/ping"}"#.to_owned(),
            attributes: attributes(text),
            ..SendMessage::default()
        };
        engine.queues().send_message(message).await
    };
    assert!(send("trace").await.unwrap().md5_of_attributes.is_some());
    assert!(matches!(
        send("\u{1}").await,
        Err(Rejected::InvalidParameter(_))
    ));
    until(async || (vendor.seen().len() == 1).then_some(())).await;
}

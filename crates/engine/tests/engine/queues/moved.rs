//! Message move tasks, and the queues of targets: whose they are, and what a workflow may send where.

use crate::support::queues::{
    arn, bodies, create, engine, engine_with, glance, receive, receiving, redrive, send,
};
use crate::support::{ended, order, start};
use rampmeter_engine::{
    DeleteMessage, Engine, ExecutionStatus, MoveTask, MoveTaskStatus, QueueError, Rejected,
    StartMessageMoveTask, TaskReport, TaskResult,
};

/// Makes `orders` with the dead-letter queue `dead`, and so many messages that end there.
async fn with_dead_letters(engine: &Engine, messages: usize) {
    create(engine, "dead", &[]).await;
    create(engine, "orders", &[("RedrivePolicy", &redrive("dead", 1))]).await;
    for number in 0..messages {
        send(engine, "orders", &number.to_string()).await;
    }
    while glance(engine, "orders").await.is_some() {}
}

fn from_dead() -> StartMessageMoveTask {
    StartMessageMoveTask {
        source_arn: arn("dead"),
        ..StartMessageMoveTask::default()
    }
}

async fn newest_task(engine: &Engine) -> MoveTask {
    let mut tasks = engine
        .queues()
        .list_message_move_tasks(&arn("dead"), None)
        .await
        .expect("the source is there");
    tasks.pop().expect("there is a task")
}

/// The newest task once it has ended.
async fn ended_task(engine: &Engine) -> MoveTask {
    crate::support::until(async || {
        let task = newest_task(engine).await;
        (task.status != MoveTaskStatus::Running).then_some(task)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_go_back_to_where_they_came_from() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    with_dead_letters(&engine, 300).await;
    engine
        .queues()
        .start_message_move_task(from_dead())
        .await
        .unwrap();
    let task = ended_task(&engine).await;
    assert_eq!(task.status, MoveTaskStatus::Completed);
    assert_eq!(
        (task.moved, task.to_move, task.task_handle),
        (300, 300, None)
    );
    assert!(receive(&engine, "dead", 1).await.is_empty());
    let back = receive(&engine, "orders", 1).await.pop().unwrap();
    assert_eq!(back.body, "0");
    let system = &back.system_attributes;
    assert_eq!(
        system["ApproximateReceiveCount"], "1",
        "it is a new message"
    );
    assert!(!system.contains_key("DeadLetterQueueSourceArn"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_keeps_to_its_rate_goes_on_after_a_restart_and_can_be_cancelled() {
    let directory = tempfile::tempdir().unwrap();
    let before = engine(directory.path()).await;
    with_dead_letters(&before, 3).await;
    create(&before, "other", &[]).await;
    let slowly = StartMessageMoveTask {
        destination_arn: Some(arn("other")),
        max_messages_per_second: Some(1),
        ..from_dead()
    };
    let handle = before
        .queues()
        .start_message_move_task(slowly.clone())
        .await
        .unwrap();
    assert_eq!(
        newest_task(&before).await.task_handle.as_ref(),
        Some(&handle)
    );
    let again = before.queues().start_message_move_task(slowly).await;
    assert!(
        matches!(again, Err(Rejected::InvalidParameter(_))),
        "one task at a time"
    );
    before.shut_down().await;
    drop(before);

    let after = engine(directory.path()).await;
    crate::support::until(async || (newest_task(&after).await.moved >= 2).then_some(())).await;
    let moved = after
        .queues()
        .cancel_message_move_task(&handle)
        .await
        .unwrap();
    assert_eq!(newest_task(&after).await.status, MoveTaskStatus::Cancelled);
    let arrived = receive(&after, "other", 10).await;
    assert_eq!(i64::try_from(arrived.len()).unwrap(), moved);
    let ended = after.queues().cancel_message_move_task(&handle).await;
    assert!(matches!(
        ended,
        Err(Rejected::Queue(QueueError::ResourceNotFound(_)))
    ));
    let forged = after.queues().cancel_message_move_task("forged").await;
    assert!(matches!(forged, Err(Rejected::InvalidParameter(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_fails_when_nobody_knows_where_a_message_came_from() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    with_dead_letters(&engine, 0).await;
    send(&engine, "dead", "sent here by hand").await;
    engine
        .queues()
        .start_message_move_task(from_dead())
        .await
        .unwrap();
    let task = ended_task(&engine).await;
    assert_eq!(task.status, MoveTaskStatus::Failed);
    assert_eq!(
        task.failure_reason.as_deref(),
        Some("CouldNotDetermineMessageSource")
    );
    assert_eq!(
        bodies(&receive(&engine, "dead", 1).await),
        ["sent here by hand"]
    );

    let no_dead_letters = StartMessageMoveTask {
        source_arn: arn("orders"),
        ..StartMessageMoveTask::default()
    };
    let refused = engine
        .queues()
        .start_message_move_task(no_dead_letters)
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Source queue must be configured as a Dead Letter Queue."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_embedded_worker_takes_or_removes_the_messages_of_a_target() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    let handle = DeleteMessage {
        receipt_handle: "x".to_owned(),
    };
    for queue in ["erp-high", "erp-medium", "erp-batch", "erp-dead"] {
        for refused in [
            engine
                .queues()
                .receive_message(receiving(queue, 1))
                .await
                .err(),
            engine
                .queues()
                .delete_message(queue, handle.clone())
                .await
                .err(),
            engine.queues().purge_queue(queue).await.err(),
            engine.queues().delete_queue(queue).await.err(),
        ] {
            let Some(Rejected::Queue(QueueError::UnsupportedOperation(text))) = refused else {
                panic!("{queue}: {refused:?}");
            };
            assert!(text.contains("[targets.erp]"), "{text}");
        }
        assert_eq!(
            engine.queues().find_queue(queue).await.as_deref(),
            Ok(queue)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_of_an_external_worker_are_plain_and_its_report_resumes_the_workflow() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine_with(directory.path(), "worker = \"external\"").await;
    let arn = start(&engine, "one", &order("high", "SO-1"))
        .await
        .execution_arn;
    let call = receive(&engine, "erp-high", 1).await.pop().unwrap();
    let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body["Path"], "/orders/SO-1");
    let report = TaskReport {
        task_token: body["TaskToken"].as_str().unwrap().to_owned(),
        result: TaskResult::Success {
            output: r#"{"StatusCode":200,"ResponseBody":{}}"#.to_owned(),
        },
    };
    engine.executions().report_task(report).await.unwrap();
    let execution = ended(&engine, &arn).await;
    assert_eq!(execution.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(
        engine.calls().targets().await.unwrap()[0].waiting,
        [0, 0, 0],
        "nothing waits for the gate"
    );
    let removed = engine.queues().delete_queue("erp-high").await;
    assert!(matches!(
        removed,
        Err(Rejected::Queue(QueueError::UnsupportedOperation(_)))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_external_worker_left_is_called_by_the_embedded_one_and_resumes_its_workflow() {
    let directory = tempfile::tempdir().unwrap();
    let before = engine_with(directory.path(), "worker = \"external\"").await;
    let arn = start(&before, "one", &order("high", "SO-1"))
        .await
        .execution_arn;
    assert!(glance(&before, "erp-high").await.is_some());
    before.shut_down().await;
    drop(before);

    let after = engine(directory.path()).await;
    let execution = ended(&after, &arn).await;
    assert_eq!(execution.summary.status, ExecutionStatus::Succeeded);
}

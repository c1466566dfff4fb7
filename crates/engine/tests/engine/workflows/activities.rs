//! Activities: workers that ask for tasks, tasks that outlive the process, and what becomes of both.

use std::collections::BTreeMap;

use crate::support::{config, ended, open, start, types, until, yes};
use rampmeter_engine::{
    ActivityTask, CreateActivity, Engine, ExecutionStatus, GetActivityTask, Rejected,
    StopExecution, TaskReport, TaskResult,
};

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";
const PACK: &str = "arn:aws:states:us-east-1:000000000000:activity:pack";
const DEFINITION: &str = r#"{
  "StartAt": "Pack",
  "States": {
    "Pack": {
      "Type": "Task",
      "Resource": "arn:aws:states:us-east-1:000000000000:activity:pack",
      "End": true
    }
  }
}"#;

async fn create(engine: &Engine) {
    let create = CreateActivity {
        name: "pack".to_owned(),
        encryption: None,
        tags: BTreeMap::new(),
    };
    let created = engine
        .activities()
        .create_activity(create.clone())
        .await
        .expect("it is made");
    assert_eq!(created.arn, PACK);
    let again = engine
        .activities()
        .create_activity(create)
        .await
        .expect("it is the same");
    assert_eq!(again.creation_date, created.creation_date);
}

fn poll() -> GetActivityTask {
    GetActivityTask {
        activity_arn: PACK.to_owned(),
        worker_name: Some("packer".to_owned()),
    }
}

/// Takes a task that is already there.
async fn take(engine: &Engine) -> ActivityTask {
    let taken = engine
        .activities()
        .get_activity_task(poll())
        .await
        .expect("there is the activity");
    taken.expect("a task waits")
}

async fn succeed(engine: &Engine, task: &ActivityTask) {
    engine
        .executions()
        .report_task(TaskReport {
            task_token: task.task_token.clone(),
            result: TaskResult::Success {
                output: task.input.clone(),
            },
        })
        .await
        .expect("the task waits for its result");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_wait_for_workers_across_a_restart_and_are_taken_oldest_first() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path(), &*yes().await, LIMITS, DEFINITION);
    let engine = open(&config);
    create(&engine).await;
    let first = start(&engine, "SO-1", "1").await;
    let second = start(&engine, "SO-2", "2").await;
    engine.shut_down().await;

    let engine = open(&config);
    let one = take(&engine).await;
    let two = take(&engine).await;
    assert_eq!((one.input.as_str(), two.input.as_str()), ("1", "2"));
    succeed(&engine, &two).await;
    succeed(&engine, &one).await;
    for started in [first, second] {
        let found = ended(&engine, &started.execution_arn).await;
        assert_eq!(found.summary.status, ExecutionStatus::Succeeded);
        assert_eq!(
            types(&engine, &started.execution_arn).await[2..5],
            ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_is_given_the_next_task() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config(directory.path(), &*yes().await, LIMITS, DEFINITION));
    create(&engine).await;
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { engine.activities().get_activity_task(poll()).await }
    });
    let started = start(&engine, "SO-1", "1").await;
    let task = waiting.await.unwrap().unwrap().expect("a task came");
    succeed(&engine, &task).await;
    ended(&engine, &started.execution_arn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_task_of_an_execution_that_was_stopped_is_given_to_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config(directory.path(), &*yes().await, LIMITS, DEFINITION));
    create(&engine).await;
    let stopped = start(&engine, "SO-1", "1").await;
    let stop = StopExecution {
        execution_arn: stopped.execution_arn.clone(),
        error: None,
        cause: None,
    };
    engine.executions().stop_execution(stop).await.unwrap();
    start(&engine, "SO-2", "2").await;
    assert_eq!(take(&engine).await.input, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_an_activity_that_is_deleted_are_told_so() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config(directory.path(), &*yes().await, LIMITS, DEFINITION));
    create(&engine).await;
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { engine.activities().get_activity_task(poll()).await }
    });
    until(async || {
        engine.activities().delete_activity(PACK).await.unwrap();
        let told = waiting.is_finished();
        if !told {
            // The worker may not have asked yet.
            create(&engine).await;
        }
        told.then_some(())
    })
    .await;
    let gone = Rejected::ActivityDoesNotExist(PACK.to_owned());
    assert_eq!(waiting.await.unwrap(), Err(gone.clone()));
    assert_eq!(
        engine
            .activities()
            .describe_activity(PACK)
            .await
            .unwrap_err(),
        gone
    );
    let started = start(&engine, "SO-1", "1").await;
    let found = ended(&engine, &started.execution_arn).await;
    assert_eq!(found.error.as_deref(), Some("States.Runtime"));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_wait_do_not_keep_the_engine_from_stopping() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(&config(directory.path(), &*yes().await, LIMITS, DEFINITION));
    create(&engine).await;
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { engine.activities().get_activity_task(poll()).await }
    });
    engine.shut_down().await;
    assert!(matches!(
        waiting.await.unwrap(),
        Ok(None) | Err(Rejected::Stopped(_))
    ));
}

//! RedriveExecution: what failed goes on, what succeeded is kept.

use crate::support::machines::{create, single, start, waits_on};
use crate::support::queues::{create as create_queue, engine as open_engine, receive};
use crate::support::{ended, history, types, until};
use rampmeter_asl::Detail;
use rampmeter_engine::{
    Engine, ExecutionStatus, ListExecutions, RedriveExecution, Rejected, StopExecution, TaskReport,
    TaskResult,
};
use rampmeter_time::UnixMillis;
use serde_json::{Value, json};

fn task(item: &Value) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": "work",
            "MessageBody": { "TaskToken.$": "$$.Task.Token", "item.$": item },
        },
        "TimeoutSeconds": 600,
        "End": true,
    })
}

/// The next message on `work`: its item and its task token.
async fn next(engine: &Engine) -> (Value, String) {
    let message = until(async || receive(engine, "work", 1).await.pop()).await;
    let body: Value = serde_json::from_str(&message.body).expect("it is JSON");
    let token = body["TaskToken"].as_str().expect("it carries its token");
    (body["item"].clone(), token.to_owned())
}

async fn done(engine: &Engine, token: &str, output: &str) -> Result<(), Rejected> {
    let (task_token, output) = (token.to_owned(), output.to_owned());
    let result = TaskResult::Success { output };
    engine
        .executions()
        .report_task(TaskReport { task_token, result })
        .await
}

async fn fail(engine: &Engine, token: &str) {
    let report = TaskReport {
        task_token: token.to_owned(),
        result: TaskResult::Failure {
            error: Some("Broken".to_owned()),
            cause: None,
        },
    };
    engine
        .executions()
        .report_task(report)
        .await
        .expect("the task waits");
}

async fn redrive(engine: &Engine, arn: &str, token: Option<&str>) -> Result<UnixMillis, Rejected> {
    let request = RedriveExecution {
        execution_arn: arn.to_owned(),
        client_token: token.map(str::to_owned),
        bulk: None,
    };
    engine.executions().redrive_execution(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_iterations_that_did_not_succeed_run_again_also_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let inner = json!({ "StartAt": "Each", "States": { "Each": task(&json!("$")) } });
    let map = json!({ "Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 3, "End": true });
    let branch = json!({ "StartAt": "Items", "States": { "Items": map } });
    let quick = json!({ "StartAt": "Quick", "States": { "Quick": { "Type": "Pass", "Result": "quick", "End": true } } });
    let parallel = json!({ "Type": "Parallel", "Branches": [branch, quick], "End": true });
    let machine = create(&engine, "tree", &single(parallel)).await;
    let arn = start(&engine, &machine, "t", &json!([0, 1, 2, 3])).await;
    let mut tokens = vec![String::new(); 3];
    for _ in 0..3 {
        let (item, token) = next(&engine).await;
        tokens[usize::try_from(item.as_u64().unwrap()).unwrap()] = token;
    }
    done(&engine, &tokens[1], "11").await.unwrap();
    let (item, _) = next(&engine).await;
    assert_eq!(item, 3);
    fail(&engine, &tokens[0]).await;
    let over = ended(&engine, &arn).await;
    assert_eq!(over.error.as_deref(), Some("Broken"));
    assert_eq!(over.summary.not_redrivable, None);
    engine.shut_down().await;
    drop(engine);

    let engine = open_engine(directory.path()).await;
    let first = redrive(&engine, &arn, Some("once")).await.unwrap();
    assert_eq!(redrive(&engine, &arn, Some("once")).await, Ok(first));
    assert!(
        done(&engine, &tokens[2], "0").await.is_err(),
        "an old token"
    );
    let mut again = Vec::new();
    for _ in 0..3 {
        let (item, token) = next(&engine).await;
        done(&engine, &token, &format!("1{item}")).await.unwrap();
        again.push(item.as_u64().unwrap());
    }
    again.sort_unstable();
    assert_eq!(again, [0, 2, 3]);
    let over = ended(&engine, &arn).await;
    assert_eq!(over.output.as_deref(), Some(r#"[[10,11,12,13],"quick"]"#));
    assert_eq!(over.summary.redrive_count, 1);
    let types = types(&engine, &arn).await;
    let count = |name: &str| types.iter().filter(|seen| **seen == name).count();
    assert_eq!(count("PassStateEntered"), 1);
    assert_eq!(count("ExecutionRedriven"), 1);
    assert_eq!(count("TaskScheduled"), 7);
    let store = rusqlite::Connection::open(directory.path().join("rampmeter.db")).unwrap();
    let left = "SELECT (SELECT count(*) FROM frame) + (SELECT count(*) FROM fork)";
    until(async || {
        let left: i64 = store.query_row(left, [], |row| row.get(0)).unwrap();
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_was_stopped_is_scheduled_again_with_a_token_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let machine = create(&engine, "one", &waits_on("work")).await;
    let arn = start(&engine, &machine, "o", &json!({})).await;
    let (_, old) = next(&engine).await;
    let refused = redrive(&engine, &arn, None).await;
    let running = "Execution is RUNNING and cannot be redriven".to_owned();
    assert_eq!(refused, Err(Rejected::ExecutionNotRedrivable(running)));
    let stop = StopExecution {
        execution_arn: arn.clone(),
        error: None,
        cause: None,
    };
    engine.executions().stop_execution(stop).await.unwrap();
    redrive(&engine, &arn, None).await.unwrap();
    let (_, new) = next(&engine).await;
    assert_eq!(done(&engine, &old, "1").await, Err(Rejected::TaskTimedOut));
    done(&engine, &new, "2").await.unwrap();
    let over = ended(&engine, &arn).await;
    assert_eq!(over.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(over.output.as_deref(), Some("2"));
    let events = history(&engine, &arn).await;
    let redriven = events
        .iter()
        .find(|event| matches!(event.detail, Detail::ExecutionRedriven { redrive_count: 1 }));
    let redriven = redriven.expect("it says so").id;
    let entered = events
        .iter()
        .filter(|event| event.type_name() == "TaskStateEntered");
    assert_eq!(entered.count(), 1, "the state is not entered twice");
    assert_eq!(
        events[usize::try_from(redriven).unwrap()].type_name(),
        "TaskScheduled"
    );
    let refused = redrive(&engine, &arn, None).await;
    assert!(matches!(refused, Err(Rejected::ExecutionNotRedrivable(_))));
    for (redriven, count) in [(None, 1), (Some(true), 1), (Some(false), 0)] {
        let list = ListExecutions {
            state_machine_arn: Some(machine.clone()),
            redriven,
            ..ListExecutions::default()
        };
        let listed = engine
            .executions()
            .list_executions(list)
            .await
            .unwrap()
            .items;
        assert_eq!(listed.len(), count, "{redriven:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_iterations_wait_can_be_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let inner = json!({ "StartAt": "Each", "States": { "Each": task(&json!("$")) } });
    let map = json!({ "Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 2, "End": true });
    let machine = create(&engine, "map", &single(map)).await;
    let arn = start(&engine, &machine, "m", &json!([0, 1, 2])).await;
    for _ in 0..2 {
        next(&engine).await;
    }
    let stop = StopExecution {
        execution_arn: arn.clone(),
        error: None,
        cause: None,
    };
    engine.executions().stop_execution(stop).await.unwrap();
    redrive(&engine, &arn, None).await.unwrap();
    for _ in 0..3 {
        let (item, token) = next(&engine).await;
        done(&engine, &token, &item.to_string()).await.unwrap();
    }
    let over = ended(&engine, &arn).await;
    assert_eq!(over.output.as_deref(), Some("[0,1,2]"));
}

//! Distributed Map states: child executions of their own, counted by a map run that can be described and updated.

use crate::support::machines::{create, single, start};
use crate::support::queues::{create as create_queue, engine as open_engine, receive};
use crate::support::{ended, types, until};
use rampmeter_engine::{
    Engine, ExecutionStatus, ExecutionSummary, ListExecutions, ListMapRuns, MapRunDescription,
    Rejected, StopExecution, TaskReport, TaskResult, UpdateMapRun,
};
use serde_json::{Value, json};

fn distributed(state: &Value, fields: Value) -> Value {
    let mut map = json!({
        "Type": "Map",
        "Label": "Each",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "One",
            "States": { "One": state },
        },
        "End": true,
    });
    if let (Value::Object(map), Value::Object(fields)) = (&mut map, fields) {
        map.extend(fields);
    }
    single(map)
}

fn task() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": { "QueueUrl": "work", "MessageBody": { "TaskToken.$": "$$.Task.Token" } },
        "End": true,
    })
}

async fn token(engine: &Engine) -> String {
    let message = until(async || receive(engine, "work", 1).await.pop()).await;
    let body: Value = serde_json::from_str(&message.body).expect("it is JSON");
    body["TaskToken"].as_str().expect("it is there").to_owned()
}

async fn report(engine: &Engine, task_token: String, result: TaskResult) -> Result<(), Rejected> {
    engine
        .executions()
        .report_task(TaskReport { task_token, result })
        .await
}

async fn run_of(engine: &Engine, execution: &str) -> MapRunDescription {
    let list = ListMapRuns {
        execution_arn: execution.to_owned(),
        max_results: None,
        next_token: None,
    };
    let mut page = engine
        .executions()
        .list_map_runs(list)
        .await
        .expect("it is listed");
    assert_eq!(page.items.len(), 1);
    let listed = page.items.remove(0);
    let described = engine
        .executions()
        .describe_map_run(&listed.map_run_arn)
        .await;
    described.expect("it is described")
}

async fn children(engine: &Engine, run: &MapRunDescription) -> Vec<ExecutionSummary> {
    let list = ListExecutions {
        map_run_arn: Some(run.map_run_arn.clone()),
        ..ListExecutions::default()
    };
    engine
        .executions()
        .list_executions(list)
        .await
        .expect("they are listed")
        .items
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_is_an_execution_of_its_own_and_the_results_keep_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let state = json!({ "Type": "Pass", "Parameters": { "n.$": "$.n", "of.$": "$$.Execution.Id" }, "End": true });
    let fields = json!({ "ItemSelector": { "n.$": "$$.Map.Item.Value" }, "ResultSelector": { "all.$": "$[*].n" } });
    let machine = create(&engine, "map", &distributed(&state, fields)).await;
    let items: Vec<u32> = (0..300).collect();
    let arn = start(&engine, &machine, "m", &json!(items)).await;
    let over = ended(&engine, &arn).await;
    let output: Value = serde_json::from_str(&over.output.expect("it succeeded")).unwrap();
    assert_eq!(output, json!({ "all": items }));
    let run = run_of(&engine, &arn).await;
    assert_eq!(run.status, ExecutionStatus::Succeeded);
    assert_eq!((run.items.total, run.items.succeeded), (300, 300));
    assert_eq!((run.executions.pending, run.executions.running), (0, 0));
    let children = children(&engine, &run).await;
    assert_eq!(children.len(), 100, "one page");
    let child = engine
        .executions()
        .describe_execution(&children[0].execution_arn)
        .await
        .unwrap();
    assert!(children[0].execution_arn.contains(":execution:map/Each:"));
    let told: Value = serde_json::from_str(&child.output.expect("it succeeded")).unwrap();
    assert_eq!(told, json!({ "n": 299, "of": children[0].execution_arn }));
    let types = types(&engine, &arn).await;
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapRunStarted",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded",
        ]
    );
    let all = ListExecutions {
        state_machine_arn: Some(machine),
        ..ListExecutions::default()
    };
    let listed = engine
        .executions()
        .list_executions(all)
        .await
        .unwrap()
        .items;
    assert_eq!(listed.len(), 1, "children are listed by their map run only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_too_many_stops_the_other_children() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let fields = json!({ "ToleratedFailureCount": 1 });
    let machine = create(&engine, "map", &distributed(&task(), fields)).await;
    let arn = start(&engine, &machine, "m", &json!([1, 2, 3, 4])).await;
    for _ in 0..2 {
        let failure = TaskResult::Failure {
            error: Some("Broken".to_owned()),
            cause: None,
        };
        report(&engine, token(&engine).await, failure)
            .await
            .unwrap();
    }
    let over = ended(&engine, &arn).await;
    let threshold = "States.ExceedToleratedFailureThreshold";
    assert_eq!(over.error.as_deref(), Some(threshold));
    let run = run_of(&engine, &arn).await;
    assert_eq!(run.status, ExecutionStatus::Failed);
    assert_eq!((run.executions.failed, run.executions.aborted), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn children_go_on_after_a_restart_and_a_stop_of_the_parent_stops_them() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let fields = json!({ "ItemBatcher": { "MaxItemsPerBatch": 2, "BatchInput": { "b": 1 } }, "MaxConcurrency": 1 });
    let machine = create(&engine, "map", &distributed(&task(), fields)).await;
    let arn = start(&engine, &machine, "m", &json!([1, 2, 3])).await;
    let first = token(&engine).await;
    engine.shut_down().await;
    drop(engine);

    let engine = open_engine(directory.path()).await;
    let run = run_of(&engine, &arn).await;
    assert_eq!(
        (run.items.total, run.items.running, run.items.pending),
        (3, 2, 1)
    );
    let child = children(&engine, &run).await.remove(0);
    let child = engine
        .executions()
        .describe_execution(&child.execution_arn)
        .await
        .unwrap();
    let input: Value = serde_json::from_str(&child.input).unwrap();
    assert_eq!(input, json!({ "BatchInput": { "b": 1 }, "Items": [1, 2] }));
    let output = "1".to_owned();
    report(&engine, first, TaskResult::Success { output })
        .await
        .unwrap();
    let second = token(&engine).await;
    let stop = StopExecution {
        execution_arn: arn.clone(),
        error: None,
        cause: None,
    };
    engine.executions().stop_execution(stop).await.unwrap();
    until(async || (run_of(&engine, &arn).await.executions.aborted == 1).then_some(())).await;
    let run = run_of(&engine, &arn).await;
    assert_eq!(run.status, ExecutionStatus::Aborted);
    let output = "2".to_owned();
    let late = report(&engine, second, TaskResult::Success { output }).await;
    assert_eq!(late, Err(Rejected::TaskTimedOut));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_run_that_is_given_more_room_starts_more_children_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let fields = json!({ "MaxConcurrency": 1 });
    let machine = create(&engine, "map", &distributed(&task(), fields)).await;
    let arn = start(&engine, &machine, "m", &json!([1, 2, 3])).await;
    let mut tokens = vec![token(&engine).await];
    let run = run_of(&engine, &arn).await;
    assert_eq!(run.executions.running, 1);
    let update = UpdateMapRun {
        map_run_arn: run.map_run_arn.clone(),
        max_concurrency: Some(3),
        tolerated_failure_count: None,
        tolerated_failure_percentage: None,
    };
    engine.executions().update_map_run(update).await.unwrap();
    tokens.push(token(&engine).await);
    tokens.push(token(&engine).await);
    for token in tokens {
        let output = "0".to_owned();
        report(&engine, token, TaskResult::Success { output })
            .await
            .unwrap();
    }
    assert_eq!(
        ended(&engine, &arn).await.output.as_deref(),
        Some("[0,0,0]")
    );
    let absent = run.map_run_arn.replace("/Each:", "/Other:");
    let found = engine.executions().describe_map_run(&absent).await;
    assert!(matches!(found, Err(Rejected::ResourceNotFound(_))));
}

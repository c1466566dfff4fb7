//! Expressions that take more work than the writer may do: they are evaluated beside it, with the same result.

use std::sync::Arc;

use crate::support::machines::{create, single, start};
use crate::support::queues::{create as create_queue, engine as open_engine, receive};
use crate::support::{ended, types, until};
use rampmeter_engine::{
    Engine, ExecutionStatus, RedriveExecution, SendMessage, StopExecution, TaskReport, TaskResult,
};
use serde_json::{Value, json};

/// More than the writer may do, yet done in a moment.
const HEAVY: &str = "{% $sum($map([1..2000], function($n) { $n % 7 })) %}";
const HEAVY_IS: i64 = 6_000;

/// Never ends within a state's bounds, and takes long to reach them.
const ENDLESS: &str = "{% ($f := function($n) { $f($n + 1) }; $f(0)) %}";

fn pass(output: &str) -> Value {
    let state = json!({ "Type": "Pass", "Output": { "is": output }, "End": true });
    let mut machine = single(state);
    machine["QueryLanguage"] = json!("JSONata");
    machine
}

/// A task that is answered by its token; what it assigns, sends and outputs is heavy to evaluate.
fn task(output: &str) -> Value {
    json!({
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {
            "QueueUrl": "work",
            "MessageBody": { "TaskToken": "{% $states.context.Task.Token %}", "is": HEAVY },
        },
        "Output": { "is": output, "result": "{% $states.result %}" },
        "End": true,
    })
}

async fn token(engine: &Engine) -> (String, Value) {
    let message = until(async || receive(engine, "work", 1).await.pop()).await;
    let body: Value = serde_json::from_str(&message.body).expect("it is JSON");
    let token = body["TaskToken"].as_str().expect("it carries its token");
    (token.to_owned(), body["is"].clone())
}

async fn report(engine: &Engine, task_token: String, output: &str) {
    let result = TaskResult::Success {
        output: output.to_owned(),
    };
    let report = TaskReport { task_token, result };
    let told = engine.executions().report_task(report).await;
    told.expect("the task waits");
}

async fn stop(engine: &Engine, arn: &str) {
    let stop = StopExecution {
        execution_arn: arn.to_owned(),
        error: None,
        cause: None,
    };
    let stopped = engine.executions().stop_execution(stop).await;
    stopped.expect("the execution is known");
}

async fn status(engine: &Engine, arn: &str) -> ExecutionStatus {
    let described = engine.executions().describe_execution(arn).await;
    described.expect("it is known").summary.status
}

async fn output(engine: &Engine, arn: &str) -> Value {
    let ended = ended(engine, arn).await;
    assert_eq!(
        ended.summary.status,
        ExecutionStatus::Succeeded,
        "{ended:?}"
    );
    serde_json::from_str(&ended.output.expect("it has an output")).expect("it is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heavy_expression_comes_to_what_a_light_one_does() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let machine = create(&engine, "heavy", &pass(HEAVY)).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    assert_eq!(output(&engine, &arn).await, json!({ "is": HEAVY_IS }));
    assert_eq!(
        types(&engine, &arn).await,
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn others_go_on_while_hostile_expressions_have_not_ended() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let hostile = create(&engine, "hostile", &pass(ENDLESS)).await;
    let light = create(&engine, "light", &pass("{% 1 + 1 %}")).await;
    let heavy = create(&engine, "heavy", &pass(HEAVY)).await;
    let mut held = Vec::new();
    for number in 0..8 {
        held.push(start(&engine, &hostile, &format!("hostile-{number}"), &json!({})).await);
    }
    for number in 0..50 {
        let name = number.to_string();
        let arn = start(&engine, &light, &name, &json!({})).await;
        assert_eq!(output(&engine, &arn).await, json!({ "is": 2 }));
        let message = SendMessage {
            queue_url: "work".to_owned(),
            body: name,
            ..SendMessage::default()
        };
        engine.queues().send_message(message).await.unwrap();
    }
    // Heavy but finite work comes before work that never ends.
    for number in 0..10 {
        let arn = start(&engine, &heavy, &number.to_string(), &json!({})).await;
        assert_eq!(output(&engine, &arn).await, json!({ "is": HEAVY_IS }));
    }
    let mut running = 0;
    for arn in &held {
        running += usize::from(status(&engine, arn).await == ExecutionStatus::Running);
    }
    assert!(running > 0, "all of them ended before 60 others");
    for arn in &held {
        stop(&engine, arn).await;
    }
    for arn in &held {
        let status = ended(&engine, arn).await.summary.status;
        assert!(
            [ExecutionStatus::Aborted, ExecutionStatus::Failed].contains(&status),
            "{status:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_executions_than_may_be_evaluated_at_once_all_end() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let engine = Arc::new(engine);
    let heavy = create(&engine, "heavy", &pass(HEAVY)).await;
    let mut started = Vec::new();
    for number in 0..150 {
        let (engine, heavy) = (Arc::clone(&engine), heavy.clone());
        started.push(tokio::spawn(async move {
            start(&engine, &heavy, &number.to_string(), &json!({})).await
        }));
    }
    for arn in started {
        let arn = arn.await.unwrap();
        assert_eq!(output(&engine, &arn).await, json!({ "is": HEAVY_IS }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_execution_is_told_while_it_is_suspended_waits_its_turn_and_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let mut machine = single(json!({
        "Type": "Parallel",
        "QueryLanguage": "JSONata",
        "End": true,
        "Branches": [
            { "StartAt": "B", "States": { "B": task(HEAVY) } },
            { "StartAt": "C", "States": { "C": task(HEAVY) } },
        ],
    }));
    machine["QueryLanguage"] = json!("JSONata");
    let machine = create(&engine, "tasks", &machine).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let (first, is) = token(&engine).await;
    assert_eq!(is, json!(HEAVY_IS));
    let (second, _) = token(&engine).await;
    report(&engine, first, r#"{ "n": 1 }"#).await;
    report(&engine, second, r#"{ "n": 1 }"#).await;
    // What has been evaluated by now is on disk, and the rest is evaluated again.
    engine.shut_down().await;
    drop(engine);
    let engine = open_engine(directory.path()).await;
    let each = json!({ "is": HEAVY_IS, "result": { "n": 1 } });
    assert_eq!(output(&engine, &arn).await, json!([each, each]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_execution_can_be_stopped_and_what_was_evaluated_for_it_means_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let hostile = create(&engine, "hostile", &pass(ENDLESS)).await;
    let arn = start(&engine, &hostile, "one", &json!({})).await;
    stop(&engine, &arn).await;
    let ended = ended(&engine, &arn).await;
    assert_eq!(ended.summary.status, ExecutionStatus::Aborted);
    let last = types(&engine, &arn).await.pop();
    assert_eq!(last, Some("ExecutionAborted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_iterations_and_children_of_a_map_run_end_in_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    for mode in ["INLINE", "DISTRIBUTED"] {
        let mut machine = single(json!({
            "Type": "Map",
            "Items": "{% [1..12] %}",
            "ItemSelector": { "n": "{% $states.context.Map.Item.Value %}", "heavy": HEAVY },
            "MaxConcurrency": 5,
            "ItemProcessor": {
                "ProcessorConfig": { "Mode": mode, "ExecutionType": "STANDARD" },
                "StartAt": "One",
                "States": { "One": {
                    "Type": "Pass",
                    "Output": { "n": "{% $states.input.n %}", "is": HEAVY, "was": "{% $states.input.heavy %}" },
                    "End": true,
                } },
            },
            "Output": { "all": "{% $states.result %}", "is": HEAVY },
            "End": true,
        }));
        if mode == "INLINE" {
            let processor = &mut machine["States"]["A"]["ItemProcessor"];
            processor["ProcessorConfig"] = json!({ "Mode": mode });
        }
        machine["QueryLanguage"] = json!("JSONata");
        let machine = create(&engine, &format!("map-{mode}"), &machine).await;
        let arn = start(&engine, &machine, "one", &json!({})).await;
        let each = |n: i64| json!({ "n": n, "is": HEAVY_IS, "was": HEAVY_IS });
        let all: Vec<Value> = (1..=12).map(each).collect();
        assert_eq!(
            output(&engine, &arn).await,
            json!({ "all": all, "is": HEAVY_IS }),
            "{mode}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heavy_state_can_be_redriven() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let mut machine = single(task(HEAVY));
    machine["QueryLanguage"] = json!("JSONata");
    let machine = create(&engine, "task", &machine).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let (task_token, _) = token(&engine).await;
    let result = TaskResult::Failure {
        error: Some("Broken".to_owned()),
        cause: None,
    };
    let report_of = TaskReport { task_token, result };
    engine.executions().report_task(report_of).await.unwrap();
    assert_eq!(
        ended(&engine, &arn).await.summary.status,
        ExecutionStatus::Failed
    );
    let redrive = RedriveExecution {
        execution_arn: arn.clone(),
        client_token: None,
        bulk: None,
    };
    engine
        .executions()
        .redrive_execution(redrive)
        .await
        .unwrap();
    let (again, is) = token(&engine).await;
    assert_eq!(is, json!(HEAVY_IS));
    report(&engine, again, r#"{"n":2}"#).await;
    assert_eq!(
        output(&engine, &arn).await,
        json!({ "is": HEAVY_IS, "result": { "n": 2 } })
    );
}

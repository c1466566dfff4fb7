//! Executions that start others: what the parent gets, and what the end of one means for the other.

use crate::support::machines::{create, single, start, waits_on};
use crate::support::queues::{create as create_queue, engine as open_engine, receive};
use crate::support::{ended, types, until};
use rampmeter_engine::{
    Engine, ExecutionDescription, ExecutionStatus, ListExecutions, StopExecution, TaskReport,
    TaskResult,
};
use serde_json::{Value, json};

/// A state machine that starts `child` and, with a suffix, waits for its end.
fn parent_of(child: &str, suffix: &str) -> Value {
    single(json!({
        "Type": "Task",
        "Resource": format!("arn:aws:states:::states:startExecution{suffix}"),
        "Parameters": {
            "StateMachineArn": child,
            "Name.$": "States.Format('child-of-{}', $$.Execution.Name)",
            "Input": {
                "order.$": "$.order",
                "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id",
            },
        },
    }))
}

fn child_arn(machine: &str, parent: &str) -> String {
    format!(
        "{}:child-of-{parent}",
        machine.replace(":stateMachine:", ":execution:")
    )
}

async fn describe(engine: &Engine, arn: &str) -> ExecutionDescription {
    engine
        .executions()
        .describe_execution(arn)
        .await
        .expect("it is known")
}

/// Reports a result for the task token in the only message of a queue.
async fn answer(engine: &Engine, queue: &str, result: TaskResult) {
    let message = until(async || receive(engine, queue, 1).await.pop()).await;
    let body: Value = serde_json::from_str(&message.body).expect("it is JSON");
    let report = TaskReport {
        task_token: body["TaskToken"]
            .as_str()
            .expect("it carries its token")
            .to_owned(),
        result,
    };
    let reported = engine.executions().report_task(report).await;
    reported.expect("the task waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_waits_goes_on_with_the_end_of_its_child() {
    for (suffix, as_text) in [(".sync", true), (".sync:2", false)] {
        let directory = tempfile::tempdir().unwrap();
        let engine = open_engine(directory.path()).await;
        create_queue(&engine, "work", &[]).await;
        let child = create(&engine, "child", &waits_on("work")).await;
        let parent = create(&engine, "parent", &parent_of(&child, suffix)).await;
        let parent = start(&engine, &parent, "p", &json!({ "order": 7 })).await;

        let output = r#"{"booked":true}"#.to_owned();
        answer(&engine, "work", TaskResult::Success { output }).await;
        let child_ended = ended(&engine, &child_arn(&child, "p")).await;
        // The child's end and the parent's are one commit: who sees the one sees the other.
        let parent_ended = describe(&engine, &parent).await;
        assert_eq!(parent_ended.summary.status, ExecutionStatus::Succeeded);

        let told: Value = serde_json::from_str(&parent_ended.output.unwrap()).unwrap();
        let input: Value = serde_json::from_str(&child_ended.input).unwrap();
        assert_eq!(
            input["AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"],
            json!(parent)
        );
        let as_told = |value: Value| {
            if as_text {
                json!(value.to_string())
            } else {
                value
            }
        };
        assert_eq!(told["Input"], as_told(input));
        assert_eq!(told["Output"], as_told(json!({ "booked": true })));
        assert_eq!(told["Status"], "SUCCEEDED");
        assert_eq!(told["StartDate"], json!(child_ended.summary.start_date));
        assert_eq!(told["StopDate"], json!(child_ended.summary.stop_date));
        assert_eq!(told["ExecutionArn"], json!(child_arn(&child, "p")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_waits_across_a_restart_and_learns_why_its_child_failed() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let child = create(&engine, "child", &waits_on("work")).await;
    let parent = create(&engine, "parent", &parent_of(&child, ".sync")).await;
    let parent = start(&engine, &parent, "p", &json!({ "order": 7 })).await;
    until(async || {
        types(&engine, &parent)
            .await
            .contains(&"TaskSubmitted")
            .then_some(())
    })
    .await;
    engine.shut_down().await;
    drop(engine);

    let engine = open_engine(directory.path()).await;
    let failure = TaskResult::Failure {
        error: Some("OutOfStock".to_owned()),
        cause: Some("none left".to_owned()),
    };
    answer(&engine, "work", failure).await;
    let parent = ended(&engine, &parent).await;
    assert_eq!(parent.error.as_deref(), Some("States.TaskFailed"));
    let cause: Value = serde_json::from_str(&parent.cause.unwrap()).unwrap();
    assert_eq!(
        (&cause["Error"], &cause["Cause"]),
        (&json!("OutOfStock"), &json!("none left"))
    );
    assert_eq!(cause["Status"], "FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_a_parent_stops_the_children_it_waits_for_and_no_others() {
    for (suffix, expected) in [
        (".sync", ExecutionStatus::Aborted),
        ("", ExecutionStatus::Running),
        (".waitForTaskToken", ExecutionStatus::Running),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let engine = open_engine(directory.path()).await;
        create_queue(&engine, "work", &[]).await;
        let child = create(&engine, "child", &waits_on("work")).await;
        let mut definition = parent_of(&child, suffix);
        definition["States"]["A"]["Next"] = json!("B");
        definition["States"]["A"]
            .as_object_mut()
            .unwrap()
            .remove("End");
        definition["States"]["B"] = json!({ "Type": "Wait", "Seconds": 3600, "End": true });
        let parent = create(&engine, "parent", &definition).await;
        let parent = start(&engine, &parent, "p", &json!({ "order": 7 })).await;
        let child = child_arn(&child, "p");
        until(async || {
            types(&engine, &child)
                .await
                .contains(&"TaskSubmitted")
                .then_some(())
        })
        .await;
        let stop = StopExecution {
            execution_arn: parent,
            error: None,
            cause: None,
        };
        engine.executions().stop_execution(stop).await.unwrap();
        assert_eq!(
            describe(&engine, &child).await.summary.status,
            expected,
            "{suffix}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_whose_parent_gave_up_waiting_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let child = create(&engine, "child", &waits_on("work")).await;
    let mut definition = parent_of(&child, ".sync:2");
    definition["States"]["A"]["TimeoutSeconds"] = json!(1);
    let parent = create(&engine, "parent", &definition).await;
    let parent = start(&engine, &parent, "p", &json!({ "order": 7 })).await;
    let parent = ended(&engine, &parent).await;
    assert_eq!(parent.error.as_deref(), Some("States.Timeout"));
    let child = ended(&engine, &child_arn(&child, "p")).await;
    assert_eq!(child.summary.status, ExecutionStatus::Aborted);
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_that_start_each_other_without_end_leave_room_for_others() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let endless = "arn:aws:states:us-east-1:000000000000:stateMachine:endless";
    let definition = single(json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": { "StateMachineArn": endless },
    }));
    create(&engine, "endless", &definition).await;
    start(&engine, endless, "first", &json!({})).await;
    until(async || {
        let list = ListExecutions {
            redriven: None,
            max_results: Some(1_000),
            ..ListExecutions::default()
        };
        let page = engine.executions().list_executions(list).await.unwrap();
        (page.items.len() > 50).then_some(())
    })
    .await;
    let short = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } });
    let short = create(&engine, "short", &short).await;
    let other = start(&engine, &short, "other", &json!({})).await;
    let other = ended(&engine, &other).await;
    assert_eq!(other.summary.status, ExecutionStatus::Succeeded);
    engine.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_cannot_be_started_fails_its_task_by_the_name_of_the_refusal() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let starts = |parameters: Value| {
        single(json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution",
            "Parameters": parameters,
        }))
    };
    let absent = "arn:aws:states:us-east-1:000000000000:stateMachine:absent";
    for (number, (parameters, error)) in [
        (
            json!({ "StateMachineArn": absent }),
            "StateMachineDoesNotExist",
        ),
        (json!({ "StateMachineArn": "no arn" }), "InvalidArn"),
        (json!({}), "Validation"),
    ]
    .into_iter()
    .enumerate()
    {
        let machine = create(&engine, &format!("m{number}"), &starts(parameters)).await;
        let arn = start(&engine, &machine, "one", &json!({})).await;
        let failed = ended(&engine, &arn).await;
        assert_eq!(
            failed.error,
            Some(format!("StepFunctions.{error}Exception"))
        );
        assert!(
            failed
                .cause
                .unwrap()
                .contains("(Service: AWSStepFunctions; Status Code: 400;")
        );
    }
}

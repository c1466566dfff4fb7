//! The context object, `$$`.

use serde_json::json;

use crate::host::{Host, callback, pass, single};

#[test]
fn the_whole_context_object_is_as_aws_shows_it() {
    let host = pass(json!({"InputPath": "$$"}), &json!({"in": 1}));
    assert_eq!(
        host.output(),
        &json!({
            "Execution": {
                "Id": "arn:aws:states:eu-west-1:000000000000:execution:orders:one",
                "Input": {"in": 1},
                "StartTime": "2023-11-14T22:13:20.000Z",
                "Name": "one",
                "RoleArn": "arn:aws:iam::000000000000:role/orders",
                "RedriveCount": 0,
            },
            "StateMachine": {
                "Id": "arn:aws:states:eu-west-1:000000000000:stateMachine:orders",
                "Name": "orders",
            },
            "State": {"Name": "A", "EnteredTime": "2023-11-14T22:13:20.000Z"},
        })
    );
}

#[test]
fn a_task_sees_its_token_and_its_retries() {
    let state = callback(json!({
        "Parameters": {"token.$": "$$.Task.Token", "state.$": "$$.State", "all.$": "$$"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 4}],
    }));
    let mut host = Host::submitted(&single(state), &json!({}));
    assert_eq!(host.parameters()["token"], json!("task-token-3"));
    assert_eq!(host.parameters()["state"]["RetryCount"], json!(0));
    assert_eq!(
        host.parameters()["all"]["Task"]["Token"],
        json!("task-token-3")
    );
    host.fail("Oops", "").unwrap();
    host.fire();
    assert_eq!(host.parameters()["token"], json!("task-token-7"));
    assert_eq!(
        host.parameters()["state"],
        json!({"Name": "A", "EnteredTime": "2023-11-14T22:13:20.000Z", "RetryCount": 1}),
        "the time of entry stays"
    );
}

#[test]
fn the_execution_s_input_stays_what_it_was() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Result": "changed", "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"first.$": "$$.Execution.Input.a", "now.$": "$"},
              "End": true},
    }});
    let host = Host::started(&definition, &json!({"a": 5}));
    assert_eq!(host.output(), &json!({"first": 5, "now": "changed"}));
}

#[test]
fn only_a_task_that_waits_has_a_task_token() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"MessageBody.$": "$$.Task.Token"},
    });
    let host = Host::started(&single(state), &json!({}));
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("The JSONPath '$$.Task.Token' specified for the field 'MessageBody.$'"));
}

#[test]
fn the_context_object_works_in_choices_and_waits() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": [
            {"Variable": "$$.Execution.RedriveCount", "NumericEquals": 0, "Next": "B"}]},
        "B": {"Type": "Wait", "TimestampPath": "$$.Execution.StartTime", "End": true},
    }});
    assert_eq!(Host::started(&definition, &json!({})).output(), &json!({}));
}

#[test]
fn the_time_of_a_redrive_is_there_once_it_was_redriven() {
    let state =
        callback(json!({"Parameters": {"execution.$": "$$.Execution", "t.$": "$$.Task.Token"}}));
    let mut host = Host::submitted(&single(state), &json!({}));
    assert_eq!(host.parameters()["execution"].get("RedriveTime"), None);
    host.fail("Oops", "").unwrap();
    host.now += 1_000;
    host.redrive(false);
    assert_eq!(
        host.parameters()["execution"]["RedriveTime"],
        json!("2023-11-14T22:13:21.000Z")
    );
}

//! EXPRESS state machines: synchronous executions, names that may be reused, and what their executions lack.

use serde_json::{Value, json};

use crate::aws::{Aws, machine_arn};
use crate::process::Server;
use crate::workspace::Workspace;

async fn create(aws: &Aws, kind: &str, state: Value) {
    let definition = json!({ "StartAt": "A", "States": { "A": state } });
    let create = json!({
        "name": "quick",
        "definition": definition.to_string(),
        "roleArn": "arn:aws:iam::000000000000:role/r",
        "type": kind,
    });
    aws.must("CreateStateMachine", create).await;
}

fn named(name: &str) -> Value {
    json!({ "stateMachineArn": machine_arn("quick"), "name": name, "input": "{\"n\":1}" })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_synchronous_start_is_how_the_execution_ended() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    // It waits, so that the end comes in a later transaction than the start.
    let wait = json!({ "Type": "Wait", "Seconds": 1, "End": true });
    create(&aws, "EXPRESS", wait).await;
    let ended = aws.must("StartSyncExecution", named("one")).await;
    assert_eq!(ended["status"], "SUCCEEDED");
    assert_eq!(ended["output"], "{\"n\":1}");
    assert_eq!(ended["name"], "one");
    assert!(ended["billingDetails"]["billedDurationInMilliseconds"].as_i64() >= Some(1_000));
    let arn = ended["executionArn"].as_str().expect("an ARN");
    assert!(
        arn.starts_with("arn:aws:states:us-east-1:000000000000:express:quick:one:"),
        "{arn}"
    );
    let mut lean = named("one");
    lean["includedData"] = json!("METADATA_ONLY");
    let ended = aws.must("StartSyncExecution", lean).await;
    assert_eq!((ended.get("input"), ended.get("output")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_fails_is_an_answer_like_any_other() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    let fail = json!({ "Type": "Fail", "Error": "Jam", "Cause": "the belt stands still" });
    create(&aws, "EXPRESS", fail).await;
    let ended = aws.must("StartSyncExecution", named("one")).await;
    assert_eq!(
        (&ended["status"], &ended["error"], &ended["cause"]),
        (
            &json!("FAILED"),
            &json!("Jam"),
            &json!("the belt stands still")
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_with_one_name_are_two_and_none_can_be_asked_about() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    create(&aws, "EXPRESS", json!({ "Type": "Succeed" })).await;
    let first = aws.must("StartExecution", named("one")).await;
    let second = aws.must("StartExecution", named("one")).await;
    assert_ne!(first["executionArn"], second["executionArn"]);
    let arn = json!({ "executionArn": first["executionArn"] });
    for operation in [
        "DescribeExecution",
        "GetExecutionHistory",
        "StopExecution",
        "DescribeStateMachineForExecution",
    ] {
        let refused = aws.states(operation, arn.clone()).await;
        assert_eq!(refused.error(), "InvalidArn", "{operation}");
        assert_eq!(
            refused.message(),
            "Invalid Arn: 'Resource type not valid in this context: express'"
        );
    }
    let list = json!({ "stateMachineArn": machine_arn("quick") });
    let refused = aws.states("ListExecutions", list).await;
    assert_eq!(refused.error(), "StateMachineTypeNotSupported");
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_of_a_standard_state_machine_cannot_be_started_synchronously() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    create(&aws, "STANDARD", json!({ "Type": "Succeed" })).await;
    let refused = aws.states("StartSyncExecution", named("one")).await;
    assert_eq!(refused.error(), "StateMachineTypeNotSupported");
}

//! Operations of this server that its own workflows call as `aws-sdk`.

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::process::Server;
use crate::workspace::Workspace;

/// Runs a state machine of one task and returns how it ended.
async fn run(aws: &Aws, name: &str, action: &str, parameters: &Value) -> Value {
    let definition = json!({ "StartAt": "A", "States": { "A": {
        "Type": "Task", "Resource": format!("arn:aws:states:::aws-sdk:{action}"),
        "Parameters": parameters, "End": true,
    } } });
    let input = json!({
        "name": name, "definition": definition.to_string(),
        "roleArn": "arn:aws:iam::000000000000:role/test",
    });
    aws.must("CreateStateMachine", input).await;
    let arn = aws.start(name, "one", json!({})).await;
    aws.ended(&arn).await
}

fn output(ended: &Value) -> Value {
    let text = ended["output"]
        .as_str()
        .unwrap_or_else(|| panic!("{ended}"));
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_calls_operations_of_sqs_and_gets_their_answers() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let created = run(
        &aws,
        "create",
        "sqs:createQueue",
        &json!({ "QueueName": "work" }),
    )
    .await;
    let url = output(&created)["QueueUrl"].clone();
    assert!(
        url.as_str()
            .is_some_and(|url| url.ends_with("/000000000000/work"))
    );
    let message = json!({ "QueueUrl": url, "MessageBody": { "order": 7 } });
    let sent = output(&run(&aws, "send", "sqs:sendMessage", &message).await);
    assert!(sent["MessageId"].is_string(), "{sent}");
    let receive = json!({ "QueueUrl": url });
    let received = output(&run(&aws, "receive", "sqs:receiveMessage", &receive).await);
    assert_eq!(received["Messages"][0]["Body"], "{\"order\":7}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_calls_operations_of_step_functions_under_their_names_in_sdks() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let arn = crate::aws::machine_arn("pass");
    let start = json!({ "StateMachineArn": arn, "Name": "by-sdk", "Input": { "a": 1 } });
    let started = output(&run(&aws, "start", "sfn:startExecution", &start).await);
    let child = crate::aws::execution_arn("pass", "by-sdk");
    assert_eq!(started["ExecutionArn"], child);
    let date = started["StartDate"].as_str().expect("a text");
    assert!(date.ends_with('Z') && date.len() == 24, "{date}");
    assert_eq!(aws.ended(&child).await["input"], "{\"a\":1}");
    let describe = json!({ "ExecutionArn": child });
    let described = output(&run(&aws, "describe", "sfn:describeExecution", &describe).await);
    assert_eq!(described["Status"], "SUCCEEDED");
    assert_eq!(described["InputDetails"]["Included"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_the_name_of_the_service_and_an_unserved_operation_says_what_is_served() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let absent = json!({ "QueueUrl": "absent", "MessageBody": "x" });
    let failed = run(&aws, "absent", "sqs:sendMessage", &absent).await;
    assert_eq!(
        failed["error"], "Sqs.QueueDoesNotExistException",
        "{failed}"
    );
    let cause = failed["cause"].as_str().expect("a text");
    assert!(
        cause.contains("(Service: Sqs, Status Code: 400, Request ID: "),
        "{cause}"
    );

    let failed = run(&aws, "unserved", "sqs:cancelEverything", &json!({})).await;
    assert_eq!(failed["status"], "FAILED");
    let cause = failed["cause"].as_str().expect("a text");
    assert!(cause.contains("is not served here. Served: "), "{cause}");
}

//! Credentials that reach only some queues, workflows and targets, by the names in requests.

use serde_json::{Value, json};

use super::credentials::{SECRET, now, signed};
use crate::process::Server;
use crate::workspace::Workspace;

/// What a credential for the queues `orders-*`, the workflow `pass` and the target `vendor` may do.
const REACHED: &[(&str, &str)] = &[
    (
        "AmazonSQS.SendMessage",
        r#"{"QueueUrl": "orders-eu", "MessageBody": "x"}"#,
    ),
    (
        "AmazonSQS.SendMessage",
        r#"{"QueueUrl": "http://h:1/000000000000/orders-eu", "MessageBody": "x"}"#,
    ),
    (
        "AmazonSQS.SendMessage",
        r#"{"QueueUrl": "vendor-high", "MessageBody": "{\"Method\":\"GET\",\"Path\":\"/one\"}"}"#,
    ),
    ("AmazonSQS.CreateQueue", r#"{"QueueName": "orders-us"}"#),
    (
        "AmazonSQS.SetQueueAttributes",
        r#"{"QueueUrl": "orders-eu", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:orders-us\",\"maxReceiveCount\":1}"}}"#,
    ),
    (
        "AWSStepFunctions.StartExecution",
        r#"{"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:pass", "name": "one"}"#,
    ),
    (
        "AWSStepFunctions.DescribeExecution",
        r#"{"executionArn": "arn:aws:states:us-east-1:000000000000:execution:pass:one"}"#,
    ),
    (
        "AWSStepFunctions.SendTaskSuccess",
        r#"{"taskToken": "none", "output": "{}"}"#,
    ),
];

/// What it may not do.
const REFUSED: &[(&str, &str)] = &[
    (
        "AmazonSQS.SendMessage",
        r#"{"QueueUrl": "invoices", "MessageBody": "x"}"#,
    ),
    (
        "AmazonSQS.SendMessage",
        r#"{"QueueUrl": "http://h:1/orders-eu/invoices", "MessageBody": "x"}"#,
    ),
    ("AmazonSQS.SendMessage", r#"{"MessageBody": "x"}"#),
    ("AmazonSQS.CreateQueue", r#"{"QueueName": "others"}"#),
    ("AmazonSQS.PurgeQueue", r#"{"QueueUrl": "invoices"}"#),
    ("AmazonSQS.ListQueues", "{}"),
    (
        "AmazonSQS.SetQueueAttributes",
        r#"{"QueueUrl": "orders-eu", "Attributes": {"RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:invoices\",\"maxReceiveCount\":1}"}}"#,
    ),
    (
        "AmazonSQS.StartMessageMoveTask",
        r#"{"SourceArn": "arn:aws:sqs:us-east-1:000000000000:orders-eu", "DestinationArn": "arn:aws:sqs:us-east-1:000000000000:invoices"}"#,
    ),
    (
        "AWSStepFunctions.StartExecution",
        r#"{"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:pay"}"#,
    ),
    (
        "AWSStepFunctions.DescribeExecution",
        r#"{"executionArn": "arn:aws:states:us-east-1:000000000000:execution:pay:pass"}"#,
    ),
    ("AWSStepFunctions.ListStateMachines", "{}"),
    (
        "AWSStepFunctions.CreateStateMachine",
        r#"{"name": "pass", "definition": "{}", "roleArn": "r"}"#,
    ),
    (
        "AWSStepFunctions.UpdateStateMachine",
        r#"{"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:pass", "definition": "{}"}"#,
    ),
    ("AWSStepFunctions.CreateActivity", r#"{"name": "pass"}"#),
];

fn workspace() -> Workspace {
    let workspace = Workspace::without_vendor();
    let text = std::fs::read_to_string(workspace.config()).expect("the configuration");
    let credentials = [
        ("operateer", ""),
        ("limited", ", queues = [\"orders-*\"], workflows = [\"pass\"], targets = [\"vendor\"]"),
    ]
    .map(|(key, scope)| {
        format!("{{ access_key_id = \"{key}\", secret = \"${{env:RM_TEST_SECRET}}\", rights = [\"operate\"]{scope} }}")
    });
    let server = format!("[server]\ncredentials = [{}]", credentials.join(", "));
    std::fs::write(workspace.config(), text.replace("[server]", &server)).expect("written");
    workspace
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_reaches_what_its_scope_names_and_nothing_else() {
    let workspace = workspace();
    let mut command = Server::command(&workspace);
    command.env("RM_TEST_SECRET", SECRET);
    let server = Server::launch(command).await;
    let aws = server.aws();
    let ask = async |key: &str, operation: &str, input: Value| {
        let answer = signed(&aws, key, operation, &input, &now()).await;
        answer.error() != "AccessDeniedException"
    };
    for queue in ["orders-eu", "invoices"] {
        let made = ask(
            "operateer",
            "AmazonSQS.CreateQueue",
            json!({ "QueueName": queue }),
        )
        .await;
        assert!(made, "{queue}");
    }
    for (rows, reached) in [(REACHED, true), (REFUSED, false)] {
        for (operation, input) in rows {
            let parameters = serde_json::from_str(input).expect("JSON");
            let found = ask("limited", operation, parameters).await;
            assert_eq!(found, reached, "{operation} {input}");
        }
    }
}

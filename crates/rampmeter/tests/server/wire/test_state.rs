//! TestState over the wire: the shapes of AWS's responses. What a test finds is tested where it is decided.

use serde_json::{Value, json};

use crate::process::Server;
use crate::workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn a_test_answers_with_the_members_of_aws() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": { "QueueUrl.$": "$.queue" },
        "Catch": [{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "B" }],
        "Next": "A",
    });
    let input = json!({ "queue": "url" }).to_string();
    let mut request = json!({
        "definition": state.to_string(), "input": input, "inspectionLevel": "DEBUG",
        "mock": { "result": "{\"MessageId\":\"m\"}" },
    });
    let text = |value: Value| value.to_string();
    assert_eq!(
        aws.must("TestState", request.clone()).await,
        json!({
            "status": "SUCCEEDED", "nextState": "A", "output": "{\"MessageId\":\"m\"}",
            "inspectionData": {
                "input": input, "afterInputPath": input,
                "afterParameters": text(json!({ "QueueUrl": "url" })),
                "result": text(json!({ "MessageId": "m" })),
                "afterResultSelector": text(json!({ "MessageId": "m" })),
                "afterResultPath": text(json!({ "MessageId": "m" })),
            },
        })
    );
    request["mock"] = json!({ "errorOutput": { "error": "E", "cause": "why" } });
    request["inspectionLevel"] = json!("INFO");
    assert_eq!(
        aws.must("TestState", request).await,
        json!({
            "status": "CAUGHT_ERROR", "nextState": "B", "error": "E", "cause": "why",
            "output": text(json!({ "queue": "url", "error": { "Error": "E", "Cause": "why" } })),
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tested_is_refused_with_the_error_of_aws() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let pass = json!({ "Type": "Pass", "End": true }).to_string();
    for (request, error, message) in [
        (
            json!({}),
            "ValidationException",
            "Value at 'definition' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({ "definition": pass, "inspectionLevel": "ALL" }),
            "ValidationException",
            "Member must satisfy enum value set: [INFO, DEBUG, TRACE]",
        ),
        (
            json!({ "definition": pass, "input": "no JSON" }),
            "InvalidExecutionInput",
            "Unrecognized token 'no'",
        ),
        (
            json!({ "definition": "{}" }),
            "InvalidDefinition",
            "These fields are required: [Type] at /",
        ),
        (
            json!({ "definition": pass, "mock": { "result": "1" } }),
            "ValidationException",
            "State type 'Pass' is not supported when a mock is specified",
        ),
    ] {
        let refused = aws.states("TestState", request).await;
        assert_eq!((refused.status, refused.error()), (400, error));
        assert!(refused.message().contains(message), "{}", refused.message());
    }
}

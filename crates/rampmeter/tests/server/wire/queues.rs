//! SQS over the wire, as far as it is served.

use serde_json::json;

use crate::aws::WireResponse;
use crate::process::Server;
use crate::vendor::Vendor;
use crate::workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_workflow_becomes_a_call() {
    let vendor = Vendor::opened().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    let aws = server.aws();
    let url = aws
        .call(
            "AmazonSQS.GetQueueUrl",
            json!({ "QueueName": "vendor-batch" }),
        )
        .await;
    let url = url.body["QueueUrl"].as_str().expect("a URL").to_owned();
    assert_eq!(url, format!("{}/000000000000/vendor-batch", aws.url));

    let body = r#"{"Method":"POST","Path":"/orders","RequestBody":{"order":"SO-9"}}"#;
    let input = json!({ "QueueUrl": url, "MessageBody": body });
    let sent = aws.call("AmazonSQS.SendMessage", input).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_eq!(sent.body["MessageId"].as_str().map(str::len), Some(36));
    assert_eq!(
        sent.body["MD5OfMessageBody"],
        "8b72699e88862b51b80c789f8601b2a0"
    );
    vendor.has_received(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_url_carries_the_name_under_which_the_client_came() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let request = aws
        .http
        .post(&aws.url)
        .header("host", "rampmeter.internal:4566")
        .header("x-amz-target", "AmazonSQS.GetQueueUrl")
        .body(r#"{"QueueName":"vendor-high"}"#);
    let answer = crate::aws::WireResponse::read(request.send().await.expect("an answer")).await;
    let url = "http://rampmeter.internal:4566/000000000000/vendor-high";
    assert_eq!(answer.body, json!({ "QueueUrl": url }));
}

/// The error's shape: those that the service model does not have are the framework's.
fn shape_of(name: &str) -> String {
    match name {
        "InvalidParameterValueException" | "MissingRequiredParameterException" => {
            format!("com.amazon.coral.service#{name}")
        }
        _ => format!("com.amazonaws.sqs#{name}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_sqs_carry_their_query_code() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let queue = format!("{}/000000000000/vendor-high", aws.url);
    let gone = format!("{}/000000000000/nope", aws.url);
    for (operation, input, name, code) in [
        (
            "GetQueueUrl",
            json!({}),
            "MissingRequiredParameterException",
            "MissingParameter",
        ),
        (
            "GetQueueUrl",
            json!({ "QueueName": "nope" }),
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": gone, "MessageBody": "x" }),
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": queue, "MessageBody": "" }),
            "MissingRequiredParameterException",
            "MissingParameter",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": queue, "MessageBody": "x", "DelaySeconds": 901 }),
            "InvalidParameterValueException",
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": queue, "MessageBody": "\u{0}" }),
            "InvalidMessageContents",
            "InvalidMessageContents",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": queue, "MessageBody": "x".repeat((1 << 20) + 1) }),
            "InvalidParameterValueException",
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": queue, "MessageBody": "x", "MessageAttributes": { "a": {} } }),
            "InvalidParameterValueException",
            "InvalidParameterValue",
        ),
        (
            "PurgeQueue",
            json!({}),
            "MissingRequiredParameterException",
            "MissingParameter",
        ),
    ] {
        let answer = aws
            .call(&format!("AmazonSQS.{operation}"), input.clone())
            .await;
        let input: String = input.to_string().chars().take(100).collect();
        assert_eq!(
            (answer.status, answer.error()),
            (400, name),
            "{operation} {input}: {}",
            answer.body
        );
        assert_eq!(answer.body["__type"], shape_of(name));
        assert_eq!(
            answer.headers["x-amzn-query-error"],
            format!("{code};Sender").as_str()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_worker_receives_from_the_queues_of_a_target() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let request =
        |queue: &str| json!({ "QueueUrl": queue, "ReceiptHandle": "x", "VisibilityTimeout": 1 });
    for operation in [
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "PurgeQueue",
        "DeleteQueue",
    ] {
        let queue = format!("{}/000000000000/vendor-high", aws.url);
        let answer = aws
            .call(&format!("AmazonSQS.{operation}"), request(&queue))
            .await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "UnsupportedOperation"),
            "{operation}"
        );
        assert!(
            answer.message().contains("[targets.vendor]"),
            "{}",
            answer.message()
        );
        let gone = request("http://localhost/000000000000/nope");
        let answer = aws.call(&format!("AmazonSQS.{operation}"), gone).await;
        assert_eq!(answer.error(), "QueueDoesNotExist", "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_message_and_the_longest_definition_arrive_however_they_are_escaped() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let made = aws
        .call("AmazonSQS.CreateQueue", json!({ "QueueName": "long" }))
        .await;
    let queue = &made.body["QueueUrl"];
    let post = async |target: &str, body: String| {
        let request = aws
            .http
            .post(&aws.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .body(body);
        WireResponse::read(request.send().await.expect("an answer")).await
    };
    // Each of these characters is as short as possible in UTF-8 and as long as possible in a client's JSON.
    for (escaped, count) in [
        (r"\u044f", 1 << 19),
        (r"\u4e2d", (1 << 20) / 3),
        (r"\u003c", 1 << 20),
    ] {
        let text = escaped.repeat(count);
        let sent = post(
            "AmazonSQS.SendMessage",
            format!(r#"{{"QueueUrl":{queue},"MessageBody":"{text}"}}"#),
        )
        .await;
        assert_eq!(sent.status, 200, "{escaped}: {}", sent.body);
    }
    let comment = r"\u003c".repeat((1 << 20) - 70);
    let definition = format!(
        r#"{{\"Comment\":\"{comment}\",\"StartAt\":\"A\",\"States\":{{\"A\":{{\"Type\":\"Succeed\"}}}}}}"#
    );
    let role = "arn:aws:iam::000000000000:role/none";
    let made = post(
        "AWSStepFunctions.CreateStateMachine",
        format!(r#"{{"name":"long","definition":"{definition}","roleArn":"{role}"}}"#),
    )
    .await;
    assert_eq!(made.status, 200, "{}", made.body);
}

//! Queues that clients make, over the wire: the shapes of AWS JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::{Aws, WireResponse};
use crate::process::Server;
use crate::workspace::Workspace;

async fn sqs(aws: &Aws, operation: &str, input: Value) -> WireResponse {
    aws.call(&format!("AmazonSQS.{operation}"), input).await
}

/// Calls an operation that must succeed.
async fn must(aws: &Aws, operation: &str, input: Value) -> Value {
    let answer = sqs(aws, operation, input).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    answer.body
}

async fn create(aws: &Aws, name: &str, attributes: Value) -> String {
    let input = json!({ "QueueName": name, "Attributes": attributes, "tags": { "team": "sales" } });
    let made = must(aws, "CreateQueue", input).await;
    made["QueueUrl"].as_str().expect("a URL").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_made_described_listed_and_deleted() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let url = create(&aws, "orders", json!({ "VisibilityTimeout": "45" })).await;
    assert_eq!(url, format!("{}/000000000000/orders", aws.url));
    let queue = json!({ "QueueUrl": url });
    assert_eq!(
        must(&aws, "ListQueueTags", queue.clone()).await,
        json!({ "Tags": { "team": "sales" } })
    );
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["VisibilityTimeout", "QueueArn"] });
    assert_eq!(
        must(&aws, "GetQueueAttributes", asked).await,
        json!({ "Attributes": {
            "QueueArn": "arn:aws:sqs:us-east-1:000000000000:orders",
            "VisibilityTimeout": "45",
        } })
    );
    assert_eq!(
        must(&aws, "GetQueueAttributes", queue.clone()).await,
        json!({})
    );
    assert_eq!(
        must(&aws, "ListQueues", json!({ "QueueNamePrefix": "ord" })).await,
        json!({ "QueueUrls": [url] })
    );
    let targets = must(&aws, "ListQueues", json!({})).await;
    assert_eq!(targets["QueueUrls"].as_array().map(Vec::len), Some(5));
    must(&aws, "DeleteQueue", queue.clone()).await;
    assert_eq!(
        must(&aws, "ListQueues", json!({ "QueueNamePrefix": "ord" })).await,
        json!({})
    );
    assert_eq!(
        sqs(&aws, "DeleteQueue", queue).await.error(),
        "QueueDoesNotExist"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receive_shows_what_was_asked_for_and_digests_of_it() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let url = create(&aws, "orders", json!({ "VisibilityTimeout": "0" })).await;
    let sent = must(
        &aws,
        "SendMessage",
        json!({ "QueueUrl": url, "MessageBody": "Hello", "MessageAttributes": {
            "tenant": { "DataType": "String", "StringValue": "acme" },
            "blob": { "DataType": "Binary", "BinaryValue": "AAH/" },
        } }),
    )
    .await;
    assert_eq!(sent["MD5OfMessageBody"], "8b1a9953c4611296a827abf8c47804d7");
    let plain = must(&aws, "ReceiveMessage", json!({ "QueueUrl": url })).await;
    let message = plain["Messages"][0].as_object().expect("a message");
    let members: Vec<_> = message.keys().map(String::as_str).collect();
    assert_eq!(members, ["MessageId", "ReceiptHandle", "MD5OfBody", "Body"]);

    let asked = json!({
        "QueueUrl": url,
        "MessageAttributeNames": ["ten.*", "blob"],
        "AttributeNames": ["ApproximateReceiveCount"],
    });
    let shown = must(&aws, "ReceiveMessage", asked).await;
    let message = &shown["Messages"][0];
    assert_eq!(
        message["Attributes"],
        json!({ "ApproximateReceiveCount": "2" })
    );
    assert_eq!(message["MessageAttributes"]["blob"]["BinaryValue"], "AAH/");
    let one = json!({ "QueueUrl": url, "MessageAttributeNames": ["tenant"] });
    let shown = must(&aws, "ReceiveMessage", one).await;
    assert_eq!(
        shown["Messages"][0]["MD5OfMessageAttributes"],
        "c52f727da6769fcbc66f3f8555ce234a"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_request_stays_with_its_message_and_goes_with_it_to_the_dead_letters() {
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let own = "Root=1-5759e988-000000000000000000000001";
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let dead = create(&aws, "orders-dead", json!({})).await;
    let policy = json!({ "maxReceiveCount": 1, "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:orders-dead" });
    let attributes = json!({ "VisibilityTimeout": "0", "RedrivePolicy": policy.to_string() });
    let url = create(&aws, "orders", attributes).await;
    let traced = async |operation: &str, input: Value, header: &str| {
        let request = aws
            .http
            .post(format!("{}/", aws.url))
            .header("x-amz-target", format!("AmazonSQS.{operation}"))
            .header("X-Amzn-Trace-Id", header)
            .body(input.to_string());
        let answer = WireResponse::read(request.send().await.expect("an answer")).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
        answer.body
    };
    let one = json!({ "QueueUrl": url, "MessageBody": "by the header" });
    let sent = traced("SendMessage", one, trace).await;
    assert!(sent.get("MD5OfMessageSystemAttributes").is_none());
    let header = json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": own } });
    let entries = json!([
        { "Id": "a", "MessageBody": "of a batch" },
        { "Id": "b", "MessageBody": "by the attribute", "MessageSystemAttributes": header },
    ]);
    let batch = json!({ "QueueUrl": url, "Entries": entries });
    traced("SendMessageBatch", batch, trace).await;
    let malformed = json!({ "QueueUrl": url, "MessageBody": "of no trace" });
    traced("SendMessage", malformed, "nonsense").await;

    let expected: BTreeMap<String, Value> = [
        ("by the header", json!(trace)),
        ("of a batch", json!(trace)),
        ("by the attribute", json!(own)),
        ("of no trace", Value::Null),
    ]
    .map(|(body, trace)| (body.to_owned(), trace))
    .into();
    for queue in [&url, &dead] {
        let asked = json!({
            "QueueUrl": queue, "MaxNumberOfMessages": 10,
            "MessageSystemAttributeNames": ["AWSTraceHeader"],
        });
        let mut received = BTreeMap::new();
        // The second receive from the first queue moves its messages to the dead-letter queue.
        for _ in 0..2 {
            let answer = must(&aws, "ReceiveMessage", asked.clone()).await;
            for message in answer["Messages"].as_array().into_iter().flatten() {
                let body = message["Body"].as_str().unwrap_or_default().to_owned();
                received.insert(body, message["Attributes"]["AWSTraceHeader"].clone());
            }
        }
        assert_eq!(received, expected, "{queue}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attribute_of_fifo_queues_cannot_be_asked_of_another() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let standard = create(&aws, "orders", json!({})).await;
    let fifo = create(&aws, "orders.fifo", json!({ "FifoQueue": "true" })).await;
    for name in ["FifoQueue", "DeduplicationScope"] {
        let of = |url: &str| json!({ "QueueUrl": url, "AttributeNames": [name] });
        let refused = sqs(&aws, "GetQueueAttributes", of(&standard)).await;
        assert_eq!(refused.error(), "InvalidAttributeName", "{name}");
        assert_eq!(refused.message(), format!("Unknown Attribute {name}."));
        let shown = must(&aws, "GetQueueAttributes", of(&fifo)).await;
        assert!(shown["Attributes"][name].is_string(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_for_each_entry_and_an_invalid_batch_as_a_whole() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let url = create(&aws, "orders", json!({ "MaximumMessageSize": "1024" })).await;
    let batch = |entries: Value| json!({ "QueueUrl": url, "Entries": entries });
    let mixed = json!([
        { "Id": "good", "MessageBody": "x" },
        { "Id": "long", "MessageBody": "x".repeat(1025) },
    ]);
    let answer = must(&aws, "SendMessageBatch", batch(mixed)).await;
    assert_eq!(answer["Successful"][0]["Id"], "good");
    assert_eq!(
        answer["Failed"],
        json!([{
            "Id": "long",
            "SenderFault": true,
            "Code": "InvalidParameterValue",
            "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
        }])
    );
    for (entries, name) in [
        (json!([]), "EmptyBatchRequest"),
        (
            json!([{ "Id": "a", "MessageBody": "x" }, { "Id": "a", "MessageBody": "y" }]),
            "BatchEntryIdsNotDistinct",
        ),
        (
            json!([{ "Id": "a b", "MessageBody": "x" }]),
            "InvalidBatchEntryId",
        ),
        (
            json!([{ "Id": "", "MessageBody": "x" }]),
            "InvalidBatchEntryId",
        ),
    ] {
        let refused = sqs(&aws, "SendMessageBatch", batch(entries)).await;
        assert_eq!((refused.status, refused.error()), (400, name));
        assert_eq!(
            refused.headers["x-amzn-query-error"],
            format!("AWS.SimpleQueueService.{name};Sender").as_str()
        );
    }
}

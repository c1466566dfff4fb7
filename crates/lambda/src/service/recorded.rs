//! The adapters against AWS's responses: members, codes and texts as in recordings of AWS (ids, handles and times are
//! our own); a test says so where it rests only on AWS's service model or documentation. The adapters read the
//! responses through the SDK from a socket. The responses of servers that we run are tested in `adapters`. There are no
//! recordings of DynamoDB and Lambda.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use rampmeter_dispatch::{Priority, Time};
use serde_json::{Value, json};

use crate::conclusion::TaskResult;
use crate::service::clients;
use crate::service::queues::Queues;
use crate::service::tasks::{Tasks, Waits};
use crate::trace::TraceHeader;

/// A request that arrived at the server in AWS's place.
struct Asked {
    operation: String,
    body: Value,
}

/// Answers requests one after another with given responses, and reports what was asked.
struct Aws {
    url: String,
    asked: Receiver<Asked>,
}

impl Aws {
    fn answering(replies: Vec<(u16, Value)>) -> Aws {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            for (status, reply) in replies {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let (mut operation, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    match line.trim_end().split_once(": ") {
                        Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                            value.clone_into(&mut operation);
                        }
                        Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                            length = value.parse().unwrap();
                        }
                        _ if line.trim_end().is_empty() => break,
                        _ => {}
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let body = serde_json::from_slice(&body).unwrap();
                let text = reply.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\n\
                     x-amzn-requestid: 6f1c3c40-0000-4000-8000-000000000000\r\ncontent-length: {}\r\n\r\n",
                    text.len()
                );
                let _ = sender.send(Asked { operation, body });
                let stream = reader.get_mut();
                stream.write_all((head + &text).as_bytes()).unwrap();
            }
        });
        Aws { url, asked }
    }

    fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(&self.url)
            .http_client(clients::http())
            .retry_config(RetryConfig::disabled())
            .build()
    }

    fn queues(&self) -> Queues {
        let prefix = "https://sqs.us-east-1.amazonaws.com/123456789012/netsuite";
        Queues::new(&self.sdk(), prefix)
    }
}

#[tokio::test]
async fn a_message_is_read_with_its_counts_and_its_trace() {
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let aws = Aws::answering(vec![(
        200,
        json!({"Messages": [{
            "MessageId": "7a1c2c6e-5b1e-4f4c-9a55-0f6d1a2b3c4d", "ReceiptHandle": "AQEB1",
            "MD5OfBody": "3d6b824fd8c1520e9a047d21fee6fb1f", "Body": "message-1",
            "Attributes": {
                "AWSTraceHeader": trace, "ApproximateFirstReceiveTimestamp": "1764115200123",
                "ApproximateReceiveCount": "2", "SentTimestamp": "1764115200000",
                "DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:123456789012:source",
            },
        }]}),
    )]);
    let received = aws.queues().receive(Priority::High, 25).await.unwrap();
    let [message] = &received[..] else {
        panic!("{received:?}");
    };
    assert_eq!(
        (message.body.as_str(), message.receive_count),
        ("message-1", 2)
    );
    assert_eq!(message.sent_at, Some(Time::from_millis(1_764_115_200_000)));
    assert_eq!(message.trace, TraceHeader::parse(trace));

    let asked = aws.asked.recv().unwrap();
    assert_eq!(asked.operation, "AmazonSQS.ReceiveMessage");
    // AWS refuses 11: "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10".
    assert_eq!(asked.body["MaxNumberOfMessages"], 10);
    let url = asked.body["QueueUrl"].as_str().unwrap();
    assert!(url.ends_with("/123456789012/netsuite-high"), "{url}");
}

#[tokio::test]
async fn an_empty_queue_answers_without_messages() {
    let aws = Aws::answering(vec![(200, json!({}))]);
    let received = aws.queues().receive(Priority::Batch, 1).await;
    assert!(received.unwrap().is_empty());
}

/// The second response is recorded, the first is from the documentation.
#[tokio::test]
async fn a_queue_that_is_not_there_and_a_request_that_is_refused_are_errors_that_say_so() {
    let refusals = [
        (
            "com.amazonaws.sqs#QueueDoesNotExist",
            "The specified queue does not exist.",
        ),
        (
            "com.amazonaws.sqs#InvalidParameterValueException",
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
    ];
    for (code, text) in refusals {
        let aws = Aws::answering(vec![(400, json!({"__type": code, "message": text}))]);
        let refused = aws.queues().receive(Priority::High, 1).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(text), "{refused}");
    }
}

/// From the service model: no recording has such a batch.
#[tokio::test]
async fn a_batch_of_which_a_part_is_refused_has_kept_the_others() {
    let aws = Aws::answering(vec![(
        200,
        json!({
            "Successful": [{"Id": "0"}],
            "Failed": [{"Id": "1", "SenderFault": true, "Code": "ReceiptHandleIsInvalid",
                        "Message": "The input receipt handle is invalid."}],
        }),
    )]);
    let handles = ["AQEB1".to_owned(), "AQEB2".to_owned()];
    let kept = aws.queues().keep_hidden(Priority::Medium, &handles).await;
    kept.unwrap();
    let asked = aws.asked.recv().unwrap();
    assert_eq!(asked.body["Entries"][1]["ReceiptHandle"], "AQEB2");
}

/// The text of the first is recorded, as a state on AWS saw it; its code and the other responses are from the service
/// model.
#[tokio::test]
async fn whatever_says_that_a_task_does_not_wait_is_final_and_anything_else_is_not() {
    let told = TaskResult::failure("Rampmeter.Unavailable", "no", 5);
    for (code, text) in [
        ("InvalidToken", "Invalid Token: 'Invalid token'"),
        (
            "TaskTimedOut",
            "Task Timed Out: 'Provided task does not exist anymore'",
        ),
        (
            "com.amazonaws.states#TaskDoesNotExist",
            "Task does not exist",
        ),
    ] {
        let refusal = (400, json!({"__type": code, "message": text}));
        let aws = Aws::answering(vec![refusal.clone(), refusal]);
        let tasks = Tasks::new(&aws.sdk());
        assert_eq!(
            tasks.heartbeat("token", None).await.unwrap(),
            Waits::No,
            "{code}"
        );
        assert_eq!(
            tasks.tell("token", &told, None).await.unwrap(),
            Waits::No,
            "{code}"
        );
        let operations: Vec<String> = aws.asked.try_iter().map(|asked| asked.operation).collect();
        let expected = [
            "AWSStepFunctions.SendTaskHeartbeat",
            "AWSStepFunctions.SendTaskFailure",
        ];
        assert_eq!(operations, expected);
    }
    let throttled = json!({"__type": "ThrottlingException", "message": "Rate exceeded"});
    let aws = Aws::answering(vec![(400, throttled)]);
    let refused = Tasks::new(&aws.sdk()).tell("token", &told, None).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("Rate exceeded"), "{refused}");
}

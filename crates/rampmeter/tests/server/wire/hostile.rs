//! Requests that no honest client sends: each gets a clear AWS error, and the server goes on serving.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::json;

use crate::aws::{WireResponse, machine_arn};
use crate::process::Server;
use crate::workspace::Workspace;

async fn still_serves(server: &Server) {
    let machines = server.aws().must("ListStateMachines", json!({})).await;
    assert_eq!(machines["stateMachines"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_is_named_with_what_is() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    for (target, told) in [
        ("AWSStepFunctions.CreateRobot", "StartExecution"),
        ("AmazonSQS.PublishQueue", "SendMessage"),
        (
            "DynamoDB_20120810.PutItem",
            "Step Functions (AWSStepFunctions), SQS (AmazonSQS)",
        ),
        (
            "StartExecution",
            "Step Functions (AWSStepFunctions), SQS (AmazonSQS)",
        ),
        ("", "Step Functions (AWSStepFunctions), SQS (AmazonSQS)"),
        (".", "Step Functions (AWSStepFunctions), SQS (AmazonSQS)"),
    ] {
        let answer = aws.call(target, json!({})).await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "UnknownOperationException"),
            "{target}"
        );
        assert!(
            answer.message().contains(told),
            "{target}: {}",
            answer.message()
        );
        assert!(answer.headers.contains_key("x-amzn-requestid"), "{target}");
    }
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_the_json_of_the_operation_is_refused() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let deep = "[".repeat(100_000);
    for body in [
        "{",
        "[]",
        "null",
        "7",
        "\"text\"",
        "{\"stateMachineArn\":7}",
        "\u{0}",
        "{} {}",
        &deep,
        "{\"stateMachineArn\":\"a\",\"stateMachineArn\":\"b\"}",
    ] {
        let request = aws
            .http
            .post(&aws.url)
            .header("x-amz-target", "AWSStepFunctions.StartExecution")
            .body(body.to_owned());
        let answer = WireResponse::read(request.send().await.expect("an answer")).await;
        let body: String = body.chars().take(50).collect();
        assert_eq!(
            (answer.status, answer.error()),
            (400, "SerializationException"),
            "{body}"
        );
    }
    let request = aws
        .http
        .post(&aws.url)
        .header("x-amz-target", "AWSStepFunctions.StartExecution")
        .body(vec![0xff, 0xfe, 0x00]);
    let answer = WireResponse::read(request.send().await.expect("an answer")).await;
    assert_eq!(answer.error(), "SerializationException");
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_body_is_refused_with_the_bound() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let input = json!({ "stateMachineArn": machine_arn("pass"), "input": "x".repeat(7 << 20) });
    let answer = aws.states("StartExecution", input).await;
    assert_eq!(
        (answer.status, answer.error()),
        (413, "RequestEntityTooLargeException")
    );
    assert!(
        answer.message().contains("6356992 bytes"),
        "{}",
        answer.message()
    );
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_paths_get_an_aws_error() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let request = aws.http.request(method.clone(), format!("{}/", aws.url));
        let answer = WireResponse::read(request.send().await.expect("an answer")).await;
        assert_eq!(
            (answer.status, answer.error()),
            (405, "MethodNotAllowed"),
            "{method}"
        );
        assert_eq!(answer.headers["allow"], "GET, POST", "{method}");
    }
    for path in [
        "/x",
        "//",
        "/../etc/passwd",
        "/%2e%2e/%00",
        "/000000000000/q?x=1",
        "/_localstack",
    ] {
        let request = aws
            .http
            .post(format!("{}{path}", aws.url))
            .header("x-amz-target", "AWSStepFunctions.ListStateMachines")
            .body("{}");
        let answer = WireResponse::read(request.send().await.expect("an answer")).await;
        // A client may normalise a path to the root before it is sent.
        assert!(
            (answer.status, answer.error()) == (404, "UnknownOperationException")
                || answer.status == 200,
            "{path}: {} {}",
            answer.status,
            answer.body
        );
    }
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_nonsense_on_the_port_harms_nobody() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let address = server.ready["aws_url"]
        .as_str()
        .expect("a URL")
        .replace("http://", "");
    for nonsense in [
        &b"\0\0\0\0"[..],
        b"GET\r\n\r\n",
        b"POST /../../etc HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut connection = TcpStream::connect(&address).expect("a connection");
        connection.write_all(nonsense).expect("sent");
        connection
            .shutdown(std::net::Shutdown::Write)
            .expect("half closed");
        let mut answer = Vec::new();
        // A reset is an answer too, and so are frames of HTTP/2; what matters is that the server goes on.
        let _ = connection.read_to_end(&mut answer);
        if nonsense.starts_with(b"PRI") {
            continue;
        }
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1."),
            "{nonsense:?}"
        );
    }
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_answered_and_costs_no_place_for_ever() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let address = server.ready["aws_url"]
        .as_str()
        .expect("a URL")
        .replace("http://", "");
    let slow = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(&address).expect("a connection");
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n\
                    Content-Length: 100\r\n\r\n{\"Queue";
        connection.write_all(head.as_bytes()).expect("sent");
        let mut answer = [0; 4_096];
        let read = connection.read(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer[..read]).into_owned()
    });
    // The server gives it 30 seconds; nobody else waits meanwhile.
    still_serves(&server).await;
    let answer = slow.await.expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("RequestTimeout"), "{answer}");
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_of_another_site_may_not_use_the_port() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    for (origin, status) in [
        ("http://evil.example:4566", 403),
        ("null", 403),
        ("http://localhost:1", 200),
    ] {
        let request = aws
            .http
            .post(&aws.url)
            .header("origin", origin)
            .header("x-amz-target", "AWSStepFunctions.ListStateMachines")
            .body("{}");
        let answer = WireResponse::read(request.send().await.expect("an answer")).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.body);
    }
}

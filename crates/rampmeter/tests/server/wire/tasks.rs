//! Task tokens over the wire: whoever has one ends the task, once.

use serde_json::json;

use crate::aws::Aws;
use crate::process::Server;
use crate::vendor::Vendor;
use crate::workspace::Workspace;

/// A server with one execution that waits for a vendor that does not answer.
struct Waiting {
    _vendor: Vendor,
    _server: Server,
    aws: Aws,
    arn: String,
    task_token: String,
}

impl Waiting {
    async fn new() -> Self {
        let vendor = Vendor::closed().await;
        let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
        let aws = server.aws();
        let arn = aws.start("pay", "one", json!({ "order": "SO-1" })).await;
        let task_token = aws.task_token(&arn).await;
        Self {
            _vendor: vendor,
            _server: server,
            aws,
            arn,
            task_token,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_token_ends_its_task_with_an_output_once() {
    let waiting = Waiting::new().await;
    let aws = &waiting.aws;
    let success = json!({ "taskToken": waiting.task_token, "output": "{\"paid\":true}" });
    let answer = aws.states("SendTaskSuccess", success.clone()).await;
    assert_eq!((answer.status, &answer.body), (200, &json!({})));
    let ended = aws.ended(&waiting.arn).await;
    assert_eq!(ended["status"], "SUCCEEDED");
    assert_eq!(ended["output"], "{\"paid\":true}");

    for (operation, input) in [
        ("SendTaskSuccess", success),
        (
            "SendTaskFailure",
            json!({ "taskToken": waiting.task_token }),
        ),
        (
            "SendTaskHeartbeat",
            json!({ "taskToken": waiting.task_token }),
        ),
    ] {
        let used = aws.states(operation, input).await;
        assert_eq!(
            (used.status, used.error()),
            (400, "TaskTimedOut"),
            "{operation}"
        );
        assert_eq!(
            used.message(),
            "Task Timed Out: 'Provided task does not exist anymore'"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_token_ends_its_task_with_a_failure() {
    let waiting = Waiting::new().await;
    let failure = json!({ "taskToken": waiting.task_token, "error": "No.Stock", "cause": "sold" });
    waiting.aws.must("SendTaskFailure", failure).await;
    let ended = waiting.aws.ended(&waiting.arn).await;
    assert_eq!(ended["status"], "FAILED");
    assert_eq!(
        (&ended["error"], &ended["cause"]),
        (&json!("No.Stock"), &json!("sold"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_leaves_the_task_waiting_and_adds_no_event() {
    let waiting = Waiting::new().await;
    let aws = &waiting.aws;
    let before = aws.history(&waiting.arn).await;
    aws.must(
        "SendTaskHeartbeat",
        json!({ "taskToken": waiting.task_token }),
    )
    .await;
    assert_eq!(aws.history(&waiting.arn).await, before);
    let input = json!({ "executionArn": waiting.arn });
    assert_eq!(
        aws.must("DescribeExecution", input).await["status"],
        "RUNNING"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_token_that_this_server_did_not_hand_out_is_invalid() {
    let waiting = Waiting::new().await;
    let aws = &waiting.aws;
    let genuine = &waiting.task_token;
    let mut altered = Vec::new();
    for position in 0..genuine.len() {
        let mut letters = genuine.clone().into_bytes();
        letters[position] = if letters[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        altered.push(String::from_utf8(letters).expect("ASCII"));
    }
    altered.push(format!("{genuine}A"));
    altered.push(genuine[1..].to_owned());
    altered.push("nonsense".to_owned());
    altered.push("é \u{0} \"".to_owned());
    for task_token in altered {
        let input = json!({ "taskToken": task_token, "output": "{}" });
        let answer = aws.states("SendTaskSuccess", input).await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "InvalidToken"),
            "{task_token}"
        );
    }
    let input = json!({ "executionArn": waiting.arn });
    assert_eq!(
        aws.must("DescribeExecution", input).await["status"],
        "RUNNING"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_is_not_json_is_refused_and_the_task_still_waits() {
    let waiting = Waiting::new().await;
    let aws = &waiting.aws;
    for output in ["{", "", "nope", "{} {}"] {
        let input = json!({ "taskToken": waiting.task_token, "output": output });
        let answer = aws.states("SendTaskSuccess", input).await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "InvalidOutput"),
            "{output:?}"
        );
    }
    for input in [
        json!({}),
        json!({ "taskToken": waiting.task_token }),
        json!({ "taskToken": "" }),
    ] {
        let answer = aws.states("SendTaskSuccess", input).await;
        assert_eq!(answer.error(), "ValidationException");
    }
    let input = json!({ "taskToken": waiting.task_token, "output": "null" });
    aws.must("SendTaskSuccess", input).await;
    assert_eq!(aws.ended(&waiting.arn).await["output"], "null");
}

//! StartExecution to StopExecution over the wire.

use serde_json::{Value, json};

use crate::aws::{execution_arn, machine_arn};
use crate::process::Server;
use crate::vendor::Vendor;
use crate::workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_succeeds_with_the_answer_of_the_vendor() {
    let vendor = Vendor::opened().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    let aws = server.aws();
    let arn = aws.start("pay", "one", json!({ "order": "SO-1" })).await;
    assert_eq!(arn, execution_arn("pay", "one"));
    let ended = aws.ended(&arn).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    let output: Value =
        serde_json::from_str(ended["output"].as_str().expect("text")).expect("JSON");
    assert_eq!(output["StatusCode"], 201);
    assert_eq!(output["ResponseBody"]["id"], "4711");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_shapes_of_aws() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let input = json!({
        "stateMachineArn": machine_arn("pass"), "name": "one", "input": "{\"a\": 1}",
    });
    let started = aws.states("StartExecution", input).await;
    assert_eq!(started.status, 200);
    assert_eq!(
        started.headers["content-type"],
        "application/x-amz-json-1.0"
    );
    let id = started.headers["x-amzn-requestid"].to_str().expect("text");
    assert_eq!(id.len(), 36, "a UUID: {id}");
    let date = started.body["startDate"]
        .as_f64()
        .expect("seconds since the epoch");
    assert!(date > 1.6e9 && date < 1.0e11, "{date}");

    let ended = aws.ended(&execution_arn("pass", "one")).await;
    assert_eq!(ended["stateMachineArn"], machine_arn("pass"));
    assert_eq!(ended["name"], "one");
    assert_eq!(ended["input"], "{\"a\": 1}");
    assert_eq!(ended["inputDetails"], json!({ "included": true }));
    assert_eq!(ended["redriveStatus"], "NOT_REDRIVABLE");
    let output: Value =
        serde_json::from_str(ended["output"].as_str().expect("text")).expect("JSON");
    assert_eq!(output, json!({ "a": 1 }));
    assert!(ended["stopDate"].as_f64() >= ended["startDate"].as_f64());

    let machines = aws.must("ListStateMachines", json!({})).await;
    let machines = machines["stateMachines"].as_array().expect("a list").iter();
    let names: Vec<_> = machines.map(|item| item["name"].clone()).collect();
    assert_eq!(names, ["pass", "pay"]);
    let input = json!({ "stateMachineArn": machine_arn("pay") });
    let machine = aws.must("DescribeStateMachine", input).await;
    assert_eq!(
        (&machine["type"], &machine["status"]),
        (&json!("STANDARD"), &json!("ACTIVE"))
    );
    let definition = machine["definition"].as_str().expect("text");
    assert!(
        definition.contains("/vendor-high"),
        "substitutions are resolved: {definition}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_the_same_name_and_input_starts_nothing_twice_while_it_runs() {
    let vendor = Vendor::closed().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    let aws = server.aws();
    let start = |input: &str| json!({ "stateMachineArn": machine_arn("pay"), "name": "one", "input": input });
    let first = aws.must("StartExecution", start(r#"{"order":"a"}"#)).await;
    let again = aws.must("StartExecution", start(r#"{"order":"a"}"#)).await;
    assert_eq!(first, again);
    let other = aws
        .states("StartExecution", start(r#"{"order":"b"}"#))
        .await;
    assert_eq!(
        (other.status, other.error()),
        (400, "ExecutionAlreadyExists")
    );
    assert!(
        other.message().contains(&execution_arn("pay", "one")),
        "{}",
        other.message()
    );

    vendor.open();
    aws.ended(&execution_arn("pay", "one")).await;
    let closed = aws
        .states("StartExecution", start(r#"{"order":"a"}"#))
        .await;
    assert_eq!(
        closed.error(),
        "ExecutionAlreadyExists",
        "a name is not free when it has ended"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_executions_hold_each_once_newest_first() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    for number in 0..7 {
        let arn = aws.start("pass", &format!("n-{number}"), json!({})).await;
        aws.ended(&arn).await;
    }
    let mut names = Vec::new();
    let mut input = json!({ "stateMachineArn": machine_arn("pass"), "maxResults": 3 });
    loop {
        let page = aws.must("ListExecutions", input.clone()).await;
        let items = page["executions"].as_array().expect("a list");
        assert!(items.len() <= 3);
        names.extend(
            items
                .iter()
                .map(|item| item["name"].as_str().expect("text").to_owned()),
        );
        match page["nextToken"].as_str() {
            Some(token) => input["nextToken"] = token.into(),
            None => break,
        }
    }
    assert_eq!(names, ["n-6", "n-5", "n-4", "n-3", "n-2", "n-1", "n-0"]);

    let running = json!({ "stateMachineArn": machine_arn("pass"), "statusFilter": "RUNNING" });
    let none = aws.must("ListExecutions", running).await;
    assert_eq!(none, json!({ "executions": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_history_join_to_the_whole_in_both_orders() {
    let vendor = Vendor::opened().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    let aws = server.aws();
    let arn = aws.start("pay", "one", json!({ "order": "SO-1" })).await;
    aws.ended(&arn).await;
    let whole = aws.history(&arn).await;
    let types: Vec<_> = whole
        .iter()
        .map(|event| event["type"].as_str().expect("text"))
        .collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]
    );
    for reverse in [false, true] {
        let mut joined = Vec::new();
        let mut input = json!({ "executionArn": arn, "maxResults": 3, "reverseOrder": reverse });
        loop {
            let page = aws.must("GetExecutionHistory", input.clone()).await;
            joined.extend(page["events"].as_array().expect("a list").clone());
            match page["nextToken"].as_str() {
                Some(token) => input["nextToken"] = token.into(),
                None => break,
            }
        }
        if reverse {
            joined.reverse();
        }
        assert_eq!(joined, whole, "reverse: {reverse}");
    }
    let input = json!({ "executionArn": arn, "includeExecutionData": false });
    let bare = aws.must("GetExecutionHistory", input).await;
    assert!(
        !bare.to_string().contains("SO-1"),
        "no payload without includeExecutionData"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_execution_is_aborted_with_what_was_said() {
    let vendor = Vendor::closed().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    let aws = server.aws();
    let arn = aws.start("pay", "one", json!({ "order": "SO-1" })).await;
    let input = json!({ "executionArn": arn, "error": "Wrong", "cause": "not this one" });
    let stopped = aws.must("StopExecution", input).await;
    assert!(stopped["stopDate"].is_number());
    let described = aws.ended(&arn).await;
    assert_eq!(described["status"], "ABORTED");
    assert_eq!(described["error"], "Wrong");
    assert_eq!(described["cause"], "not this one");
}

async fn each_is_refused(cases: &[(&str, Value, &str)]) {
    let server = Server::start(&Workspace::without_vendor()).await;
    for (operation, input, name) in cases {
        let answer = server.aws().states(operation, input.clone()).await;
        let input: String = input.to_string().chars().take(200).collect();
        let said = (answer.status, answer.error());
        assert_eq!(said, (400, *name), "{operation} {input}: {}", answer.body);
        assert!(!answer.message().is_empty(), "{operation} {input}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_breaks_a_constraint_is_refused_with_the_name_aws_gives_it() {
    let pass = machine_arn("pass");
    let with = |member: &str, value: Value| json!({ "stateMachineArn": pass, member: value });
    let large = format!("\"{}\"", "x".repeat(262_143));
    each_is_refused(&[
        ("StartExecution", json!({}), "ValidationException"),
        (
            "StartExecution",
            with("name", json!("x".repeat(81))),
            "ValidationException",
        ),
        (
            "StartExecution",
            with("name", json!("")),
            "ValidationException",
        ),
        ("StartExecution", with("name", json!("a b")), "InvalidName"),
        (
            "StartExecution",
            with("input", json!("{")),
            "InvalidExecutionInput",
        ),
        (
            "StartExecution",
            with("input", json!(large)),
            "ValidationException",
        ),
        (
            "StartExecution",
            with("input", json!(1)),
            "SerializationException",
        ),
        (
            "StartExecution",
            with("traceHeader", json!("Wurzel=ä")),
            "ValidationException",
        ),
        (
            "StartExecution",
            json!({ "stateMachineArn": machine_arn("nope") }),
            "StateMachineDoesNotExist",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_breaks_a_constraint_is_refused_with_the_name_aws_gives_it() {
    let pass = machine_arn("pass");
    let with = |member: &str, value: Value| json!({ "stateMachineArn": pass, member: value });
    let missing = json!({ "stateMachineArn": machine_arn("nope") });
    let gone = json!({ "executionArn": execution_arn("pass", "nope") });
    each_is_refused(&[
        ("DescribeExecution", gone.clone(), "ExecutionDoesNotExist"),
        (
            "DescribeExecution",
            json!({ "executionArn": "nonsense" }),
            "InvalidArn",
        ),
        ("StopExecution", gone.clone(), "ExecutionDoesNotExist"),
        ("GetExecutionHistory", gone, "ExecutionDoesNotExist"),
        ("ListExecutions", json!({}), "ValidationException"),
        (
            "ListExecutions",
            with("maxResults", json!(1001)),
            "ValidationException",
        ),
        (
            "ListExecutions",
            with("maxResults", json!(-1)),
            "ValidationException",
        ),
        (
            "ListExecutions",
            with("statusFilter", json!("X")),
            "ValidationException",
        ),
        (
            "ListExecutions",
            with("nextToken", json!("x")),
            "InvalidToken",
        ),
        (
            "ListExecutions",
            missing.clone(),
            "StateMachineDoesNotExist",
        ),
        ("DescribeStateMachine", missing, "StateMachineDoesNotExist"),
    ])
    .await;
}

//! What people are told of the gate, through the real command line: rates and their warnings, what the vendor taught,
//! where each branch of an execution waits.

use serde_json::{Value, json};

use crate::process::{Server, eventually, rampmeter, run, stderr, stdout};
use crate::vendor::Vendor;
use crate::workspace::Workspace;

/// One call in each of two branches.
const BOTH: &str = r#"{ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "End": true, "Branches": [
  { "StartAt": "First", "States": { "First": CALL } },
  { "StartAt": "Second", "States": { "Second": CALL } } ] } } }"#;
const CALL: &str = r#"{ "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 60,
  "Parameters": { "QueueUrl": "${VendorBatch}", "MessageBody": {
    "TaskToken.$": "$$.Task.Token", "Method": "POST", "Path": "/orders", "RequestBody": {} } }, "End": true }"#;

/// A workspace with a window of 100 calls a second beside the limit on calls in flight.
fn with_a_window(base_url: &str) -> Workspace {
    let workspace = Workspace::new(base_url, 1);
    let mut text = std::fs::read_to_string(workspace.config()).expect("it was written");
    text.push_str(
        "\n[[targets.vendor.limits]]\nname = \"second\"\ncalls = 100\nper = \"1s\"\n\n\
         [workflows.both]\ndefinition = \"both.asl.json\"\n",
    );
    workspace.write("rampmeter.toml", &text);
    workspace.write("both.asl.json", &BOTH.replace("CALL", CALL));
    workspace
}

/// A workspace with one limit, an objective that is soon missed, and the workflow `one` of one BATCH call.
fn one_call(base_url: &str, limit: &str) -> Workspace {
    let workspace = Workspace::new(base_url, 1);
    let text = std::fs::read_to_string(workspace.config()).expect("it was written");
    let text = text.replace("concurrency = 1", limit)
        + "\n[workflows.one]\ndefinition = \"one.asl.json\"\n\n[slo]\nBATCH = { oldest = \"100ms\" }\n";
    workspace.write("rampmeter.toml", &text);
    let one = json!({ "StartAt": "One", "States": { "One": serde_json::from_str::<Value>(CALL).expect("JSON") } });
    workspace.write("one.asl.json", &one.to_string());
    workspace
}

async fn check(workspace: &Workspace, server: Option<&Server>) -> Value {
    let mut command = rampmeter(workspace.path());
    command.args(["check", "--json", "rampmeter.toml"]);
    if let Some(server) = server {
        command.env(
            "RAMPMETER_SERVER__ADMIN",
            server.admin("").trim_start_matches("http://"),
        );
    } else {
        command.arg("--offline");
    }
    let output = run(command, "").await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_limit_list_say_the_same_rates_by_the_measured_latency() {
    let vendor = Vendor::opened().await;
    let workspace = with_a_window(&vendor.base_url);
    let assumed = check(&workspace, None).await;
    let rates = assumed["rates"].as_array().expect("a list");
    assert_eq!(rates.len(), 2, "{assumed}");
    assert_eq!(rates[1]["call_from"], "preset");
    // 100 calls in a second, and the 300 ms that a call is taken to last: 77 a second.
    let told = assumed["problems"].to_string();
    assert!(
        told.contains("RM4030") && told.contains("76.9 of its 100.0"),
        "{told}"
    );

    let server = Server::start(&workspace).await;
    let started = server
        .cli(&workspace, &["start", "both", "--wait"], "")
        .await;
    assert_eq!(started.status.code(), Some(0), "{}", stderr(&started));
    let measured = check(&workspace, Some(&server)).await;
    let listed = server.admin_json("/v1/limits").await;
    for (check, list) in [(0, 0), (1, 1)] {
        let (check, list) = (&measured["rates"][check], &listed["limits"][list]);
        assert_eq!(check["call_from"], "server", "{measured}");
        assert_eq!(check["limit"], list["name"]);
        assert_eq!(check["nominal_per_second"], list["nominal_per_second"]);
        // The server keeps the mean in microseconds and shows it in milliseconds.
        let [ours, theirs] = [check, list].map(|rate| rate["reaches_per_second"].as_f64());
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            assert!(ours >= theirs * 0.999, "{ours} and {theirs}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_show_says_of_each_branch_what_holds_its_call() {
    let vendor = Vendor::closed().await;
    let workspace = with_a_window(&vendor.base_url);
    let server = Server::start(&workspace).await;
    server
        .cli(&workspace, &["start", "both", "--name", "one"], "")
        .await;
    vendor.has_received(1).await;
    let told = eventually("the other branch waits", async || {
        let shown = server.cli(&workspace, &["exec", "show", "one"], "").await;
        let told = stdout(&shown);
        told.contains("0 ahead").then_some(told)
    })
    .await;
    for part in [
        "in \"Both\" for branches and iterations, 2 of which run",
        "in \"First\" for the result of a task",
        "in \"Second\" for the result of a task",
        "to vendor BATCH: in flight",
        "to vendor BATCH: waiting, 0 ahead",
        "limit account: 1 of 1 used, until a call is answered",
    ] {
        assert!(told.contains(part), "{part:?} in\n{told}");
    }
    let shown = server
        .cli(&workspace, &["exec", "show", "one", "--json"], "")
        .await;
    let shown: Value = serde_json::from_str(&stdout(&shown)).expect("JSON");
    let children = &shown["waiting_at"]["children"];
    assert_eq!(children.as_array().map(Vec::len), Some(2), "{shown}");
    vendor.open();
}

/// What `call list`, `call why`, `exec show`, `target show` and `health` say while the call of the execution `last` waits in the
/// BATCH lane.
async fn told_everywhere(server: &Server, workspace: &Workspace) -> Vec<(&'static str, String)> {
    let waiting = eventually("its call waits", async || {
        let shown = server.admin_json("/v1/executions/last").await;
        let call = shown["waiting_at"]["call"].clone();
        (call["status"] == "waiting").then_some(call)
    })
    .await;
    let id = waiting["id"].as_str().expect("a call has an id").to_owned();
    let mut told = Vec::new();
    let commands: [(&str, &[&str]); 4] = [
        ("call list", &["call", "list"]),
        ("call why", &["call", "why", &id]),
        ("exec show", &["exec", "show", "last"]),
        ("target show", &["target", "show", "vendor"]),
    ];
    for (name, command) in commands {
        let shown = server.cli(workspace, command, "").await;
        told.push((name, stdout(&shown)));
    }
    let health = eventually("the lane misses its objective", async || {
        let told = stdout(&server.cli(workspace, &["health"], "").await);
        told.contains("not flowing").then_some(told)
    })
    .await;
    told.push(("health", health));
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_is_used_up_is_told_as_that_everywhere() {
    let vendor = Vendor::closed().await;
    let workspace = one_call(&vendor.base_url, "concurrency = 4\nshare = { BATCH = 1 }");
    let server = Server::start(&workspace).await;
    for name in ["first", "last"] {
        server
            .cli(&workspace, &["start", "one", "--name", name], "")
            .await;
    }
    vendor.has_received(1).await;
    let words =
        "limit account: 1 of the 1 places of the BATCH share used, until a call is answered";
    for (command, told) in told_everywhere(&server, &workspace).await {
        assert!(told.contains(words), "{command}:\n{told}");
    }
    vendor.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_the_vendor_closed_for_an_hour_is_told_as_that_everywhere() {
    let vendor = Vendor::opened().await;
    vendor.throttles();
    let workspace = one_call(&vendor.base_url, "concurrency = 4");
    let server = Server::start(&workspace).await;
    server
        .cli(&workspace, &["start", "one", "--name", "first"], "")
        .await;
    eventually("the vendor closes the target", async || {
        let targets = server.admin_json("/v1/targets").await;
        (targets["targets"][0]["vendor"]["holder"] == "vendor_pause").then_some(())
    })
    .await;
    server
        .cli(&workspace, &["start", "one", "--name", "last"], "")
        .await;
    for (command, told) in told_everywhere(&server, &workspace).await {
        let words = "the vendor, which closed the target for another 60 min";
        assert!(told.contains(words), "{command}:\n{told}");
        assert!(!told.contains("less than a second"), "{command}:\n{told}");
        if ["call why", "exec show", "target show"].contains(&command) {
            assert!(told.contains("in about 60 min"), "{command}:\n{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn target_show_tells_one_target_and_refuses_another() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let server = Server::start(&workspace).await;
    for name in ["one", "two"] {
        server
            .aws()
            .start("pay", name, json!({ "order": name }))
            .await;
    }
    vendor.has_received(1).await;
    let shown = server
        .cli(&workspace, &["target", "show", "vendor"], "")
        .await;
    let told = stdout(&shown);
    for part in [
        "waiting    HIGH 1, MEDIUM 0, BATCH 0",
        "in flight  1",
        "vendor     open",
        "limit      account (concurrency): 1 of 1 used",
    ] {
        assert!(told.contains(part), "{part:?} in\n{told}");
    }
    let unknown = server
        .cli(&workspace, &["target", "show", "nope"], "")
        .await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("there is no target nope"));
    vendor.open();
}

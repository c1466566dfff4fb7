//! How a server starts, ends and comes back.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::aws::machine_arn;
use crate::process::{Server, eventually, rampmeter, run, stderr};
use crate::vendor::Vendor;
use crate::workspace::Workspace;

async fn refused(command: Command, code: &str, told: &[&str]) {
    let output = run(command, "").await;
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(&format!("error[{code}]")), "{text}");
    for part in told {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_on_the_same_data_is_refused() {
    let workspace = Workspace::without_vendor();
    let _first = Server::start(&workspace).await;
    refused(
        Server::command(&workspace),
        "RM2002",
        &["in use", "--data-dir"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_refused_and_the_option_named() {
    let workspace = Workspace::without_vendor();
    let first = Server::start(&workspace).await;
    let port = first.ready["aws_url"]
        .as_str()
        .and_then(|url| url.rsplit(':').next());
    let mut command = rampmeter(workspace.path());
    command.args([
        "serve",
        "--port",
        port.expect("a port"),
        "--admin-port",
        "0",
    ]);
    command.args(["--data-dir", "elsewhere"]);
    refused(command, "RM2001", &["is in use", "--port"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_other_machines_reach_is_refused() {
    let workspace = Workspace::without_vendor();
    workspace.write(
        "rampmeter.toml",
        "version = 1\n[server]\naws = \"0.0.0.0:4566\"\n",
    );
    refused(
        Server::command(&workspace),
        "RM2017",
        &["server.aws", "127.0.0.1"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_stops_the_start_with_its_place() {
    let workspace = Workspace::without_vendor();
    workspace.write(
        "rampmeter.toml",
        "version = 1\n[server]\nawz = \"127.0.0.1:4566\"\n",
    );
    refused(
        Server::command(&workspace),
        "RM0102",
        &["rampmeter.toml:3", "awz"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_definition_stops_the_start_with_its_place() {
    let workspace = Workspace::without_vendor();
    let definition = "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \
                      \"A\": { \"Type\": \"Pass\", \"Next\": \"Gone\" }\n  }\n}\n";
    workspace.write("pass.asl.json", definition);
    let told = [
        "MISSING_TRANSITION_TARGET",
        "pass.asl.json:4",
        "/States/A/Next",
    ];
    refused(Server::command(&workspace), "RM1001", &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_run_here_stops_the_start_with_its_place() {
    let workspace = Workspace::without_vendor();
    let definition = "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": { \"Type\": \"Task\", \
                      \"Resource\": \"arn:aws:states:::dynamodb:putItem\", \"End\": true }\n  }\n}\n";
    workspace.write("pass.asl.json", definition);
    refused(
        Server::command(&workspace),
        "RM1002",
        &["pass.asl.json:4", "dynamodb"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_server_waits_for_its_calls_and_keeps_their_answers() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let server = Server::start(&workspace).await;
    let http = server.aws().http;
    let arn = server
        .aws()
        .start("pay", "one", json!({ "order": "SO-1" }))
        .await;
    vendor.has_received(1).await;

    let ready = server.admin("/readyz");
    let status = async || {
        http.get(&ready)
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    assert_eq!(status().await, 200);
    server.signal("TERM");
    eventually("the server is not ready", async || {
        (status().await == 503).then_some(())
    })
    .await;
    vendor.open();
    assert_eq!(server.ended().await.code(), Some(0));

    let server = Server::start(&workspace).await;
    assert_eq!(server.aws().ended(&arn).await["status"], "SUCCEEDED");
    vendor.has_received(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_drain_at_once() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let server = Server::start(&workspace).await;
    let http = server.aws().http;
    server
        .aws()
        .start("pay", "one", json!({ "order": "SO-1" }))
        .await;
    vendor.has_received(1).await;
    let ready = server.admin("/readyz");
    let status = async || {
        http.get(&ready)
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    server.signal("INT");
    eventually("the server is not ready", async || {
        (status().await == 503).then_some(())
    })
    .await;
    server.signal("INT");
    assert_eq!(server.ended().await.code(), Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_comes_back_with_every_execution_it_acknowledged() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    let mut acknowledged = Vec::new();
    for number in 0..25 {
        let name = format!("n-{number:02}");
        acknowledged.push(
            server
                .aws()
                .start("pay", &name, json!({ "order": name }))
                .await,
        );
    }
    vendor.has_received(2).await;
    let task_token = server.aws().task_token(&acknowledged[20]).await;
    server.kill().await;

    let server = Server::start(&workspace).await;
    let input = json!({ "stateMachineArn": machine_arn("pay"), "statusFilter": "RUNNING" });
    let page = server.aws().must("ListExecutions", input).await;
    let listed = page["executions"].as_array().expect("a list").iter();
    let mut listed: Vec<_> = listed
        .map(|item| item["executionArn"].as_str().expect("an ARN").to_owned())
        .collect();
    listed.sort();
    assert_eq!(listed, acknowledged);

    let input = json!({ "taskToken": task_token, "output": "{}" });
    server.aws().must("SendTaskSuccess", input).await;
    let ended = server.aws().ended(&acknowledged[20]).await;
    assert_eq!(
        ended["status"], "SUCCEEDED",
        "a task token outlives the process that made it"
    );
}

/// What the ready file says of a server that runs in `directory` with `arguments`.
async fn ready_file(directory: &Path, arguments: &[&str]) -> Value {
    let mut command = rampmeter(directory);
    command.args([
        "serve",
        "--port",
        "0",
        "--admin-port",
        "0",
        "--ready-file",
        "ready.json",
    ]);
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let file = directory.join("ready.json");
    let text = eventually("the file appears", async || {
        std::fs::read_to_string(&file).ok()
    })
    .await;
    child.kill().expect("a child");
    child.wait().expect("a child");
    serde_json::from_str(&text).expect("whoever sees the file sees all of it")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_file_holds_the_addresses() {
    let workspace = Workspace::without_vendor();
    let ready = ready_file(workspace.path(), &["--data-dir", "data"]).await;
    assert_eq!(ready["schema"], "rampmeter.ready/1");
    for url in ["aws_url", "admin_url"] {
        let url = ready[url].as_str().expect("a URL");
        assert!(
            url.starts_with("http://127.0.0.1:") && !url.ends_with(":0"),
            "{url}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_named_configuration_the_one_in_the_directory_or_none_is_used() {
    let workspace = Workspace::without_vendor();
    let ready = ready_file(workspace.path(), &[]).await;
    assert_eq!(ready["workflows"].as_array().map(Vec::len), Some(2));

    let empty = tempfile::tempdir().expect("a directory");
    let ready = ready_file(empty.path(), &[]).await;
    assert_eq!(ready["workflows"], json!([]));
    assert_eq!(ready["data_dir"], ".rampmeter");
    assert!(
        empty
            .path()
            .join(".rampmeter")
            .join("rampmeter.db")
            .exists()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_people_says_where_it_is_and_ends_with_ready() {
    let workspace = Workspace::without_vendor();
    let mut command = rampmeter(workspace.path());
    command.args(["serve", "--port", "0", "--admin-port", "0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let said = tokio::task::spawn_blocking(move || {
        let mut said = Vec::new();
        for line in stdout.lines() {
            said.push(line.expect("UTF-8"));
            if said.last().is_some_and(|line| line.ends_with("Ready.")) {
                break;
            }
        }
        said.join("\n")
    });
    let said = said.await.expect("no panic");
    child.kill().expect("a child");
    child.wait().expect("a child");
    for part in [
        "AWS endpoint   http://127.0.0.1:",
        "rampmeter env",
        "rampmeter start pass",
        "Ready.",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_path_of_localstack_answers() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let url = format!("{}/_localstack/health", server.aws().url);
    let answer = server.aws().http.get(url).send().await.expect("an answer");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(
        body["services"],
        json!({ "stepfunctions": "running", "sqs": "running", "sts": "running" })
    );
}

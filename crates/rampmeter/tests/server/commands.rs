//! The command line against a running server.

use std::process::Command;

use serde_json::{Value, json};

use crate::aws::execution_arn;
use crate::process::{Server, rampmeter, run, stderr, stdout};
use crate::vendor::Vendor;
use crate::workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn start_prints_the_arn_and_waits_when_asked() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let started = server
        .cli(&workspace, &["start", "pass", "--name", "one"], "")
        .await;
    assert_eq!(started.status.code(), Some(0), "{}", stderr(&started));
    assert_eq!(stdout(&started).trim(), execution_arn("pass", "one"));

    let arguments = ["start", "pass", "--input", "-", "--wait"];
    let waited = server.cli(&workspace, &arguments, "{\"a\": [1, 2]}").await;
    let output: Value = serde_json::from_str(&stdout(&waited)).expect("the output is JSON");
    assert_eq!(output, json!({ "a": [1, 2] }));

    let as_json = server
        .cli(&workspace, &["start", "pass", "--wait", "--json"], "")
        .await;
    let ended: Value = serde_json::from_str(&stdout(&as_json)).expect("JSON");
    assert_eq!(
        (&ended["schema"], &ended["status"]),
        (&json!("rampmeter.ended/1"), &json!("SUCCEEDED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_failure_usage_and_impatience_apart() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let server = Server::start(&workspace).await;
    let impatient = [
        "start",
        "pay",
        "--name",
        "one",
        "--input",
        "-",
        "--wait",
        "--timeout",
        "50ms",
    ];
    let impatient = server
        .cli(&workspace, &impatient, r#"{"order":"SO-1"}"#)
        .await;
    assert_eq!(impatient.status.code(), Some(4), "{}", stderr(&impatient));

    let input = json!({ "taskToken": server.aws().task_token(&execution_arn("pay", "one")).await });
    server.aws().must("SendTaskFailure", input).await;
    let failed = server
        .cli(&workspace, &["start", "pay", "--name", "one"], "")
        .await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        stderr(&failed).contains("ExecutionAlreadyExists"),
        "{}",
        stderr(&failed)
    );

    for (arguments, code) in [
        (&["start", "nope"][..], 1),
        (&["exec", "show", "nope"], 1),
        (&["start", "pay", "--input", "no-such-file.json"], 2),
        (&["start"], 2),
        (&["exec", "list", "--server", "not a url"], 2),
        (&["exec", "list", "--server", "127.0.0.1:9"], 3),
    ] {
        let output = server.cli(&workspace, arguments, "").await;
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stdout(&output).is_empty(),
            "{arguments:?}: errors are not data"
        );
        assert!(
            stderr(&output).contains("error"),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn start_lines_starts_one_execution_a_line() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let lines: String = (0..100)
        .map(|number| format!("{{\"n\":{number}}}\n"))
        .collect();
    let arguments = [
        "start", "pass", "--lines", "--input", "-", "--name", "n", "-o", "id",
    ];
    let started = server.cli(&workspace, &arguments, &lines).await;
    assert_eq!(started.status.code(), Some(0), "{}", stderr(&started));
    let mut arns: Vec<_> = stdout(&started).lines().map(str::to_owned).collect();
    arns.sort();
    let mut expected: Vec<_> = (1..=100)
        .map(|number| execution_arn("pass", &format!("n-{number}")))
        .collect();
    expected.sort();
    assert_eq!(arns, expected);

    let arguments = ["start", "pass", "--lines", "--input", "-", "--wait"];
    let waited = server
        .cli(&workspace, &arguments, "{\"a\":1}\n\nnot json\n{\"a\":2}\n")
        .await;
    assert_eq!(waited.status.code(), Some(1));
    let told = stderr(&waited);
    assert!(told.contains("line 3: InvalidExecutionInput"), "{told}");
    assert!(told.contains("2 started, 2 succeeded, 1 failed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_show_tells_where_an_execution_waits_and_why() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let server = Server::start(&workspace).await;
    for name in ["first", "second"] {
        server
            .aws()
            .start("pay", name, json!({ "order": name }))
            .await;
        vendor.has_received(1).await;
    }
    let shown = server
        .cli(&workspace, &["exec", "show", "second", "--events"], "")
        .await;
    let text = stdout(&shown);
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    for part in [
        "status     RUNNING",
        "in \"Pay\" for the result of a task",
        "to vendor HIGH key second: waiting, 0 ahead",
        "held by    limit account: 1 of 1 used",
        "TaskSubmitted",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }

    let as_json = server
        .cli(
            &workspace,
            &["exec", "show", "first", "--events", "--json"],
            "",
        )
        .await;
    let execution: Value = serde_json::from_str(&stdout(&as_json)).expect("JSON");
    assert_eq!(execution["waiting_at"]["call"]["status"], "in flight");
    assert_eq!(execution["events"][0]["type"], "ExecutionStarted");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_calls_limits_and_targets_tell_what_waits_and_what_holds_it() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let server = Server::start(&workspace).await;
    for name in ["one", "two"] {
        let input = json!({ "order": name }).to_string();
        let arguments = ["start", "pay", "--name", name, "--input", "-"];
        server.cli(&workspace, &arguments, &input).await;
    }
    vendor.has_received(1).await;

    let calls = stdout(&server.cli(&workspace, &["call", "list"], "").await);
    let rows: Vec<&str> = calls.lines().skip(1).collect();
    assert!(
        rows[0].contains("one") && rows[0].contains("in flight"),
        "{calls}"
    );
    assert!(
        rows[1].contains("two") && rows[1].contains("waiting"),
        "{calls}"
    );
    assert!(rows[1].contains("limit account: 1 of 1 used"), "{calls}");
    let limits = stdout(&server.cli(&workspace, &["limit", "list"], "").await);
    assert!(
        limits.contains("account") && limits.contains("1 / 1"),
        "{limits}"
    );
    let targets = server
        .cli(&workspace, &["target", "list", "--json"], "")
        .await;
    let targets: Value = serde_json::from_str(&stdout(&targets)).expect("JSON");
    assert_eq!(targets["schema"], "rampmeter.targets/2");
    assert_eq!(targets["targets"][0]["waiting"]["HIGH"], 1);
    let ids = stdout(
        &server
            .cli(&workspace, &["target", "list", "-o", "id"], "")
            .await,
    );
    assert_eq!(ids.trim(), "vendor");
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_list_and_stop_work_across_workflows() {
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let server = Server::start(&workspace).await;
    server
        .aws()
        .start("pay", "held", json!({ "order": "SO-1" }))
        .await;
    let done = server.aws().start("pass", "done", json!({})).await;
    server.aws().ended(&done).await;

    let all = server
        .cli(&workspace, &["exec", "list", "-o", "jsonl"], "")
        .await;
    let items: Vec<Value> = stdout(&all)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let mut found: Vec<_> = items
        .iter()
        .map(|item| (item["name"].clone(), item["status"].clone()))
        .collect();
    found.sort_by_key(|(name, _)| name.to_string());
    assert_eq!(
        found,
        [
            (json!("done"), json!("SUCCEEDED")),
            (json!("held"), json!("RUNNING"))
        ]
    );
    let running = ["exec", "list", "--status", "running", "-o", "id"];
    let running = server.cli(&workspace, &running, "").await;
    assert_eq!(stdout(&running).trim(), execution_arn("pay", "held"));

    let stopped = server
        .cli(&workspace, &["exec", "stop", "held", "--cause", "test"], "")
        .await;
    assert_eq!(stopped.status.code(), Some(0), "{}", stderr(&stopped));
    let described = server.aws().ended(&execution_arn("pay", "held")).await;
    assert_eq!(
        (&described["status"], &described["cause"]),
        (&json!("ABORTED"), &json!("test"))
    );
    let ended = server.cli(&workspace, &["exec", "stop", "done"], "").await;
    assert_eq!(
        ended.status.code(),
        Some(1),
        "what has ended cannot be stopped"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_finds_what_is_wrong_without_a_server() {
    let workspace = Workspace::without_vendor();
    let check = async |arguments: &[&str]| {
        let mut command = rampmeter(workspace.path());
        command.arg("check").args(arguments);
        run(command, "").await
    };
    let good = check(&["rampmeter.toml", "pass.asl.json"]).await;
    assert_eq!(good.status.code(), Some(0), "{}", stdout(&good));
    assert!(
        stdout(&good).contains("1 target, 2 workflows"),
        "{}",
        stdout(&good)
    );

    let definition = "{\n \"StartAt\": \"B\",\n \"States\": {\n  \
                      \"A\": { \"Type\": \"Pass\", \"Next\": \"Gone\" },\n  \
                      \"B\": { \"Type\": \"Choice\", \"Default\": \"A\", \"Choices\": [\
                      { \"Variable\": \"$.c\", \"IsPresent\": true, \"Next\": \"C\" }] },\n  \
                      \"C\": { \"Type\": \"Succeed\" } } }";
    workspace.write("pass.asl.json", definition);
    let bad = check(&["rampmeter.toml"]).await;
    assert_eq!(bad.status.code(), Some(1));
    assert!(stdout(&bad).contains("error[RM1001]"), "{}", stdout(&bad));
    assert!(
        stdout(&bad).contains("\"Gone\""),
        "the place is shown: {}",
        stdout(&bad)
    );
    let bad = check(&["pass.asl.json", "--json"]).await;
    let report: Value = serde_json::from_str(&stdout(&bad)).expect("JSON");
    assert_eq!(
        (&report["schema"], report["errors"].as_u64()),
        (&json!("rampmeter.check/1"), Some(1))
    );
    let problem = &report["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["column"]),
        (&json!(4), &json!(34))
    );
    assert_eq!(problem["aws_code"], "MISSING_TRANSITION_TARGET");

    workspace.write("rampmeter.toml", "version = 1\nnonsense = 1\n");
    let bad = check(&["rampmeter.toml", "--json"]).await;
    let report: Value = serde_json::from_str(&stdout(&bad)).expect("JSON");
    assert_eq!(
        (&report["problems"][0]["code"], bad.status.code()),
        (&json!("RM0102"), Some(1))
    );
    assert_eq!(check(&["no-such-file.toml"]).await.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_warns_of_what_hurts_and_still_succeeds() {
    let workspace = Workspace::without_vendor();
    let pay = std::fs::read_to_string(workspace.path().join("pay.asl.json")).expect("a definition");
    let pay = pay.replace("\"TimeoutSeconds\": 3600", "\"HeartbeatSeconds\": 60");
    workspace.write("pay.asl.json", &pay);
    let check = async |arguments: &[&str]| {
        let mut command = rampmeter(workspace.path());
        command.args(["check", "rampmeter.toml"]).args(arguments);
        run(command, "").await
    };
    let warned = check(&[]).await;
    let told = stdout(&warned);
    assert_eq!(warned.status.code(), Some(0), "{told}");
    assert!(told.contains("warning[RM1104]"), "{told}");
    assert!(told.contains("= see: rampmeter explain RM1104"), "{told}");
    assert!(told.contains("2 workflows, 1 warning"), "{told}");

    let report: Value =
        serde_json::from_str(&stdout(&check(&["--format", "json"]).await)).expect("JSON");
    assert_eq!(
        (&report["errors"], &report["warnings"]),
        (&json!(0), &json!(1))
    );
    let log: Value =
        serde_json::from_str(&stdout(&check(&["--format", "sarif"]).await)).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "RM1104");
    let result = &run["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&json!("RM1104"), &json!("warning"))
    );
    let location = &result["locations"][0];
    assert_eq!(
        location["logicalLocations"][0]["fullyQualifiedName"],
        "/States/Pay/HeartbeatSeconds"
    );
    let region = &location["physicalLocation"]["region"];
    assert!(region["startLine"].as_u64() > Some(1), "{region}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_knows_what_an_express_state_machine_may_not_do() {
    let workspace = Workspace::without_vendor();
    workspace.write(
        "wait.asl.json",
        r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "TimeoutSeconds": 9,
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}}}}"#,
    );
    for (kind, status) in [("standard", 0), ("express", 1)] {
        let mut command = rampmeter(workspace.path());
        command.args(["check", "wait.asl.json", "--type", kind]);
        let checked = run(command, "").await;
        assert_eq!(checked.status.code(), Some(status), "{}", stdout(&checked));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn env_prints_what_a_shell_can_evaluate() {
    let workspace = Workspace::without_vendor();
    let mut command = rampmeter(workspace.path());
    command.args(["env", "--server", "http://127.0.0.1:1234"]);
    let lines = stdout(&run(command, "").await);
    let mut shell = Command::new("sh");
    // A shell in use has credentials and a profile of its own.
    shell
        .env_clear()
        .envs([("AWS_SESSION_TOKEN", "mine"), ("AWS_PROFILE", "mine")])
        .args(["-c", &format!("{lines}\n/usr/bin/env")]);
    let variables = stdout(&run(shell, "").await);
    let has = |line: &str| variables.lines().any(|one| one == line);
    for line in [
        "AWS_ENDPOINT_URL_SQS=http://127.0.0.1:1234",
        "AWS_ENDPOINT_URL_STS=http://127.0.0.1:1234",
        "AWS_DISABLE_HOST_PREFIX_INJECTION=true",
        "AWS_REGION=us-east-1",
        "AWS_DEFAULT_REGION=us-east-1",
    ] {
        assert!(has(line), "{line} is not in:\n{variables}");
    }
    assert!(
        has("AWS_ENDPOINT_URL_SFN=http://127.0.0.1:1234")
            || has("AWS_ENDPOINT_URL_SFN=http://rampmeter.localhost:1234"),
        "{variables}"
    );
    assert!(!variables.contains("mine"), "{variables}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn env_gives_the_cli_of_version_1_the_endpoint_that_it_does_not_read() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = Workspace::without_vendor();
    let mut command = rampmeter(workspace.path());
    command.args(["env", "--server", "http://127.0.0.1:1234"]);
    let lines = stdout(&run(command, "").await);
    workspace.write("aws", "#!/bin/sh\necho \"$@\"\n");
    let aws = workspace.path().join("aws");
    std::fs::set_permissions(aws, std::fs::Permissions::from_mode(0o755)).expect("a file");
    let mut shell = Command::new("/bin/sh");
    shell.env("PATH", workspace.path()).args([
        "-c",
        &format!(
            "{lines}\naws sqs list-queues\naws s3 ls\naws --endpoint-url http://x sqs list-queues"
        ),
    ]);
    assert_eq!(
        stdout(&run(shell, "").await),
        "--endpoint-url http://127.0.0.1:1234 sqs list-queues\ns3 ls\n--endpoint-url http://x sqs list-queues\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_what_a_code_means() {
    let workspace = Workspace::without_vendor();
    let explain = async |code: &str| {
        let mut command = rampmeter(workspace.path());
        command.args(["explain", code]);
        run(command, "").await
    };
    let known = explain("rm2002").await;
    assert_eq!(
        stdout(&known),
        "RM2002  Another process has the data directory.\n"
    );
    assert!(stdout(&explain("RM0102").await).starts_with("RM0102  "));
    assert_eq!(explain("RM9999").await.status.code(), Some(2));
}

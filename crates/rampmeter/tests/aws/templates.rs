//! The templates, the report and the steps of every example and of the fixtures.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{is_golden, rampmeter, root, stderr, stdout};

/// Folders whose configuration has an `[aws]`: the examples, and what `testing/aws` adds to them.
fn deployments() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for parent in ["examples", "testing/aws"] {
        for entry in fs::read_dir(root().join(parent)).expect("a folder") {
            let folder = entry.expect("an entry").path();
            let text = fs::read_to_string(folder.join("rampmeter.toml")).unwrap_or_default();
            if text.contains("\n[aws") {
                found.push(folder);
            }
        }
    }
    found.sort();
    found
}

fn name(folder: &Path) -> String {
    folder.file_name().expect("a name").display().to_string()
}

#[test]
fn every_deployment_has_its_golden_templates_and_the_same_text_every_time() {
    let deployments = deployments();
    assert!(deployments.len() >= 3, "{deployments:?}");
    for folder in deployments {
        for emit in ["sam", "cfn"] {
            let synth = || rampmeter(&folder, &["aws", "synth", "--emit", emit]);
            let (one, other) = (synth(), synth());
            assert!(one.status.success(), "{}", stderr(&one));
            assert_eq!(one.stdout, other.stdout);
            is_golden(&format!("{}.{emit}.yaml", name(&folder)), &stdout(&one));
        }
    }
}

#[test]
fn every_deployment_has_its_golden_report() {
    for folder in deployments() {
        let checked = rampmeter(&folder, &["aws", "check"]);
        assert!(checked.status.success(), "{}", stdout(&checked));
        is_golden(&format!("{}.check.txt", name(&folder)), &stdout(&checked));
    }
}

#[test]
fn the_report_has_three_forms_and_prices_that_can_be_others() {
    let folder = root().join("examples/order-sync");
    let with = |arguments: &[&str]| {
        let mut all = vec!["aws", "synth"];
        all.extend(arguments);
        let output = rampmeter(&folder, &all);
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    assert!(with(&["--report"]).contains("netsuite/minute"));
    assert!(with(&["--report=markdown"]).contains("| minute | 6000 in any 1m |"));
    let json = |arguments: &[&str]| -> Value {
        let text = with(arguments);
        serde_json::from_str(text.trim()).expect("JSON")
    };
    let report = json(&["--report=json", "--calls", "2000000", "--latency", "1s"]);
    assert_eq!(report["schema"], "rampmeter.aws-report/1");
    let limits = &report["targets"][0]["limits"];
    assert_eq!(
        (&limits[0]["held"], &limits[0]["starts_per_second"]),
        (&"exact".into(), &15.0.into())
    );
    // 6,000 in a minute, a quarter of a second for the clocks, 953 ms for the buckets, a second for the answer.
    assert_eq!(
        (&limits[1]["late_ms"], &limits[1]["starts_per_second"]),
        (&1203.into(), &96.46.into())
    );
    assert_eq!(report["targets"][0]["bounded_by"], "account");
    assert_eq!(
        report["secrets"],
        serde_json::json!(["order-sync/netsuite-token"])
    );
    // Two million executions of five transitions at 25 dollars a million.
    let step_functions = &report["cost"]["items"][0];
    assert_eq!(
        (&step_functions["service"], &step_functions["usd"]),
        (&"Step Functions".into(), &250.0.into())
    );
    let prices = tempfile::tempdir().expect("a temporary directory");
    let file = prices.path().join("prices.toml");
    fs::write(
        &file,
        "as_of = \"2027-01-01\"\nstep_functions_million_transitions = 50.0",
    )
    .expect("written");
    let dearer = json(&[
        "--report=json",
        "--calls",
        "2000000",
        "--prices",
        file.to_str().expect("UTF-8"),
    ]);
    assert_eq!(dearer["cost"]["items"][0]["usd"], 500.0);
    assert_eq!(dearer["cost"]["prices_as_of"], "2027-01-01");
}

#[test]
fn a_folder_gets_the_template_the_definitions_and_the_layer_and_the_user_the_next_steps() {
    let folder = root().join("examples/order-sync");
    let out = tempfile::tempdir().expect("a temporary directory");
    let path = out.path().to_str().expect("UTF-8");
    let output = rampmeter(&folder, &["aws", "synth", "--out", path]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    let read = |file: &str| fs::read(out.path().join(file)).expect(file);
    let original = |file: &str| fs::read(folder.join(file)).expect(file);
    assert_eq!(read("layer/rampmeter.toml"), original("rampmeter.toml"));
    assert_eq!(
        read("statemachines/order-sync.asl.json"),
        original("order-sync.asl.json")
    );
    assert!(!read("template.yaml").is_empty());
    let told = stderr(&output);
    for step in [
        "aws secretsmanager create-secret --name order-sync/netsuite-token --secret-string file://FILE",
        "sam deploy --template-file template.yaml --stack-name order-sync --resolve-s3 --capabilities CAPABILITY_IAM",
    ] {
        assert!(told.contains(step), "{told}");
    }
    let again = rampmeter(&folder, &["aws", "synth", "--emit", "cfn", "--out", path]);
    assert!(again.status.success(), "what is made may be made again");
    assert!(stderr(&again).contains("aws cloudformation deploy"));
}

#[test]
fn a_configuration_in_json_and_a_number_for_a_substitution_deploy_too() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write =
        |file: &str, text: &str| fs::write(folder.path().join(file), text).expect("written");
    write(
        "rampmeter.json",
        r#"{ "targets": { "crm": { "base_url": "https://crm.example.com", "limits": [{ "name": "a", "concurrency": 2 }] } },
             "workflows": { "w": { "definition": "w.asl.json", "substitutions": { "Wait": 600 } } } }"#,
    );
    // The number has no quotes around it, so the file alone is not JSON.
    let definition = r#"{ "StartAt": "A", "States": { "A": { "Type": "Task", "End": true, "TimeoutSeconds": ${Wait},
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": { "QueueUrl": "${CrmBatch}", "MessageBody": { "TaskToken.$": "$$.Task.Token", "Method": "GET", "Path": "/",
            "IdempotencyKey.$": "States.Format('{}{}', $$.Execution.Id, $$.State.EnteredTime)" } } } } }"#;
    write("w.asl.json", definition);
    let arguments = [
        "aws",
        "synth",
        "--config",
        "rampmeter.json",
        "--notation",
        "json",
        "--out",
        "out",
    ];
    let output = rampmeter(folder.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let read = |file: &str| fs::read_to_string(folder.path().join("out").join(file)).expect(file);
    assert!(read("layer/rampmeter.json").starts_with("{ \"targets\""));
    assert_eq!(read("statemachines/w.asl.json"), definition);
    let template: Value = serde_json::from_str(&read("template.json")).expect("JSON");
    let resources = &template["Resources"];
    let variables = &resources["CrmWorkerFunction"]["Properties"]["Environment"]["Variables"];
    assert_eq!(variables["RAMPMETER_CONFIG"], "/opt/rampmeter.json");
    let machine = &resources["WStateMachine"]["Properties"];
    assert_eq!(machine["DefinitionSubstitutions"]["Wait"], "600");
    let rights =
        &resources["WStateMachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let sends = rights
        .as_array()
        .and_then(|rights| rights.iter().find(|right| right["Sid"] == "SendMessages"));
    let queue = &sends.expect("a right to send")["Resource"][0]["Fn::Sub"];
    assert!(
        queue
            .as_str()
            .is_some_and(|arn| arn.ends_with(":crm-batch")),
        "{rights}"
    );
}

#[test]
fn next_steps_that_would_go_to_this_machine_are_warned_of() {
    let folder = root().join("examples/order-sync");
    let out = tempfile::tempdir().expect("a temporary directory");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rampmeter"))
        .args(["aws", "synth", "--out"])
        .arg(out.path())
        .current_dir(&folder)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
        .output()
        .expect("the binary runs");
    let told = stderr(&output);
    assert!(
        told.contains("warning: AWS_ENDPOINT_URL is http://127.0.0.1:4566"),
        "{told}"
    );
}

#[test]
fn two_stages_of_one_configuration_share_no_name_and_keep_their_logical_ids() {
    let folder = root().join("testing/aws/everything");
    let synth = |stage: &[&str]| -> Value {
        let mut arguments = vec!["aws", "synth", "--emit", "cfn", "--notation", "json"];
        arguments.extend(stage);
        let output = rampmeter(&folder, &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).expect("JSON")
    };
    let names = |template: &Value| {
        let mut names = Vec::new();
        for resource in template["Resources"]
            .as_object()
            .expect("resources")
            .values()
        {
            for key in [
                "QueueName",
                "FunctionName",
                "StateMachineName",
                "LogGroupName",
                "Name",
            ] {
                let name = resource["Properties"][key].as_str();
                names.extend(name.map(|name| format!("{}/{name}", resource["Type"])));
            }
        }
        names
    };
    let (dev, live, none) = (
        synth(&["--stage", "dev"]),
        synth(&["--stage", "live"]),
        synth(&[]),
    );
    let (of_dev, of_live) = (names(&dev), names(&live));
    assert!(of_dev.len() > 30, "{of_dev:?}");
    assert_eq!(of_dev.len(), names(&none).len());
    let shared: Vec<&String> = of_dev
        .iter()
        .filter(|name| of_live.contains(name))
        .collect();
    assert_eq!(shared, Vec::<&String>::new());
    let ids = |template: &Value| -> Vec<String> {
        let resources = template["Resources"].as_object().expect("resources");
        resources.keys().cloned().collect()
    };
    assert_eq!(ids(&dev), ids(&none));
    assert!(
        !dev.to_string().contains(":netsuite-"),
        "an ARN of another stage is named"
    );
    let wrong = rampmeter(&folder, &["aws", "synth", "--stage", "Dev_1"]);
    assert_eq!(wrong.status.code(), Some(2));
}

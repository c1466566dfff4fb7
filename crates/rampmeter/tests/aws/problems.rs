//! Every problem that a deployment can have, as it is shown: each code once, with its place and its remedy.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::{is_golden, rampmeter, root, stdout};

/// A configuration, and the definition of its workflow `w` if it has one.
struct Case {
    configuration: String,
    definition: String,
}

const TARGET: &str = "[targets.crm]\nbase_url = \"https://crm.example.com\"\n";
const LIMIT: &str = "[[targets.crm.limits]]\nname = \"account\"\nconcurrency = 8\n";
const WORKFLOW: &str = "[workflows.w]\ndefinition = \"w.asl.json\"\n";
const KEY: &str =
    r#""IdempotencyKey.$": "States.Format('{}/{}', $$.Execution.Id, $$.State.EnteredTime)""#;

fn configured(parts: &[&str]) -> Case {
    Case {
        configuration: parts.concat(),
        definition: String::new(),
    }
}

/// A workflow of one state.
fn defined(state: &str) -> Case {
    Case {
        configuration: [TARGET, LIMIT, WORKFLOW].concat(),
        definition: format!(
            "{{\n  \"StartAt\": \"A\",\n  \"States\": {{\n    \"A\": {state}\n  }}\n}}\n"
        ),
    }
}

fn call(body: &str, fields: &str) -> String {
    format!(
        r#"{{
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {{
        "QueueUrl": "${{CrmHigh}}",
        "MessageBody": {{ "TaskToken.$": "$$.Task.Token", "Method": "POST", "Path": "/x"{body} }}
      }},{fields}
      "End": true
    }}"#
    )
}

fn with_key(fields: &str) -> Case {
    defined(&call(&format!(", {KEY}"), fields))
}

const TIMEOUT: &str = "\n      \"TimeoutSeconds\": 600,";

fn cases() -> Vec<Case> {
    let mut cases = of_definitions();
    cases.extend(of_targets());
    cases
}

/// References, calls, definitions.
fn of_definitions() -> Vec<Case> {
    let in_map = format!(
        r#"{{
      "Type": "Map",
      "ItemProcessor": {{
        "StartAt": "B",
        "States": {{
          "B": {}
        }}
      }},
      "End": true
    }}"#,
        call(&format!(", {KEY}"), TIMEOUT)
    );
    vec![
        // References: the configuration's own codes.
        configured(&[
            TARGET,
            "auth = { kind = \"bearer\", secret = \"${env:TOKEN}\" }\n",
        ]),
        configured(&[
            TARGET,
            "auth = { kind = \"bearer\", secret = \"${secret:a b}\" }\n",
        ]),
        configured(&[
            TARGET,
            "[workflows.w]\ndefinition = \"w.asl.json\"\nsubstitutions = { A = \"${secret:a}\" }\n",
        ]),
        // Calls.
        defined(&call("", TIMEOUT)),
        defined(
            &call("", TIMEOUT)
                .replace(
                    "\"Type\"",
                    "\"QueryLanguage\": \"JSONata\",\n      \"Type\"",
                )
                .replace("Parameters", "Arguments")
                .replace(
                    "\"TaskToken.$\": \"$$.Task.Token\"",
                    "\"TaskToken\": \"{% $states.context.Task.Token %}\"",
                ),
        ),
        with_key(""),
        with_key("\n      \"TimeoutSeconds\": 1300000,"),
        defined(&in_map),
        defined(&call(", \"IdempotencyKey\": \"same\"", TIMEOUT)),
        defined(&call(
            &format!(", {KEY}, \"OrderingKey.$\": \"$.customer\""),
            TIMEOUT,
        )),
        // Definitions.
        defined(&format!(
            "{{ \"Type\": \"Pass\", \"Result\": \"{}\", \"End\": true }}",
            "x".repeat(300_000)
        )),
        defined(
            r#"{ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:price", "End": true }"#,
        ),
        defined(
            r#"{ "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem", "Parameters": {}, "End": true }"#,
        ),
    ]
}

/// Targets, limits, names.
fn of_targets() -> Vec<Case> {
    let window = |calls: u32, per: &str| {
        format!("[[targets.crm.limits]]\nname = \"w{calls}\"\ncalls = {calls}\nper = \"{per}\"\n")
    };
    let many: String = (0..9)
        .map(|at| {
            format!(
                "[[targets.crm.limits]]\nname = \"window-{at}\"\ncalls = 100000\nper = \"1m\"\n"
            )
        })
        .collect();
    let long = "a".repeat(53);
    vec![
        // Targets.
        configured(&[TARGET, "timeout = \"14m\"\n", LIMIT]),
        configured(&[TARGET, LIMIT, "counts = \"requests-and-jobs\"\n"]),
        configured(&[TARGET, "max_wait = \"2h\"\n", LIMIT]),
        configured(&[TARGET, LIMIT, "by = \"MessageGroupId\"\n"]),
        configured(&[
            TARGET,
            "auth = { kind = \"oauth2-refresh-token\", client_id = \"c\", client_secret = \"${secret:s}\", \
             refresh_token = \"${secret:r}\", token_url = \"https://crm.example.com/token\" }\n",
            LIMIT,
        ]),
        configured(&[
            TARGET,
            "jobs = \"status-monitor\"\n",
            LIMIT,
            "[aws]\nlimiter = \"reserved\"\n",
        ]),
        configured(&[TARGET, "response = { select = \"$.items[\" }\n", LIMIT]),
        configured(&[TARGET, "retry = { max = \"13h\" }\n", LIMIT]),
        configured(&[
            "[targets.crm]\nbase_url = \"http://127.0.0.1:4700\"\n",
            LIMIT,
        ]),
        configured(&[
            "[targets.crm]\nbase_url = \"https://10.0.0.7\"\nallow_networks = [\"10.0.0.0/8\"]\n",
            LIMIT,
        ]),
        configured(&[TARGET, "limits = []\n"]),
        // Limits.
        configured(&[TARGET, &window(10, "20d")]),
        configured(&[TARGET, &many]),
        configured(&[TARGET, &window(60_000, "1m")]),
        configured(&[
            TARGET,
            LIMIT,
            &window(10, "1m"),
            "[aws]\nlimiter = \"reserved\"\n",
        ]),
        configured(&[
            TARGET,
            &LIMIT.replace('8', "5"),
            "[aws]\nlimiter = \"reserved\"\n",
        ]),
        // Calls that leave and that no table remembers.
        configured(&[
            TARGET,
            "on_unknown = \"fail\"\n",
            LIMIT,
            "[aws]\nlimiter = \"reserved\"\n",
        ]),
        // Names.
        configured(&[&TARGET.replace("crm", &long), &LIMIT.replace("crm", &long)]),
        configured(&[
            TARGET,
            LIMIT,
            "[functions.crm-worker]\nhttp = \"http://127.0.0.1:9000\"\n",
        ]),
    ]
}

#[test]
fn every_problem_is_shown_with_its_code_its_place_and_its_way_out() {
    let mut shown = String::new();
    let mut codes = BTreeSet::new();
    for case in cases() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let write =
            |file: &str, text: &str| fs::write(directory.path().join(file), text).expect("written");
        write("rampmeter.toml", &case.configuration);
        write(
            "w.asl.json",
            if case.definition.is_empty() {
                "{}"
            } else {
                &case.definition
            },
        );
        let output = rampmeter(directory.path(), &["check", "--aws", "rampmeter.toml"]);
        // The long text is the data itself.
        for line in stdout(&output).lines() {
            shown.extend(line.chars().take(160));
            shown.push('\n');
        }
        shown.push_str("----\n");
        let json = rampmeter(directory.path(), &["aws", "check", "--format", "json"]);
        let answer: Value = serde_json::from_str(&stdout(&json)).expect("JSON");
        let problems = answer["problems"].as_array().expect("problems");
        assert!(!problems.is_empty(), "{}", case.configuration);
        for problem in problems {
            codes.insert(problem["code"].as_str().expect("a code").to_owned());
            assert!(problem["line"].as_u64().is_some(), "{problem}");
        }
        let errors = problems
            .iter()
            .filter(|problem| problem["severity"] == "error");
        let expected = if errors.count() > 0 { 1 } else { 0 };
        assert_eq!(
            (output.status.code(), json.status.code()),
            (Some(expected), Some(expected))
        );
        // A deployment with errors has no template; one with warnings has one.
        let synth = rampmeter(directory.path(), &["aws", "synth"]);
        assert_eq!(
            synth.status.code(),
            Some(2 * expected),
            "{}",
            case.configuration
        );
        assert_eq!(synth.stdout.is_empty(), expected == 1);
    }
    is_golden("problems.txt", &shown);
    let explained = rampmeter(&root(), &["explain", "-o", "id"]);
    let all = stdout(&explained);
    let of_aws = all.lines().filter(|code| code.starts_with("RM3"));
    // A secret's value is missing only in the function; the account's concurrency comes from the command line; commands
    // that operate a stack ask AWS; a file that cannot be written is tested below.
    let unseen: Vec<&str> = of_aws.filter(|code| !codes.contains(*code)).collect();
    assert_eq!(
        unseen,
        [
            "RM3002", "RM3035", "RM3040", "RM3041", "RM3042", "RM3043", "RM3090"
        ]
    );
}

#[test]
fn an_account_that_is_too_small_is_told_before_anything_is_deployed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let check = |more: &str, concurrency: &str| {
        let text = [TARGET, "on_unknown = \"retry\"\n", LIMIT, more].concat();
        fs::write(directory.path().join("rampmeter.toml"), text).expect("written");
        let arguments = ["aws", "check", "--account-concurrency", concurrency];
        let output = rampmeter(directory.path(), &arguments);
        (output.status.code(), stdout(&output))
    };
    let reserved = "[aws]\nlimiter = \"reserved\"\n";
    let (status, text) = check(reserved, "10");
    assert_eq!(status, Some(1));
    assert!(
        text.contains("error[RM3035]: the workers reserve 8 of the 10"),
        "{text}"
    );
    assert_eq!(check(reserved, "108").0, Some(0));
    // Leases reserve nothing: a new account with a limit of 10 deploys at the first attempt.
    let (status, text) = check("", "7");
    assert_eq!(status, Some(0));
    assert!(text.contains("warning[RM3035]"), "{text}");
    assert!(!check("", "10").1.contains("RM3035"));
}

#[test]
fn sarif_has_a_rule_for_each_code_and_a_place_for_each_result() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(
        directory.path().join("rampmeter.toml"),
        [TARGET, "limits = []\n"].concat(),
    )
    .expect("written");
    let output = rampmeter(directory.path(), &["aws", "check", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&"RM3025".into(), &"warning".into())
    );
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"]["startLine"],
        1
    );
}

#[test]
fn a_definition_alone_is_checked_for_aws_too() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let case = defined(&call("", TIMEOUT));
    fs::write(directory.path().join("w.asl.json"), case.definition).expect("written");
    let here = rampmeter(directory.path(), &["check", "--aws", "w.asl.json"]);
    assert_eq!(here.status.code(), Some(1));
    assert!(stdout(&here).contains("error[RM3010]"), "{}", stdout(&here));
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let folder = root().join("examples/order-sync");
    let output = rampmeter(&folder, &["aws", "synth", "--out", "rampmeter.toml/x"]);
    assert_eq!(output.status.code(), Some(1));
    let told = crate::stderr(&output);
    assert!(
        told.contains("error[RM3090]: rampmeter.toml/x/template.yaml cannot be written"),
        "{told}"
    );
}

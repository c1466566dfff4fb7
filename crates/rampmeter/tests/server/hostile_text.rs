//! Text from vendors, workflows, messages and files, in every command that shows it: nothing that a terminal would obey
//! gets through.

use std::collections::BTreeSet;

use serde_json::json;

use crate::calls::{say, vendor};
use crate::process::{Server, eventually, rampmeter, run, stdout};
use crate::workspace::Workspace;

/// A title, a cleared screen, a colour, the one-character form of an escape, and text that runs backwards.
const HOSTILE: &str = "\u{1b}]0;CANARY\u{7}\u{1b}[2J\u{1b}[31mred\u{9b}31m\u{202e}evil\u{200b}";

/// Commands that show what others wrote, each with arguments.
const SHOWING: &[&[&str]] = &[
    &["exec", "list"],
    &["exec", "list", "-o", "id"],
    &["exec", "show", "fails-1", "--events"],
    &["exec", "show", "fails-1", "--json"],
    &["exec", "stop", "fails-1"],
    &["exec", "redrive", "fails-1"],
    &["start", "fails", "--wait"],
    &["call", "list"],
    &["call", "list", "-o", "jsonl"],
    &["call", "show", "c-1", "--include"],
    &["call", "show", "c-1", "--json"],
    &["call", "why", "c-2"],
    &["call", "move", "c-2", "batch"],
    &["call", "cancel", "c-2", "--reason", HOSTILE],
    &["call", "submit", "vendor", "GET", "/text", "--no-wait"],
    &["dlq", "list"],
    &["dlq", "list", "--json"],
    &["dlq", "groups"],
    &["dlq", "redrive", "c-1"],
    &["dlq", "discard", "c-1"],
    &["target", "list"],
    &["target", "show", "vendor"],
    &["target", "resume", "nobody"],
    &["target", "drain", "nobody"],
    &["limit", "list"],
    &["limit", "changes"],
    &["limit", "set", "vendor/nothing", "1"],
    &["limit", "reset", "vendor/nothing"],
    &["health"],
    &["health", "--json"],
    &["check", "--offline", "hostile.asl.json"],
    &["check", "--offline", "hostile.toml"],
    &["check", "--offline", "hostile.toml", "--json"],
    &["--color", "always", "check", "--offline", "hostile.toml"],
    &[
        "--color",
        "always",
        "check",
        "--offline",
        "hostile.asl.json",
    ],
    &["simulate", "--config", "hostile.toml"],
    &["aws", "synth", "--config", "hostile.toml"],
    &["aws", "check", "--config", "hostile.toml"],
    &["aws", "status", HOSTILE, "--config", "hostile.toml"],
    &["aws", "pause", HOSTILE, "--config", "hostile.toml"],
    &["aws", "resume", HOSTILE, "--config", "hostile.toml"],
    &[
        "aws",
        "limit",
        "set",
        HOSTILE,
        "1",
        "--config",
        "hostile.toml",
    ],
    &["aws", "limit", "reset", HOSTILE, "--config", "hostile.toml"],
    &["target", "pause", "vendor", "--reason", HOSTILE],
    &["explain", HOSTILE],
    &["env", "--server", HOSTILE],
];

/// Commands that show nothing of others, or run a server or a benchmark of their own.
const OTHERS: &[&str] = &[
    "demo",
    "trial",
    "dev",
    "serve",
    "mock",
    "bench",
    "init",
    "completions",
    "backup",
    "restore",
    "call body",
    "target ping",
    "limit probe",
    "aws-api",
    "man",
    "version",
    // Names of users cannot have such characters.
    "user add",
    "user list",
    "user remove",
    "rules",
    "grafana",
    "mock netsuite",
    "mock salesforce",
    "mock sap",
    "mock http",
    "help",
];

fn obeyed(text: &str) -> Option<char> {
    text.chars().find(|letter| {
        (letter.is_control() && *letter != '\n' && *letter != '\t')
            || matches!(letter, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// Takes our own colours out of text that may have them.
fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut pieces = text.split("\u{1b}[");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        match piece.split_once('m') {
            Some((numbers, rest))
                if numbers
                    .chars()
                    .all(|one| one.is_ascii_digit() || one == ';') =>
            {
                // The hostile colour is one that no renderer of ours uses.
                assert_ne!(numbers, "31", "{piece:?}");
                out.push_str(rest);
            }
            _ => {
                out.push_str("\u{1b}[");
                out.push_str(piece);
            }
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_gives_a_terminal_what_others_wrote_for_it() {
    let base = vendor(|request| match request.uri().path() {
        "/text" => {
            let text = HOSTILE.to_owned();
            axum::response::IntoResponse::into_response((axum::http::StatusCode::BAD_REQUEST, text))
        }
        _ => say(400, &json!({ "title": HOSTILE, HOSTILE: HOSTILE })),
    })
    .await;
    let workspace = Workspace::new(&base, 1);
    let definition = json!({ "StartAt": HOSTILE, "States": { HOSTILE: { "Type": "Fail", "Error": HOSTILE, "Cause": HOSTILE } } });
    let wrong =
        json!({ "StartAt": "A", "States": { HOSTILE: { "Type": HOSTILE, "Next": HOSTILE } } });
    workspace.write("hostile.asl.json", &wrong.to_string());
    workspace.write(
        "hostile.toml",
        &format!(
            "version = 1\n\"{HOSTILE}\" = 1 # {HOSTILE}\n[targets.a]\nbase_url = \"{HOSTILE}\"\n"
        ),
    );
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    let role = "arn:aws:iam::000000000000:role/none";
    let made = json!({ "name": "fails", "definition": definition.to_string(), "roleArn": role });
    let made = aws.states("CreateStateMachine", made).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let arn = &made.body["stateMachineArn"];
    let input = json!({ HOSTILE: HOSTILE }).to_string();
    for name in ["fails-1", "n\u{202e}evil"] {
        let start = json!({ "stateMachineArn": arn, "name": name, "input": input });
        aws.states("StartExecution", start).await;
    }
    for path in ["/json", "/text"] {
        let message = json!({ "Method": "GET", "Path": path, "Key": "k\u{202e}evil" });
        let send = json!({ "QueueUrl": "vendor-high", "MessageBody": message.to_string() });
        aws.call("AmazonSQS.SendMessage", send).await;
    }
    eventually("both calls fail", async || {
        let letters = server.admin_json("/v1/dead-letters").await;
        (letters["dead_letters"].as_array().map(Vec::len) == Some(2)).then_some(())
    })
    .await;
    let pause = ["target", "pause", "vendor", "--reason", HOSTILE];
    server.cli(&workspace, &pause, "").await;
    let waits = [
        "call",
        "submit",
        "vendor",
        "GET",
        "/",
        "--no-wait",
        "--key",
        HOSTILE,
    ];
    server.cli(&workspace, &waits, "").await;

    let mut shown = String::new();
    for arguments in SHOWING {
        let output = server.cli(&workspace, arguments, "").await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let plain = if arguments[0] == "--color" {
            without_colours(&said)
        } else {
            said
        };
        assert_eq!(obeyed(&plain), None, "{arguments:?}: {plain:?}");
        shown.push_str(&plain);
    }
    // They were given something to pass on.
    assert!(
        shown.matches(r"\u001b]0;CANARY\u0007").count() > 10,
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_one_that_is_tried_with_hostile_text_or_shows_none() {
    let workspace = Workspace::without_vendor();
    let commands = async |of: &[&str]| -> Vec<String> {
        let mut command = rampmeter(workspace.path());
        command.args(of).arg("--help");
        let help = stdout(&run(command, "").await);
        let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
        let listed = listed.split("\n\n").next().unwrap_or_default().lines();
        listed
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    };
    let tried: BTreeSet<String> = SHOWING
        .iter()
        .map(|arguments| {
            arguments
                .iter()
                .copied()
                .filter(|word| !["--color", "always"].contains(word))
        })
        .flat_map(|mut words| {
            let first = words.next().unwrap_or_default().to_owned();
            let both = format!("{first} {}", words.next().unwrap_or_default());
            [first, both]
        })
        .collect();
    let known = |name: &str| tried.contains(name) || OTHERS.contains(&name);
    let mut unknown = Vec::new();
    for name in commands(&[]).await {
        let below = commands(&[&name]).await;
        if below.is_empty() {
            unknown.extend((!known(&name)).then(|| name.clone()));
        }
        for inner in below {
            let both = format!("{name} {inner}");
            unknown.extend((!known(&both) && inner != "help").then_some(both));
        }
    }
    assert_eq!(unknown, [""; 0], "these commands are in neither list");
}

//! Text from vendors, workflows, messages and files, in every command that shows it: nothing that a terminal would obey
//! gets through.

use serde_json::json;

use super::command_tree;
use crate::calls::{say, vendor};
use crate::process::{DEADLINE, Server, eventually};
use crate::workspace::Workspace;

/// A title, a cleared screen, a colour, the one-character form of an escape, text that runs backwards, and what is there unseen.
const HOSTILE: &str = "\u{1b}]0;CANARY\u{7}\u{1b}[2J\u{1b}[31mred\u{9b}31m\u{202e}evil\u{2066}\u{2067}\u{2068}\u{2069}\u{200f}\u{feff}\u{200b}";

/// What AWS lets a name be, and a message a key.
const BACKWARDS: &str = "n\u{202e}evil\u{2066}\u{2069}\u{200f}\u{feff}";

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

/// Commands that serve or measure for minutes. They are tried with arguments that end them before they begin.
const LONG_RUNNING: [&str; 6] = ["demo", "trial", "dev", "serve", "mock", "bench"];

/// The routing table of the admin port itself, so that no operation can be forgotten here.
const ROUTES: &str = include_str!("../../../../admin/src/routes/table.rs");

/// The first character of a text that a terminal would obey or that would change the order of others.
fn obeyed(text: &str) -> Option<char> {
    text.chars().find(|letter| {
        (letter.is_control() && *letter != '\n' && *letter != '\t')
            || matches!(letter, '\u{61c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
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

/// A server in which everything that others can name or say is hostile.
async fn hostile_server() -> (Workspace, Server) {
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
    for name in ["fails-1", BACKWARDS] {
        let start = json!({ "stateMachineArn": arn, "name": name, "input": input });
        aws.states("StartExecution", start).await;
    }
    for path in ["/json", "/text"] {
        let message = json!({ "Method": "GET", "Path": path, "Key": BACKWARDS });
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
    (workspace, server)
}

/// What a command says, on both of its outputs.
async fn said(server: &Server, workspace: &Workspace, arguments: &[&str]) -> String {
    let running = server.cli(workspace, arguments, "");
    let output = tokio::time::timeout(DEADLINE, running).await;
    let output = output.unwrap_or_else(|_| panic!("{arguments:?} does not end"));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_gives_a_terminal_what_others_wrote_for_it() {
    let (workspace, server) = hostile_server().await;
    let mut shown = String::new();
    for arguments in SHOWING {
        let said = said(&server, &workspace, arguments).await;
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

/// A value for an argument of this placeholder that leads to something; hostile where none is known.
fn known(placeholder: &str) -> &'static str {
    match placeholder {
        "EXECUTION" => "fails-1",
        "CALL" | "LETTER" => "c-1",
        "TARGET" => "vendor",
        "LIMIT" => "vendor/account",
        "WORKFLOW" => "fails",
        "CONFIG" | "FILE" | "FILES" => "hostile.toml",
        _ => HOSTILE,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_command_is_given_it_repeats_nothing_that_a_terminal_obeys() {
    let (workspace, server) = hostile_server().await;
    let leaves = command_tree::leaves(&workspace).await;
    assert!(leaves.len() > 40, "{leaves:?}");
    for leaf in &leaves {
        let path: Vec<&str> = leaf.path.iter().map(String::as_str).collect();
        // A program gets the vendor's bytes; what a terminal gets of them is written out (`terminal/src/output.rs`).
        if path == ["call", "body"] {
            continue;
        }
        let with = |values: &[&'static str], more: &[&'static str]| -> Vec<&str> {
            [&path[..], values, more].concat()
        };
        let hostile = vec![HOSTILE; leaf.positionals.len()];
        let good: Vec<&str> = leaf.positionals.iter().map(|name| known(name)).collect();
        let mut tried = Vec::new();
        let ends: &[&str] = if LONG_RUNNING.contains(&path[0]) {
            &["--color", HOSTILE]
        } else {
            tried.extend([with(&hostile, &[]), with(&good, &[])]);
            &[]
        };
        for option in &leaf.options {
            let option: &str = option;
            tried.push([&with(&hostile, &[])[..], &[option, HOSTILE], ends].concat());
        }
        for form in &leaf.forms {
            let form: &str = form;
            tried.push([&with(&good, &[])[..], &["--output", form], ends].concat());
        }
        for arguments in tried {
            let said = said(&server, &workspace, &arguments).await;
            assert_eq!(obeyed(&said), None, "{arguments:?}: {said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_admin_port_and_no_line_of_the_log_has_it_either() {
    let (_workspace, server) = hostile_server().await;
    let http = server.aws().http;
    let hostile = "%1b%c2%9b%e2%80%ae%e2%81%a6%e2%80%8f%ef%bb%bf";
    let mut shown = String::new();
    for line in ROUTES.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["get", path, _need, handler] = words[..] else {
            continue;
        };
        // The body of a vendor's answer is handed out as the file that it is.
        if handler == "body::body;" {
            continue;
        }
        let path = path.trim_matches('"');
        let known = path
            .replace("{execution}", "fails-1")
            .replace("{call}", "c-1");
        let named = path.split('{').next().unwrap_or_default();
        for path in [
            known,
            format!("{named}{hostile}"),
            format!("{path}?x={hostile}"),
        ] {
            let mut answer = http
                .get(server.admin(&path))
                .send()
                .await
                .expect("an answer");
            // What is live goes on and on: its first part is like the others.
            let chunk = answer.chunk().await.expect("readable");
            let text = String::from_utf8(chunk.unwrap_or_default().to_vec()).expect("UTF-8");
            assert_eq!(obeyed(&text), None, "{path}: {text:?}");
            shown.push_str(&text);
        }
    }
    for page in ["/", &format!("/executions/{hostile}"), "/calls", "/nothing"] {
        let answer = http
            .get(server.admin(page))
            .send()
            .await
            .expect("an answer");
        let text = answer.text().await.expect("readable");
        assert_eq!(obeyed(&text), None, "{page}: {text:?}");
    }
    assert!(shown.matches(r"\u202e").count() > 5, "{shown}");
    server.signal("TERM");
    let (_, log) = server.ended_saying().await;
    assert_eq!(obeyed(&log), None, "{log:?}");
    assert!(log.contains(r"\u"), "it had something to pass on: {log}");
}

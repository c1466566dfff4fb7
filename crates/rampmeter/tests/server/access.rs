//! Who may use the admin port: roles by operation, both taken from the routing table; tokens, sessions, and what a
//! hostile page may try.

use std::collections::BTreeMap;
use std::process::Output;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::process::{Server, eventually, rampmeter, run, stderr, stdout};
use crate::workspace::Workspace;

/// The routing table itself, so that no operation can be forgotten here.
const TABLE: &str = include_str!("../../../admin/src/routes/table.rs");

const ROLES: [&str; 4] = ["metrics", "viewer", "operator", "admin"];

/// A server that asks for a login, and the token of a user of each role.
struct Guarded {
    server: Server,
    workspace: Workspace,
    tokens: BTreeMap<&'static str, String>,
}

impl Guarded {
    async fn start() -> Guarded {
        let workspace = Workspace::without_vendor();
        let file = workspace.config();
        let text = std::fs::read_to_string(&file).expect("the configuration");
        let text = text.replace(
            "[server]",
            "[server.admin]\nusers = \"users.json\"\n\n[server]",
        );
        std::fs::write(&file, text).expect("written");
        let mut tokens = BTreeMap::new();
        for role in ROLES {
            let added = user(&workspace, &["add", role, "--role", role]).await;
            assert!(added.status.success(), "{}", stderr(&added));
            tokens.insert(role, stdout(&added).trim().to_owned());
        }
        let server = Server::start(&workspace).await;
        Guarded {
            server,
            workspace,
            tokens,
        }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let (http, url) = (self.server.aws().http, self.server.admin(path));
        match method {
            "get" => http.get(url),
            _ => http.post(url).json(&json!({})),
        }
    }

    /// Logs in as the dashboard does, and returns the cookie.
    async fn cookie(&self, role: &str) -> String {
        let origin = self.server.admin("");
        let login = self
            .server
            .aws()
            .http
            .post(self.server.admin("/v1/session/open"))
            .header("origin", origin)
            .json(&json!({ "token": self.tokens[role] }));
        let answer = login.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()["set-cookie"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        cookie.split(';').next().expect("a pair").to_owned()
    }
}

async fn user(workspace: &Workspace, arguments: &[&str]) -> Output {
    let mut command = rampmeter(workspace.path());
    command.arg("user").args(arguments);
    run(command, "").await
}

async fn status(request: RequestBuilder) -> u16 {
    let answer: Response = request.send().await.expect("an answer");
    answer.status().as_u16()
}

/// Method, path and need of every operation.
fn operations() -> Vec<(&'static str, String, &'static str)> {
    let rows = TABLE.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [method @ ("get" | "post"), path, need, _handler] = words[..] else {
            return None;
        };
        // Names that do not exist, so that an allowed operation changes nothing.
        let path = path
            .trim_matches('"')
            .replace("{call}", "c-999")
            .replace("{letter}", "c-999");
        Some((method, path.replace(['{', '}'], ""), need))
    });
    rows.collect()
}

#[tokio::test]
async fn every_operation_is_for_the_roles_that_the_table_names_and_for_no_other() {
    let guarded = Guarded::start().await;
    let operations = operations();
    assert!(operations.len() > 30, "{operations:?}");
    for (method, path, need) in operations {
        let needed = match need {
            "Nothing" => None,
            need => ROLES.iter().position(|role| *role == need.to_lowercase()),
        };
        assert_eq!(needed.is_none(), need == "Nothing", "{need}");
        let anybody = status(guarded.request(method, &path)).await;
        let unknown = guarded
            .request(method, &path)
            .bearer_auth("rmp_00000000_wrong");
        let unknown = status(unknown).await;
        if needed.is_some() {
            assert_eq!((anybody, unknown), (401, 401), "{method} {path}");
        }
        for (place, role) in ROLES.into_iter().enumerate() {
            let request = guarded
                .request(method, &path)
                .bearer_auth(&guarded.tokens[role]);
            let status = status(request).await;
            assert_ne!(status, 401, "{role}: {method} {path}");
            let expected = needed.is_some_and(|needed| place < needed);
            // An operation that needs no role may refuse for reasons of its own.
            if needed.is_some() {
                assert_eq!(status == 403, expected, "{role}: {method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_reads_and_changes_from_the_dashboard_and_not_from_another_page() {
    let guarded = Guarded::start().await;
    let cookie = guarded.cookie("operator").await;
    let origin = guarded.server.admin("");
    let pause = |headers: &[(&str, &str)]| {
        let body = json!({ "reason": "a test" });
        let mut request = guarded
            .request("post", "/v1/targets/vendor/pause")
            .json(&body)
            .header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    };
    let read = guarded
        .request("get", "/v1/targets")
        .header("cookie", &cookie);
    assert_eq!(status(read).await, 200);
    for headers in [
        vec![],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", origin.as_str()), ("sec-fetch-site", "same-site")],
    ] {
        assert_eq!(status(pause(&headers)).await, 403, "{headers:?}");
    }
    assert_eq!(status(pause(&[("origin", &origin)])).await, 200);
    assert_eq!(
        status(pause(&[("sec-fetch-site", "same-origin")])).await,
        200
    );

    let close = guarded
        .request("post", "/v1/session/close")
        .header("cookie", &cookie)
        .header("origin", &origin);
    assert_eq!(status(close).await, 200);
    let read = guarded
        .request("get", "/v1/targets")
        .header("cookie", &cookie);
    assert_eq!(status(read).await, 401);
}

#[tokio::test]
async fn another_page_can_log_nobody_in() {
    let guarded = Guarded::start().await;
    let token = json!({ "token": guarded.tokens["viewer"] });
    for origin in [None, Some("https://evil.example")] {
        let mut request = guarded.request("post", "/v1/session/open").json(&token);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        assert_eq!(status(request).await, 403, "{origin:?}");
    }
}

#[tokio::test]
async fn whoever_is_removed_is_out_within_a_moment_and_so_is_their_session() {
    let guarded = Guarded::start().await;
    let cookie = guarded.cookie("viewer").await;
    let removed = user(&guarded.workspace, &["remove", "viewer"]).await;
    assert!(removed.status.success(), "{}", stderr(&removed));
    eventually("the token is refused", async || {
        let request = guarded.request("get", "/v1/targets");
        let request = request.bearer_auth(&guarded.tokens["viewer"]);
        (status(request).await == 401).then_some(())
    })
    .await;
    let request = guarded
        .request("get", "/v1/targets")
        .header("cookie", &cookie);
    assert_eq!(status(request).await, 401);
    let request = guarded.request("get", "/v1/targets");
    assert_eq!(
        status(request.bearer_auth(&guarded.tokens["operator"])).await,
        200
    );
}

#[tokio::test]
async fn the_command_line_shows_its_token_and_ends_with_3_without_one() {
    let guarded = Guarded::start().await;
    let admin = guarded.server.admin("");
    let token_file = guarded.workspace.path().join("token");
    std::fs::write(&token_file, format!("{}\n", guarded.tokens["viewer"])).expect("written");
    let listed = async |variable: Option<(&str, &str)>, arguments: &[&str]| {
        let mut command = rampmeter(guarded.workspace.path());
        command.args(arguments).args(["--admin", &admin]);
        command.envs(variable);
        run(command, "").await
    };
    let list = ["limit", "list", "--json"];
    let refused = listed(None, &list).await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("RM2042"), "{}", stderr(&refused));
    let viewer = Some(("RAMPMETER_TOKEN", guarded.tokens["viewer"].as_str()));
    assert!(listed(viewer, &list).await.status.success());
    let file = Some(("RAMPMETER_TOKEN_FILE", token_file.to_str().expect("UTF-8")));
    assert!(listed(file, &list).await.status.success());
    let pause = ["target", "pause", "vendor", "--reason", "a test"];
    assert_eq!(listed(viewer, &pause).await.status.code(), Some(3));
    let operator = Some(("RAMPMETER_TOKEN", guarded.tokens["operator"].as_str()));
    assert!(listed(operator, &pause).await.status.success());
}

#[tokio::test]
async fn the_file_of_users_is_its_owners_alone_and_holds_no_token() {
    use std::os::unix::fs::MetadataExt;
    let workspace = Workspace::without_vendor();
    let data = workspace.data_dir();
    let data = data.to_str().expect("UTF-8");
    let mut command = rampmeter(workspace.path());
    command.args([
        "user",
        "add",
        "anna",
        "--role",
        "admin",
        "--expires-in",
        "90d",
        "--data-dir",
        data,
    ]);
    let added = run(command, "").await;
    assert!(added.status.success(), "{}", stderr(&added));
    let token = stdout(&added).trim().to_owned();
    let file = workspace.data_dir().join("users.json");
    assert_eq!(
        std::fs::metadata(&file).expect("the file").mode() & 0o777,
        0o600
    );
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(text.contains("anna") && !text.contains(&token), "{text}");
    let list = user(&workspace, &["list", "--json", "--data-dir", data]).await;
    let list: Value = serde_json::from_str(&stdout(&list)).expect("JSON");
    assert_eq!(list["users"][0]["role"], "admin");
    for arguments in [
        &["add", "anna", "--role", "viewer", "--data-dir", data][..],
        &["add", "a\u{202e}b", "--role", "viewer", "--data-dir", data],
        &["remove", "bob", "--data-dir", data],
    ] {
        assert_eq!(
            user(&workspace, arguments).await.status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[tokio::test]
async fn a_server_whose_aws_port_asks_who_its_clients_are_asks_at_the_admin_port_too() {
    let workspace = crate::wire::credentials::workspace();
    let mut command = Server::command(&workspace);
    command.env("RM_TEST_SECRET", crate::wire::credentials::SECRET);
    let server = Server::launch(command).await;
    let http = server.aws().http;
    for (path, expected) in [
        ("/v1/targets", 401),
        ("/metrics", 401),
        ("/livez", 200),
        ("/readyz", 200),
        ("/", 200),
    ] {
        assert_eq!(
            status(http.get(server.admin(path))).await,
            expected,
            "{path}"
        );
    }
    let mut command = rampmeter(workspace.path());
    command.args(["health", "--ready", "--admin", &server.admin("")]);
    assert!(run(command, "").await.status.success());
}

#[tokio::test]
async fn what_each_user_did_is_on_record_under_their_name() {
    let guarded = Guarded::start().await;
    let record = async || -> Vec<Value> {
        let request = guarded.request("get", "/v1/changes");
        let request = request.bearer_auth(&guarded.tokens["viewer"]);
        let answer = request.send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        answer["changes"].as_array().expect("a list").clone()
    };
    let change = async |role: &str, path: &str, body: Value| {
        let request = guarded.request("post", path).json(&body);
        let request = request.bearer_auth(&guarded.tokens[role]);
        assert_eq!(status(request).await, 200, "{path}");
    };
    change(
        "operator",
        "/v1/targets/vendor/pause",
        json!({ "reason": "a test" }),
    )
    .await;
    change(
        "admin",
        "/v1/workflows/pay/executions",
        json!({ "name": "one", "input": {"order": "1"} }),
    )
    .await;
    change(
        "operator",
        "/v1/executions/one/stop",
        json!({ "cause": "enough" }),
    )
    .await;
    let found = record().await;
    let found: Vec<_> = found
        .iter()
        .map(|change| {
            let by = &change["by"];
            assert_eq!(by["peer"], "127.0.0.1", "{change}");
            assert!(by["token_id"].is_string(), "{change}");
            [&change["kind"], &by["user"], &change["reason"]]
                .map(|value| value.as_str().expect("text").to_owned())
        })
        .collect();
    assert_eq!(
        found,
        [
            ["stop", "operator", "enough"],
            ["start", "admin", ""],
            ["pause", "operator", "a test"]
        ]
    );

    let mut command = rampmeter(guarded.workspace.path());
    command.args([
        "limit",
        "changes",
        "-o",
        "jsonl",
        "--admin",
        &guarded.server.admin(""),
    ]);
    command.env("RAMPMETER_TOKEN", &guarded.tokens["viewer"]);
    let lines = stdout(&run(command, "").await);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(
        lines.lines().all(|line| line.contains("\"user\"")),
        "{lines}"
    );
}

#[tokio::test]
async fn the_audit_trail_is_read_page_after_page() {
    let guarded = Guarded::start().await;
    for path in ["pause", "resume", "pause", "resume", "pause"] {
        let body = json!({ "reason": "a test" });
        let path = format!("/v1/targets/vendor/{path}");
        let request = guarded.request("post", &path).json(&body);
        assert_eq!(
            status(request.bearer_auth(&guarded.tokens["operator"])).await,
            200
        );
    }
    let (mut next, mut sizes) = (String::new(), Vec::new());
    loop {
        let path = format!("/v1/changes?limit=2&next_token={next}");
        let request = guarded
            .request("get", &path)
            .bearer_auth(&guarded.tokens["viewer"]);
        let page: Value = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        sizes.push(page["changes"].as_array().expect("a list").len());
        match page["next_token"].as_str() {
            Some(token) => token.clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn what_a_credential_starts_sends_and_stops_is_on_record_under_its_key() {
    use crate::aws::{execution_arn, machine_arn};
    use crate::wire::credentials::{now, signed};
    let workspace = crate::wire::credentials::workspace();
    let data = workspace.data_dir();
    let data = data.to_str().expect("UTF-8");
    let token = user(
        &workspace,
        &["add", "anna", "--role", "viewer", "--data-dir", data],
    )
    .await;
    let token = stdout(&token).trim().to_owned();
    let server = crate::wire::credentials::start(&workspace).await;
    let aws = server.aws();
    let start = json!({ "stateMachineArn": machine_arn("pay"), "name": "one", "input": "{\"order\":\"1\"}" });
    let message = json!({ "Method": "GET", "Path": "/one" }).to_string();
    let send = json!({ "QueueUrl": "vendor-high", "MessageBody": message });
    let stop = json!({ "executionArn": execution_arn("pay", "one") });
    for (key, operation, input) in [
        ("sender", "AWSStepFunctions.StartExecution", start),
        ("sender", "AmazonSQS.SendMessage", send),
        ("operateer", "AWSStepFunctions.StopExecution", stop),
    ] {
        let answer = signed(&aws, key, operation, &input, &now()).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    }
    let changes = aws
        .http
        .get(server.admin("/v1/changes"))
        .bearer_auth(&token);
    let changes: Value = changes
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let found: Vec<_> = changes["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    let found = found.iter().map(|change| {
        (
            change["kind"].as_str().unwrap_or_default(),
            change["by"]["access_key_id"].as_str().unwrap_or_default(),
        )
    });
    let expected = [
        ("stop", "operateer"),
        ("submit", "sender"),
        ("start", "sender"),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected, "{changes}");
}

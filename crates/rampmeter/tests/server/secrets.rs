//! A canary in every secret: what the configuration holds, what the vendor issues, and the session it gives. A server works
//! with all of them at the loudest log level, in success and in failure, and afterwards the canary is searched for
//! everywhere something is written or shown. A leak that is planted is found, so the search can fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::process::{Server, eventually, rampmeter, run, stdout};
use crate::workspace::Workspace;

/// In every secret. No other text of a run holds it.
const CANARY: &str = "kanarie7f3a";

/// The PEM text of a private key; its own lines are the canary.
const KEY: &str = include_str!("../../../caller/tests/keys/rfc7515-p256.pem");
const RSA_KEY: &str = include_str!("../../../caller/tests/keys/rfc7515-rsa.pem");

fn secret(of: &str) -> String {
    format!("{of}-{CANARY}")
}

/// The secrets that the environment holds, by variable.
fn environment() -> BTreeMap<&'static str, String> {
    [
        "CLIENT_SECRET",
        "PASSWORD",
        "API_KEY",
        "BEARER",
        "HEADER_SECRET",
        "CONSUMER_SECRET",
        "ACCESS_SECRET",
        "WIRE_SECRET",
    ]
    .into_iter()
    .map(|name| (name, secret(name)))
    .collect()
}

/// The texts that must be nowhere: the canary, plain and as parts of what is sent, and the lines of the key.
fn forbidden() -> Vec<String> {
    let pair = STANDARD.encode(format!("user:{}", secret("PASSWORD")));
    let client = STANDARD.encode(format!("client:{}", secret("CLIENT_SECRET")));
    let mut texts = vec![CANARY.to_owned(), pair, client];
    let lines = KEY.lines().chain(RSA_KEY.lines());
    let lines = lines.filter(|line| !line.starts_with('-'));
    texts.extend(lines.map(str::to_owned));
    texts
}

/// A vendor that issues tokens and sessions, wants to see each credential, and refuses every second call.
async fn vendor() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    base_url
}

async fn answer(request: Request) -> Response {
    let headers = request.headers();
    let path = request.uri().path().to_owned();
    let seen = |name: &str| {
        let value = headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or_default())
    };
    if path.ends_with("/token") {
        let granted =
            json!({"access_token": secret("issued"), "expires_in": 3600, "token_type": "bearer"});
        return axum::Json(granted).into_response();
    }
    if path.contains("refused-token") {
        return (
            StatusCode::BAD_REQUEST,
            axum::Json(json!({"error": "invalid_client"})),
        )
            .into_response();
    }
    let signed_in = [
        ("authorization", "issued-"),
        ("authorization", "BEARER-"),
        ("authorization", "Basic "),
        ("authorization", "OAuth realm"),
        ("x-api-key", "API_KEY-"),
    ];
    if !signed_in
        .iter()
        .any(|(name, part)| seen(name).contains(part))
    {
        return (
            StatusCode::UNAUTHORIZED,
            axum::Json(json!({"who": "are you"})),
        )
            .into_response();
    }
    let mut session = HeaderMap::new();
    let cookie = format!("SESSION={}; HttpOnly", secret("cookie"));
    session.insert("set-cookie", cookie.parse().expect("a header"));
    session.insert("x-csrf-token", secret("csrf").parse().expect("a header"));
    let status = if path.contains("/no") {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    // The planted leak: it echoes what it was sent.
    let body = if path.contains("/echo") {
        json!({"authorization": seen("authorization")})
    } else {
        json!({"taxId": "12-345"})
    };
    (status, session, axum::Json(body)).into_response()
}

fn targets(base: &str) -> String {
    let kinds = [
        (
            "oauth",
            format!("kind = \"oauth2-client-credentials\", client_id = \"client\", client_secret = \"${{env:CLIENT_SECRET}}\", token_url = \"{base}/token\""),
        ),
        (
            "refused",
            format!("kind = \"oauth2-client-credentials\", client_id = \"client\", client_secret = \"${{env:CLIENT_SECRET}}\", token_url = \"{base}/refused-token\", send_as = \"form\""),
        ),
        (
            "certificate",
            format!("kind = \"oauth2-m2m\", client_id = \"c\", certificate_id = \"k\", key = \"${{file:key.pem}}\", token_url = \"{base}/token\""),
        ),
        (
            "assertion",
            format!("kind = \"oauth2-jwt-bearer\", client_id = \"c\", username = \"u@example.com\", audience = \"{base}\", key = \"${{file:rsa.pem}}\", token_url = \"{base}/token\""),
        ),
        ("basic", "kind = \"basic\", username = \"user\", password = \"${env:PASSWORD}\"".to_owned()),
        ("key", "kind = \"api-key\", header = \"X-Api-Key\", key = \"${env:API_KEY}\"".to_owned()),
        ("bearer", "kind = \"bearer\", secret = \"${env:BEARER}\"".to_owned()),
        (
            "signed",
            "kind = \"oauth1\", account = \"1_SB1\", consumer_key = \"ck\", consumer_secret = \"${env:CONSUMER_SECRET}\", access_id = \"ai\", access_secret = \"${env:ACCESS_SECRET}\"".to_owned(),
        ),
    ];
    let mut text = String::new();
    for (name, auth) in kinds {
        text.push_str(&format!(
            "[targets.{name}]\npreset = \"http\"\nbase_url = \"{base}\"\nauth = {{ {auth} }}\ncsrf = true\n\
             headers = {{ \"X-Tenant\" = \"${{env:HEADER_SECRET}}\" }}\nredact = [\"$.ResponseBody.taxId\"]\n\
             retry = {{ max_attempts = 2, initial = \"10ms\", max = \"20ms\" }}\n"
        ));
    }
    text
}

const TARGETS: [&str; 8] = [
    "oauth",
    "refused",
    "certificate",
    "assertion",
    "basic",
    "key",
    "bearer",
    "signed",
];

/// One call to the target of the input, whose failure is caught and put out.
const ORDER: &str = r#"{
  "StartAt": "Call",
  "States": {
    "Call": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {
        "QueueUrl.$": "States.Format('{}-high', $.target)",
        "MessageBody": {
          "TaskToken.$": "$$.Task.Token", "Method": "POST", "Path.$": "$.path", "RequestBody": {"a": 1}
        }
      },
      "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failed", "Next": "Told"}],
      "End": true
    },
    "Told": {"Type": "Pass", "End": true}
  }
}"#;

struct Run {
    workspace: Workspace,
    server: Server,
    log: PathBuf,
    /// Of the user that asks at the admin port.
    token: String,
}

impl Run {
    async fn start() -> Run {
        let base = vendor().await;
        let workspace = Workspace::new(&base, 2);
        workspace.write("order.asl.json", ORDER);
        workspace.write("key.pem", KEY);
        workspace.write("rsa.pem", RSA_KEY);
        let workflows = "[workflows.order]\ndefinition = \"order.asl.json\"\n";
        let server = "[server]\ncredentials = [{ access_key_id = \"wire\", secret = \"${env:WIRE_SECRET}\", rights = [\"operate\"] }]\n";
        workspace.write(
            "rampmeter.toml",
            &format!("version = 1\n{server}{}{workflows}", targets(&base)),
        );
        let mut add = rampmeter(workspace.path());
        add.args(["user", "add", "anna", "--role", "operator"]);
        add.arg("--data-dir").arg(workspace.data_dir());
        add.envs(environment());
        let added = run(add, "").await;
        let token = stdout(&added).trim().to_owned();
        let log = workspace.path().join("log");
        let file = std::fs::File::create(&log).expect("a file");
        let mut command = Server::command(&workspace);
        command
            .envs(environment())
            .env("RAMPMETER_LOG", "trace")
            .stderr(Stdio::from(file));
        let server = Server::launch(command).await;
        Run {
            workspace,
            server,
            log,
            token,
        }
    }

    /// What a command prints, on both outputs.
    async fn cli(&self, arguments: &[&str]) -> String {
        let mut command = rampmeter(self.workspace.path());
        command.args(arguments).envs(environment());
        command
            .env("AWS_ACCESS_KEY_ID", "wire")
            .env("AWS_SECRET_ACCESS_KEY", secret("WIRE_SECRET"))
            .env("RAMPMETER_TOKEN", &self.token);
        for (name, url) in [("AWS", "aws_url"), ("ADMIN", "admin_url")] {
            let url = self.server.ready[url].as_str().expect("a URL");
            command.env(format!("RAMPMETER_SERVER__{name}"), url);
        }
        let output = run(command, "").await;
        format!("{}\n{}", stdout(&output), crate::process::stderr(&output))
    }

    /// Makes calls with every credential: through a workflow and without one, well and badly.
    async fn work(&self, paths: &[&str]) -> Vec<String> {
        let mut shown = Vec::new();
        for target in TARGETS {
            for path in paths {
                let input = json!({"target": target, "path": path}).to_string();
                // Its calls wait until somebody corrects the credential.
                if target == "refused" {
                    for command in [
                        &["start", "order", "--input", &input, "--json"][..],
                        &[
                            "call",
                            "submit",
                            target,
                            "POST",
                            path,
                            "-b",
                            "{}",
                            "--no-wait",
                        ],
                    ] {
                        shown.push(self.cli(command).await);
                    }
                    continue;
                }
                shown.push(
                    self.cli(&["start", "order", "--input", &input, "--wait", "--json"])
                        .await,
                );
                shown.push(
                    self.cli(&["call", "submit", target, "POST", path, "-b", "{}", "-i"])
                        .await,
                );
            }
        }
        shown.push(self.refused_sign_in().await);
        shown
    }

    /// What is shown of the target whose sign-in the vendor refuses, once it is closed for that.
    async fn refused_sign_in(&self) -> String {
        loop {
            let shown = self.cli(&["target", "show", "refused"]).await;
            if shown.contains("refuses to sign us in") {
                return shown;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Everything that can be shown of it, and everything that is on disk, by where it was found.
    async fn everything(&self, shown: Vec<String>) -> Vec<(String, Vec<u8>)> {
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for text in shown {
            all.push(("the output of a command".to_owned(), text.into_bytes()));
        }
        let lists: [&[&str]; 12] = [
            &["call", "list", "--json"],
            &["limit", "list", "--json"],
            &["limit", "changes"],
            &["target", "list", "--json"],
            &["exec", "list", "--json"],
            &["check", "rampmeter.toml"],
            &["env"],
            &["call", "show", "c-1", "-i"],
            &["call", "body", "c-1"],
            &["call", "why", "c-1"],
            &["target", "ping", "oauth", "--path", "/x"],
            &["target", "ping", "refused", "--path", "/x"],
        ];
        for command in lists {
            let text = self.cli(command).await;
            all.push((command.join(" "), text.into_bytes()));
        }
        let executions = self.cli(&["exec", "list", "-o", "id"]).await;
        for arn in executions.lines().filter(|line| line.starts_with("arn:")) {
            for format in ["table", "json"] {
                let text = self.cli(&["exec", "show", arn, "-o", format]).await;
                all.push((format!("exec show {arn}"), text.into_bytes()));
            }
            let url = self.server.admin(&format!("/v1/executions/{arn}"));
            all.push((url.clone(), self.get(&url).await));
        }
        for path in [
            "/metrics",
            "/v1/calls",
            "/v1/targets",
            "/v1/limits",
            "/v1/changes",
            "/v1/executions",
            "/v1/execution-counts",
            "/v1/workflows",
            "/v1/series",
            "/v1/health",
            "/v1/dead-letters",
            "/v1/dead-letter-groups",
            "/livez",
            "/readyz",
        ] {
            all.push((path.to_owned(), self.get(&self.server.admin(path)).await));
        }
        all.push((
            "the log".to_owned(),
            std::fs::read(&self.log).expect("the log"),
        ));
        files(&self.workspace.data_dir(), &mut all);
        all
    }

    async fn get(&self, url: &str) -> Vec<u8> {
        let answer = self
            .server
            .aws()
            .http
            .get(url)
            .bearer_auth(&self.token)
            .send()
            .await
            .expect("it answers");
        answer.bytes().await.expect("a body").to_vec()
    }
}

fn files(directory: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, all);
        } else if path.is_file() {
            // All but the socket, which holds nothing.
            let bytes = std::fs::read(&path).expect("a file");
            all.push((path.display().to_string(), bytes));
        }
    }
}

/// Where any of the texts is.
fn leaks(all: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for text in forbidden() {
        for (place, bytes) in all {
            let holds = bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            if holds {
                found.push(format!("{text} in {place}"));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_or_shown_anywhere() {
    let run = Run::start().await;
    let shown = run.work(&["/yes", "/no"]).await;
    let succeeded = shown.iter().filter(|text| text.contains("12-345")).count();
    assert!(succeeded > 0, "workflows get the data itself");
    assert!(shown.iter().any(|text| text.contains("[redacted]")));
    assert!(
        shown
            .iter()
            .any(|text| text.contains("the sign-in was refused with")),
        "the last error of the target that is not signed in"
    );
    let all = run.everything(shown).await;
    assert!(all.len() > 60, "{} places were searched", all.len());
    let log = all
        .iter()
        .find(|(place, _)| place == "the log")
        .expect("the log");
    assert!(
        log.1.len() > 10_000,
        "the log is loud: {} bytes",
        log.1.len()
    );
    let found = leaks(&all);
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (place, bytes) in &all {
        let token = run.token.as_bytes();
        let holds = bytes.windows(token.len()).any(|window| window == token);
        assert!(!holds, "the token of a user in {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_that_is_planted_is_found() {
    let run = Run::start().await;
    let shown = run.work(&["/echo"]).await;
    let all = eventually("the leak is found on disk", async || {
        let all = run.everything(shown.clone()).await;
        leaks(&all)
            .iter()
            .any(|leak| leak.contains("rampmeter.db"))
            .then_some(all)
    })
    .await;
    let found = leaks(&all);
    for place in ["the output of a command", "exec show"] {
        assert!(
            found.iter().any(|leak| leak.contains(place)),
            "{place}: {}",
            found.join("\n")
        );
    }
    let pair = STANDARD.encode(format!("user:{}", secret("PASSWORD")));
    assert!(
        found.iter().any(|leak| leak.starts_with(&pair)),
        "an encoded one too"
    );
    let _: Value = run.server.admin_json("/v1/targets").await;
}

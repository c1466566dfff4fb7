//! Calls without a workflow on the command line: submitted, waited for, shown; and jobs over a SIGKILL.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::process::{Server, eventually, rampmeter, run, stderr, stdout};
use crate::workspace::Workspace;

/// A vendor that answers as the test says.
pub(crate) async fn vendor(
    answer: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(async move |request: Request| answer(&request));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base_url
}

pub(crate) fn say(status: u16, body: &Value) -> Response {
    let status = axum::http::StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(body.clone())).into_response()
}

struct Cli {
    workspace: Workspace,
    /// `None` only while it is being started again.
    server: Option<Server>,
}

impl Cli {
    async fn new(base_url: &str, more: &str) -> Cli {
        let workspace = Workspace::new(base_url, 2);
        let config = std::fs::read_to_string(workspace.config()).expect("it was written");
        let config = config.replace("timeout = \"60s\"", &format!("timeout = \"10s\"\n{more}"));
        workspace.write("rampmeter.toml", &config);
        let server = Some(Server::start(&workspace).await);
        Cli { workspace, server }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    async fn kill_and_start_again(&mut self) {
        self.server.take().expect("it runs").kill().await;
        self.server = Some(Server::start(&self.workspace).await);
    }

    async fn call(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = rampmeter(self.workspace.path());
        command.arg("call").args(arguments);
        command.args([
            "--server",
            self.server().ready["aws_url"].as_str().expect("a URL"),
        ]);
        command.args([
            "--admin",
            self.server().ready["admin_url"].as_str().expect("a URL"),
        ]);
        let output = run(command, r#"{"from": "stdin"}"#).await;
        let code = output.status.code().expect("it ended by itself");
        (code, stdout(&output), stderr(&output))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_made_through_the_gate_and_its_answer_printed() {
    let base = vendor(|request| {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map(|value| value.to_str().expect("a text").to_owned())
        };
        say(
            200,
            &json!({
                "method": request.method().as_str(),
                "uri": request.uri().to_string(),
                "x": header("x-of"),
                "key": header("idempotency-key"),
            }),
        )
    })
    .await;
    let cli = Cli::new(&base, "").await;

    let (code, out, err) = cli
        .call(&[
            "submit",
            "vendor",
            "get",
            "/a",
            "-q",
            "b=c d",
            "-H",
            "X-Of: us",
            "--idempotency-key",
            "k-1",
        ])
        .await;
    assert_eq!(code, 0, "{err}");
    let answer: Value = serde_json::from_str(&out).expect("the body is the data");
    assert_eq!(answer["method"], "GET");
    assert_eq!(answer["uri"], "/a?b=c+d");
    assert_eq!(answer["x"], "us");
    assert!(err.contains("200 OK") && err.contains("c-"), "{err}");

    let (code, out, _) = cli
        .call(&[
            "submit",
            "vendor",
            "POST",
            "/a",
            "--body-file",
            "-",
            "--json",
            "--key",
            "SO-7",
        ])
        .await;
    assert_eq!(code, 0);
    let call: Value = serde_json::from_str(&out).expect("an object");
    assert_eq!(call["schema"], "rampmeter.call/2");
    assert_eq!(call["status"], "succeeded");
    assert_eq!(call["key"], "SO-7");
    let key = call["answer"]["ResponseBody"]["key"]
        .as_str()
        .expect("a key");
    assert_eq!(
        key.len(),
        36,
        "a message without a token uses its MessageId"
    );

    let id = call["id"].as_str().expect("an id");
    let (code, out, err) = cli.call(&["show", id, "-i"]).await;
    assert_eq!(code, 0);
    assert!(out.starts_with("200 OK\n") && out.contains("content-type: application/json"));
    assert!(err.contains(id), "{err}");
    let (_, by_message, _) = cli.call(&["show", key, "-o", "id"]).await;
    assert_eq!(by_message.trim(), id);
    let (code, body, _) = cli.call(&["body", id]).await;
    assert_eq!(code, 0);
    assert!(body.contains(key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_ends_with_one_and_one_that_lasts_with_four() {
    let base = vendor(|request| match request.uri().path() {
        "/no" => say(422, &json!({"why": "no such customer", "taxId": "12-345"})),
        _ => say(503, &json!({})),
    })
    .await;
    let cli = Cli::new(&base, "redact = [\"$.ResponseBody.taxId\"]").await;

    let (code, out, err) = cli
        .call(&["submit", "vendor", "POST", "/no", "--body", "{}"])
        .await;
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("no such customer"), "{out}");
    assert!(
        out.contains("[redacted]") && !out.contains("12-345"),
        "{out}"
    );
    assert!(err.contains("Http.StatusCode.422"), "{err}");

    let (code, out, err) = cli.call(&["submit", "vendor", "GET", "//evil.test/"]).await;
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("Rampmeter.InvalidMessage"), "{err}");

    let (code, _, err) = cli.call(&["submit", "nobody", "GET", "/"]).await;
    assert_eq!(code, 1);
    assert!(
        err.contains("RM2060") && err.contains("rampmeter target list"),
        "{err}"
    );

    let (code, _, err) = cli
        .call(&["submit", "vendor", "POST", "/", "--body", "{"])
        .await;
    assert_eq!(code, 2, "{err}");
    let (code, _, err) = cli
        .call(&["submit", "vendor", "GET", "/", "--priority", "now"])
        .await;
    assert_eq!(code, 2, "{err}");

    let (code, _, err) = cli
        .call(&["submit", "vendor", "GET", "/busy", "--timeout", "300ms"])
        .await;
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("rampmeter call why c-"), "{err}");
    let (code, _, _) = cli.call(&["show", "c-999999"]).await;
    assert_eq!(code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_waited_for_can_be_shown() {
    let base = vendor(|_| say(200, &json!({"done": true}))).await;
    let cli = Cli::new(&base, "").await;
    let (code, out, _) = cli
        .call(&[
            "submit",
            "vendor",
            "GET",
            "/",
            "--no-wait",
            "--priority",
            "batch",
        ])
        .await;
    assert_eq!(code, 0);
    let id = out.trim().to_owned();
    assert!(id.starts_with("c-"), "{id}");
    eventually("the call ends", async || {
        let (_, out, _) = cli.call(&["show", &id, "--json"]).await;
        let call: Value = serde_json::from_str(&out).expect("an object");
        (call["status"] == "succeeded" && call["priority"] == "BATCH").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_handed_out_whole_and_never_shown_by_a_browser() {
    let long = Value::from("<script>".repeat(100_000));
    let body = long.clone();
    let base = vendor(move |_| say(200, &body)).await;
    let cli = Cli::new(&base, "").await;
    let (code, out, err) = cli.call(&["submit", "vendor", "GET", "/"]).await;
    assert_eq!((code, out.as_str()), (0, ""));
    let id = err
        .split_whitespace()
        .next()
        .expect("the id comes first")
        .to_owned();
    assert!(err.contains(&format!("rampmeter call body {id}")), "{err}");
    let (code, _, _) = cli.call(&["body", &id, "--file", "out.json"]).await;
    assert_eq!(code, 0);
    let file = std::fs::read_to_string(cli.workspace.path().join("out.json")).expect("written");
    assert_eq!(file, long.to_string());

    let url = cli.server().admin(&format!("/v1/calls/{id}/body"));
    let answer = cli
        .server()
        .aws()
        .http
        .get(url)
        .send()
        .await
        .expect("it answers");
    let header = |name: &str| answer.headers()[name].to_str().expect("a text").to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-disposition").starts_with("attachment"));
    assert_eq!(header("x-body-content-type"), "application/json");
    drop(answer);

    // One byte changes on the disk: nothing of it is handed out.
    let bodies = cli.workspace.data_dir().join("blobs");
    let mut bodies = std::fs::read_dir(bodies).expect("the bodies");
    let path = bodies.next().expect("one").expect("an entry").path();
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[500_000] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let (code, out, err) = cli.call(&["body", &id]).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("RM2026"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_survives_a_kill_and_its_call_is_sent_once() {
    let (posts, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (posted, ended) = (Arc::clone(&posts), Arc::clone(&ends));
    let base = vendor(move |request| {
        if request.method() == "POST" {
            posted.fetch_add(1, Ordering::SeqCst);
            let mut answer = say(202, &json!({}));
            let place = "/services/rest/async/v1/job/1".parse().expect("a header");
            answer.headers_mut().insert("location", place);
            return answer;
        }
        match (request.uri().path(), ended.load(Ordering::SeqCst)) {
            ("/services/rest/async/v1/job/1", 0) => say(200, &json!({"completed": false})),
            ("/services/rest/async/v1/job/1", _) => {
                say(200, &json!({"completed": true, "progress": "succeeded"}))
            }
            ("/services/rest/async/v1/job/1/task", _) => {
                say(200, &json!({"items": [{"id": "1"}], "hasMore": false}))
            }
            _ => say(201, &json!({"made": "it"})),
        }
    })
    .await;
    let jobs = "jobs = { kind = \"netsuite\", initial = \"20ms\", max = \"50ms\" }";
    let mut cli = Cli::new(&base, jobs).await;
    let (_, out, _) = cli
        .call(&[
            "submit",
            "vendor",
            "POST",
            "/x",
            "--body",
            "{}",
            "--no-wait",
        ])
        .await;
    let id = out.trim().to_owned();
    for looks in [2, 1] {
        eventually("the job is looked at", async || {
            let call = cli.server().admin_json(&format!("/v1/calls/{id}")).await;
            let looked = call["job"]["polls"].as_u64()?;
            (call["status"] == "job" && looked >= looks).then_some(())
        })
        .await;
        let (_, list, _) = cli.call(&["list"]).await;
        assert!(list.contains("job /services/rest/async/v1/job/1"), "{list}");
        cli.kill_and_start_again().await;
    }
    ends.store(1, Ordering::SeqCst);
    eventually("the job ends", async || {
        let (_, out, _) = cli.call(&["show", &id, "--json"]).await;
        let call: Value = serde_json::from_str(&out).ok()?;
        (call["answer"]["ResponseBody"]["made"] == "it").then_some(())
    })
    .await;
    assert_eq!(posts.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_count_what_happened() {
    let base = vendor(|request| match request.uri().path() {
        "/no" => say(400, &json!({})),
        _ => say(200, &json!({})),
    })
    .await;
    let cli = Cli::new(&base, "").await;
    for path in ["/", "/", "/no"] {
        cli.call(&["submit", "vendor", "GET", path]).await;
    }
    let answer = cli
        .server()
        .aws()
        .http
        .get(cli.server().admin("/metrics"))
        .send()
        .await;
    let answer = answer.expect("it answers");
    let kind = answer.headers()["content-type"]
        .to_str()
        .expect("a text")
        .to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let page = answer.text().await.expect("a text");
    for line in [
        r#"rampmeter_calls_total{target="vendor",priority="HIGH",outcome="ok"} 2"#,
        r#"rampmeter_calls_total{target="vendor",priority="HIGH",outcome="final"} 1"#,
        r#"rampmeter_calls_total{target="vendor",priority="BATCH",outcome="ok"} 0"#,
        r#"rampmeter_calls_waiting{target="vendor",priority="HIGH"} 0"#,
        r#"rampmeter_limit_max{target="vendor",limit="account",kind="concurrency"} 2"#,
        r#"rampmeter_limit_used{target="vendor",limit="account",kind="concurrency"} 0"#,
        r#"rampmeter_dead_letters{target="vendor"} 1"#,
        r#"rampmeter_call_wait_seconds_count{target="vendor",priority="HIGH"} 3"#,
        r#"rampmeter_call_wait_seconds_bucket{le="+Inf",target="vendor",priority="HIGH"} 3"#,
        r#"rampmeter_upstream_throttles_total{target="vendor",under_our_limit="true"} 0"#,
        "# TYPE rampmeter_store_commit_seconds histogram",
        "# EOF",
    ] {
        assert!(page.lines().any(|have| have == line), "{line} in\n{page}");
    }
}

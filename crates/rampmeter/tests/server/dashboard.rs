//! What the dashboard is served and what it asks for. What a person sees in a browser is tested by `testing/dashboard`.

use serde_json::{Value, json};

use crate::aws::execution_arn;
use crate::process::{Server, eventually};
use crate::vendor::Vendor;
use crate::workspace::Workspace;

async fn post(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let request = server.aws().http.post(server.admin(path)).json(body);
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_served_under_a_policy_that_runs_nothing_from_elsewhere() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let http = server.aws().http;
    for path in [
        "/",
        "/targets/vendor",
        "/executions",
        "/executions/one",
        "/calls",
        "/calls/c-1",
        "/dead-letters",
        "/changes",
        "/connect",
        "/assets/main.js",
    ] {
        let answer = http
            .get(server.admin(path))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str();
        let policy = policy.expect("text").to_owned();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["x-frame-options"], "DENY");
    }
    // A request under another host name that leads here is not served.
    let foreign = http.get(server.admin("/")).header("host", "evil.example");
    assert_eq!(
        foreign.send().await.expect("an answer").status().as_u16(),
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_followed_second_by_second_and_its_end_ends_that() {
    let vendor = Vendor::closed().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    for name in ["one", "two"] {
        server
            .aws()
            .start("pay", name, json!({ "order": name }))
            .await;
    }
    vendor.has_received(1).await;
    let mut live = server
        .aws()
        .http
        .get(server.admin("/v1/live"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(live.headers()["content-type"], "text/event-stream");
    // Executions are counted less often than once a second.
    let mut text = String::new();
    let snapshot: Value = loop {
        let chunk = live.chunk().await.expect("it goes on").expect("an event");
        text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        let Some((event, rest)) = text.split_once("\n\n") else {
            continue;
        };
        let data = event.strip_prefix("data: ").expect("data");
        let snapshot: Value = serde_json::from_str(data).expect("JSON");
        if snapshot["executions"]["counts"]["RUNNING"] == 2 {
            break snapshot;
        }
        text = rest.to_owned();
    };
    assert_eq!(snapshot["schema"], "rampmeter.live/2");
    let target = &snapshot["targets"][0];
    assert_eq!(target["waiting"]["HIGH"], 1);
    assert_eq!(target["in_flight"], 1);
    assert!(target["oldest_ms"]["HIGH"].is_u64());
    assert_eq!(snapshot["health"]["flowing"], true);
    let series = server.admin_json("/v1/series").await;
    let samples = series["at"].as_array().expect("a list").len();
    assert_eq!(
        series["targets"][0]["waiting"].as_array().map(Vec::len),
        Some(samples)
    );
    vendor.open();
    server.signal("TERM");
    while live.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
    assert!(server.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_listed_started_stopped_and_redriven() {
    let vendor = Vendor::closed().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 5)).await;
    let start = json!({ "name": "one", "input": { "order": "SO-1" } });
    let (status, started) = post(&server, "/v1/workflows/pay/executions", &start).await;
    assert_eq!(
        (status, &started["execution_arn"]),
        (200, &json!(execution_arn("pay", "one")))
    );
    for number in 0..4 {
        let name = format!("pass-{number}");
        let (status, _) = post(
            &server,
            "/v1/workflows/pass/executions",
            &json!({ "name": name }),
        )
        .await;
        assert_eq!(status, 200);
    }
    let page = server
        .admin_json("/v1/executions?workflow=pass&limit=3")
        .await;
    assert_eq!(page["executions"].as_array().map(Vec::len), Some(3));
    assert_eq!(page["executions"][0]["name"], "pass-3");
    let next = page["next_token"].as_str().expect("there are more");
    let rest = server
        .admin_json(&format!(
            "/v1/executions?workflow=pass&limit=3&next_token={next}"
        ))
        .await;
    assert_eq!(rest["executions"][0]["name"], "pass-0");
    let running = server.admin_json("/v1/executions?status=running").await;
    assert_eq!(running["executions"][0]["name"], "one");
    let workflows = server.admin_json("/v1/workflows").await;
    assert_eq!(workflows["workflows"][1]["definition"]["StartAt"], "Pay");

    let (status, _) = post(
        &server,
        "/v1/executions/one/stop",
        &json!({ "cause": "a mistake" }),
    )
    .await;
    assert_eq!(status, 200);
    let stopped = server.admin_json("/v1/executions/one").await;
    assert_eq!(
        (&stopped["status"], &stopped["cause"]),
        (&json!("ABORTED"), &json!("a mistake"))
    );
    assert!(stopped["not_redrivable"].is_null());
    vendor.open();
    let (status, _) = post(&server, "/v1/executions/one/redrive", &json!({})).await;
    assert_eq!(status, 200);
    server.aws().ended(&execution_arn("pay", "one")).await;
    let history = server.admin_json("/v1/executions/one/history").await;
    let events = history["events"].as_array().expect("a list");
    assert!(
        events
            .iter()
            .any(|event| event["type"] == "ExecutionRedriven")
    );
    let calls = history["calls"].as_array().expect("a list");
    let call = calls.last().expect("a call");
    assert_eq!(
        (&call["target"], &call["status"]),
        (&json!("vendor"), &json!(201))
    );
    let event = events
        .iter()
        .find(|event| event["id"] == call["event"])
        .expect("an event");
    assert_eq!(event["type"], "TaskSucceeded");
    let (status, refused) = post(&server, "/v1/executions/one/redrive", &json!({})).await;
    assert_eq!(status, 400, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_changes_nothing() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let http = server.aws().http;
    // What a form on another page can send without a preflight request: anything but JSON.
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = http
            .post(server.admin("/v1/workflows/pass/executions"))
            .header("content-type", kind)
            .body("{}");
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 400, "{kind}");
    }
    eventually("nothing was started", async || {
        let page = server.admin_json("/v1/executions").await;
        page["executions"]
            .as_array()
            .is_some_and(Vec::is_empty)
            .then_some(())
    })
    .await;
}

//! The admin port: what it shows of targets, limits, calls and executions, and its errors.

use serde_json::json;

use crate::aws::execution_arn;
use crate::process::Server;
use crate::vendor::Vendor;
use crate::workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn targets_limits_and_calls_show_what_is_in_flight_and_what_waits() {
    let vendor = Vendor::closed().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    let aws = server.aws();
    for name in ["one", "two", "three"] {
        aws.start("pay", name, json!({ "order": name })).await;
    }
    vendor.has_received(1).await;

    let targets = server.admin_json("/v1/targets").await;
    assert_eq!(targets["schema"], "rampmeter.targets/2");
    let target = &targets["targets"][0];
    assert_eq!(
        (&target["name"], &target["in_flight"]),
        (&json!("vendor"), &json!(1))
    );
    assert_eq!(
        target["waiting"],
        json!({ "HIGH": 2, "MEDIUM": 0, "BATCH": 0 })
    );

    let limits = server.admin_json("/v1/limits").await;
    let limit = &limits["limits"][0];
    assert_eq!(limits["schema"], "rampmeter.limits/1");
    assert_eq!(
        (&limit["target"], &limit["name"]),
        (&json!("vendor"), &json!("account"))
    );
    assert_eq!((&limit["used"], &limit["max"]), (&json!(1), &json!(1)));

    let calls = server.admin_json("/v1/calls").await;
    assert_eq!(calls["schema"], "rampmeter.calls/2");
    let calls = calls["calls"].as_array().expect("a list");
    let standings: Vec<_> = calls.iter().map(|call| call["status"].clone()).collect();
    assert_eq!(standings, ["in flight", "waiting", "waiting"]);
    assert_eq!(calls[0]["key"], "one");
    assert_eq!(calls[2]["ahead"], 1);
    assert!(
        calls[1]["held_by"]
            .as_str()
            .expect("a reason")
            .contains("account"),
        "{}",
        calls[1]
    );
    let many = async |query: &str| {
        let answer = server.admin_json(&format!("/v1/calls?{query}")).await;
        answer["calls"].as_array().map(Vec::len)
    };
    assert_eq!(many("limit=1").await, Some(1));
    assert_eq!(many("target=vendor").await, Some(3));
    assert_eq!(many("target=other").await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_found_by_name_or_arn_with_where_it_waits() {
    let vendor = Vendor::closed().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    let arn = server
        .aws()
        .start("pay", "one", json!({ "order": "SO-1" }))
        .await;
    vendor.has_received(1).await;
    for named in ["one", &arn] {
        let execution = server.admin_json(&format!("/v1/executions/{named}")).await;
        assert_eq!(execution["schema"], "rampmeter.execution/2");
        assert_eq!(execution["execution_arn"], execution_arn("pay", "one"));
        assert_eq!(execution["input"], json!({ "order": "SO-1" }));
        let waiting = &execution["waiting_at"];
        assert_eq!(
            (&waiting["state"], &waiting["waits_for"]),
            (&json!("Pay"), &json!("task"))
        );
        assert_eq!(waiting["call"]["status"], "in flight");
        assert_eq!(waiting["call"]["key"], "SO-1");
    }
    let counts = server.admin_json("/v1/execution-counts").await;
    assert_eq!(counts["counts"]["RUNNING"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_two_workflows_is_told_apart_by_its_arn() {
    let vendor = Vendor::closed().await;
    let server = Server::start(&Workspace::new(&vendor.base_url, 1)).await;
    server
        .aws()
        .start("pay", "twin", json!({ "order": "SO-1" }))
        .await;
    server.aws().start("pass", "twin", json!({})).await;
    let both = server.admin_json("/v1/executions/twin").await;
    let message = both["error"]["message"].as_str().expect("an error");
    assert!(message.contains(&execution_arn("pay", "twin")), "{message}");
    assert!(
        message.contains(&execution_arn("pass", "twin")),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_objects_with_a_code() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let http = server.aws().http;
    for (path, status) in [
        ("/v1/executions/nope", 404),
        (
            "/v1/executions/arn:aws:states:us-east-1:000000000000:execution:pass:nope",
            404,
        ),
        ("/v1/executions/arn:nonsense", 404),
        ("/v1/nothing", 404),
        ("/nothing", 404),
        ("/assets/nothing.js", 404),
        ("/v1/executions?status=NOPE", 400),
        ("/v1/executions?workflow=nope", 404),
        ("/v1/executions?next_token=nope", 400),
        ("/v1/dead-letters?limit=0", 400),
        ("/v1/calls?limit=0", 400),
        ("/v1/calls?limit=ten", 400),
    ] {
        let answer = http
            .get(server.admin(path))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let body: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(body["schema"], "rampmeter.error/1", "{path}");
        assert!(
            body["error"]["code"]
                .as_str()
                .is_some_and(|code| code.starts_with("RM")),
            "{path}"
        );
    }
    let answer = http
        .post(server.admin("/v1/targets"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_names_of_this_machine_are_accepted_as_host() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let http = server.aws().http;
    for (host, status) in [
        ("evil.example", 403),
        ("localhost.evil.example:4580", 403),
        ("localhost:4580", 200),
        ("[::1]:4580", 200),
    ] {
        let request = http.get(server.admin("/v1/targets")).header("host", host);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{host}");
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
    }
}

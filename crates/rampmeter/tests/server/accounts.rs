//! The commands for the first minutes with one's own account: `init`, `target ping`, `limit probe`.

use axum::Router;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::process::{rampmeter, run, stderr, stdout};
use crate::workspace::Workspace;

/// A vendor that answers a path with a status and a body; other paths with 404.
async fn vendor(answers: &'static [(&'static str, u16, &'static str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(async move |uri: Uri| {
        let found = answers.iter().find(|(path, _, _)| *path == uri.path());
        let (status, body) = found.map_or((404, "{}"), |(_, status, body)| (*status, *body));
        let status = StatusCode::from_u16(status).expect("a status");
        // Long ago, so that requests signed by this machine's clock are refused.
        let headers = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("sforce-limit-info", "api-usage=25/5000"),
        ];
        (status, headers, body.to_owned())
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn workspace(preset: &str, url: &str, auth: &str) -> Workspace {
    let workspace = Workspace::without_vendor();
    workspace.write(
        "rampmeter.toml",
        &format!(
            "version = 1\n[targets.erp]\npreset = \"{preset}\"\nbase_url = \"{url}\"\n{auth}\n\
             [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 12\n"
        ),
    );
    workspace
}

async fn cli(workspace: &Workspace, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = rampmeter(workspace.path());
    command.args(arguments).env("SECRET", "canary-88");
    let output = run(command, "").await;
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(!said.contains("canary"), "{said}");
    let json = serde_json::from_str(&stdout(&output)).unwrap_or(Value::Null);
    (output.status.code(), json, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_makes_one_harmless_call_and_tells_how_it_went() {
    let url = vendor(&[("/services/rest/system/v1/serverTime", 200, "{}")]).await;
    let auth = "auth = { kind = \"bearer\", secret = \"${env:SECRET}\" }";
    let workspace = workspace("netsuite", &url, auth);
    let (code, answer, said) = cli(&workspace, &["target", "ping", "erp", "--json"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(answer["schema"], "rampmeter.ping/1");
    assert_eq!(
        (&answer["ok"], &answer["sign_in"]),
        (&json!(true), &json!("bearer"))
    );
    assert_eq!(answer["limits"][0]["remaining"], 4975);
    assert!(answer["clock_ahead_ms"].as_i64().expect("a number") > 0);

    let (code, _, said) = cli(&workspace, &["target", "ping", "erp", "--path", "/nothing"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("404 Not Found"), "{said}");
    for (arguments, code) in [
        (&["target", "ping", "nobody"][..], 2),
        (&["target", "ping", "erp", "--config", "gone.toml"], 2),
    ] {
        assert_eq!(
            cli(&workspace, arguments).await.0,
            Some(code),
            "{arguments:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_explained() {
    let url = vendor(&[
        (
            "/services/rest/system/v1/serverTime",
            401,
            r#"{"o:errorDetails": [{"o:errorCode": "INVALID_LOGIN"}]}"#,
        ),
        (
            "/token",
            400,
            r#"{"error": "invalid_client", "error_description": "no such client canary-88"}"#,
        ),
    ])
    .await;
    let keys = "auth = { kind = \"oauth1\", account = \"1\", consumer_key = \"a\", \
         consumer_secret = \"${env:SECRET}\", access_id = \"b\", access_secret = \"${env:SECRET}\" }";
    let signed = workspace("netsuite", &url, keys);
    let (code, _, said) = cli(&signed, &["target", "ping", "erp"]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("401 Unauthorized, INVALID_LOGIN"), "{said}");
    assert!(said.contains("set this machine's clock"), "{said}");

    let client = format!(
        "auth = {{ kind = \"oauth2-client-credentials\", client_id = \"c\", \
         client_secret = \"${{env:SECRET}}\", token_url = \"{url}/token\" }}"
    );
    let (code, _, said) = cli(
        &workspace("netsuite", &url, &client),
        &["target", "ping", "erp"],
    )
    .await;
    assert_eq!(code, Some(1));
    assert!(
        said.contains("refused with 400: invalid_client, no such client ***"),
        "{said}"
    );
    assert!(said.contains("advice"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_what_to_change() {
    let url = vendor(&[(
        "/services/rest/system/v1/governanceLimits",
        200,
        r#"{"accountConcurrencyLimit": 5, "accountUnallocatedConcurrencyLimit": 5, "integrationLimitType": "accountLimit"}"#,
    )])
    .await;
    let workspace = workspace("netsuite", &url, "");
    let (code, answer, said) = cli(&workspace, &["limit", "probe", "erp", "--json"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(answer["limits"][0]["vendor"], 5);
    assert_eq!(answer["limits"][0]["ours"], 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_a_start_and_overwrites_nothing() {
    let workspace = Workspace::without_vendor();
    let arguments = ["init", "--template", "netsuite", "new", "-o", "id"];
    let (code, _, said) = cli(&workspace, &arguments).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("rampmeter target ping netsuite"), "{said}");
    for file in [
        "rampmeter.toml",
        "order.asl.json",
        "order.json",
        ".env.example",
    ] {
        assert!(workspace.path().join("new").join(file).exists(), "{file}");
    }
    assert_eq!(cli(&workspace, &arguments).await.0, Some(2));
}

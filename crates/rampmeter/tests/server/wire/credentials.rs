//! A server with credentials: every request is signed by one of them, in a header or in the URL, and each does what its
//! rights allow. The signatures are made by hand here, apart from the code that checks them.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::{Aws, WireResponse};
use crate::process::{Server, rampmeter, run, stderr};
use crate::workspace::Workspace;

pub(crate) const SECRET: &str = "a-secret/of+the=tests";

/// The configuration of the tests with three credentials.
pub(crate) fn workspace() -> Workspace {
    let workspace = Workspace::without_vendor();
    let file = workspace.config();
    let text = std::fs::read_to_string(&file).expect("the configuration");
    let credentials = ["read", "send", "operate"].map(|right| {
        format!(
            "{{ access_key_id = \"{right}er\", secret = \"${{env:RM_TEST_SECRET}}\", rights = [\"{right}\"] }}"
        )
    });
    let server = format!("[server]\ncredentials = [{}]", credentials.join(", "));
    std::fs::write(&file, text.replace("[server]", &server)).expect("written");
    workspace
}

pub(crate) async fn start(workspace: &Workspace) -> Server {
    let mut command = Server::command(workspace);
    command.env("RM_TEST_SECRET", SECRET);
    Server::launch(command).await
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signature(date: &str, service: &str, canonical: &str) -> String {
    let scope = format!("{}/us-east-1/{service}/aws4_request", &date[..8]);
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let key = [&date[..8], "us-east-1", service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
            mac(&key, part)
        });
    hex(&mac(
        &key,
        &format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"),
    ))
}

pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Calls an operation with a signed header.
pub(crate) async fn signed(
    aws: &Aws,
    key: &str,
    target: &str,
    input: &Value,
    date: &str,
) -> WireResponse {
    let host = aws.url.trim_start_matches("http://");
    let service = if target.starts_with("AmazonSQS") {
        "sqs"
    } else {
        "states"
    };
    let body = input.to_string();
    let covered = "host;x-amz-date;x-amz-target";
    let canonical = format!(
        "POST\n/\n\nhost:{host}\nx-amz-date:{date}\nx-amz-target:{target}\n\n{covered}\n{}",
        hex(&Sha256::digest(body.as_bytes()))
    );
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={key}/{}/us-east-1/{service}/aws4_request, SignedHeaders={covered}, Signature={}",
        &date[..8],
        signature(date, service, &canonical)
    );
    let request = aws
        .http
        .post(format!("{}/", aws.url))
        .header("x-amz-date", date)
        .header("x-amz-target", target)
        .header("authorization", authorization)
        .body(body);
    WireResponse::read(request.send().await.expect("an answer")).await
}

/// The URLs of all queues, for whoever may read.
pub(crate) async fn queues(aws: &Aws) -> Vec<String> {
    let answer = signed(aws, "reader", "AmazonSQS.ListQueues", &json!({}), &now()).await;
    let urls = answer.body["QueueUrls"].as_array().expect("a list");
    urls.iter()
        .map(|url| url.as_str().expect("a URL").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_credential_does_what_its_rights_allow() {
    let workspace = workspace();
    let server = start(&workspace).await;
    let aws = server.aws();
    let create = json!({ "QueueName": "orders" });
    let send = json!({ "QueueUrl": "orders", "MessageBody": "x" });
    for (key, target, input, allowed) in [
        ("operateer", "AmazonSQS.CreateQueue", &create, true),
        ("sender", "AmazonSQS.CreateQueue", &create, false),
        ("sender", "AmazonSQS.SendMessage", &send, true),
        ("reader", "AmazonSQS.SendMessage", &send, false),
        ("reader", "AmazonSQS.ListQueues", &json!({}), true),
        ("sender", "AmazonSQS.ListQueues", &json!({}), false),
        (
            "sender",
            "AmazonSQS.ReceiveMessage",
            &json!({ "QueueUrl": "orders" }),
            false,
        ),
        (
            "operateer",
            "AmazonSQS.ReceiveMessage",
            &json!({ "QueueUrl": "orders" }),
            true,
        ),
        (
            "reader",
            "AWSStepFunctions.ListStateMachines",
            &json!({}),
            true,
        ),
        (
            "sender",
            "AWSStepFunctions.ListStateMachines",
            &json!({}),
            false,
        ),
    ] {
        let answer = signed(&aws, key, target, input, &now()).await;
        if allowed {
            assert_eq!(answer.status, 200, "{key} {target}: {}", answer.body);
        } else {
            assert_eq!(answer.error(), "AccessDeniedException", "{key} {target}");
            assert!(
                answer
                    .message()
                    .contains(&format!("user/{key} is not authorized"))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_valid_signature_is_refused_in_the_words_of_aws() {
    let workspace = workspace();
    let server = start(&workspace).await;
    let aws = server.aws();
    let list = "AWSStepFunctions.ListStateMachines";
    let none = aws.call(list, json!({})).await;
    assert_eq!(
        (none.status, none.error()),
        (400, "MissingAuthenticationTokenException")
    );
    let unknown = signed(&aws, "nobody", list, &json!({}), &now()).await;
    assert_eq!(unknown.error(), "UnrecognizedClientException");
    let old = signed(&aws, "reader", list, &json!({}), "20200101T000000Z").await;
    assert_eq!(old.error(), "InvalidSignatureException");
    assert!(
        old.message().starts_with("Signature expired"),
        "{}",
        old.message()
    );
    let sqs = signed(&aws, "nobody", "AmazonSQS.ListQueues", &json!({}), &now()).await;
    assert_eq!(sqs.status, 403);
    assert_eq!(
        sqs.headers["x-amzn-query-error"],
        "InvalidClientTokenId;Sender"
    );
    let form = aws
        .http
        .post(&aws.url)
        .header("content-type", "application/x-www-form-urlencoded");
    let form = form
        .body("Action=GetCallerIdentity&Version=2011-06-15")
        .send()
        .await
        .expect("an answer");
    assert_eq!(form.status().as_u16(), 403);
    assert!(
        form.text()
            .await
            .expect("XML")
            .contains("<Code>MissingAuthenticationToken</Code>")
    );
    // What tools ask before they can sign.
    let health = aws
        .http
        .get(format!("{}/_localstack/health", aws.url))
        .send()
        .await;
    assert_eq!(health.expect("an answer").status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_does_one_thing_for_whoever_has_it() {
    let workspace = workspace();
    let server = start(&workspace).await;
    let aws = server.aws();
    let host = aws.url.trim_start_matches("http://");
    let date = now();
    let query = format!(
        "Action=ListQueues&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=reader%2F{}%2Fus-east-1%2Fsqs%2Faws4_request&X-Amz-Date={date}&X-Amz-Expires=60&X-Amz-SignedHeaders=host",
        &date[..8]
    );
    let canonical = format!(
        "GET\n/\n{query}\nhost:{host}\n\nhost\n{}",
        hex(&Sha256::digest(b""))
    );
    let signature = signature(&date, "sqs", &canonical);
    let get = async |query: &str| {
        let url = format!("{}/?{query}&X-Amz-Signature={signature}", aws.url);
        aws.http
            .get(url)
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    assert_eq!(get(&query).await, 200);
    assert_eq!(get(&query.replace("ListQueues", "PurgeQueue")).await, 403);
    assert_eq!(get(&query.replace("Expires=60", "Expires=600")).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_signs_with_the_credential_in_the_environment() {
    let workspace = workspace();
    let server = start(&workspace).await;
    let list = |key: &str, secret: &str| {
        let mut command = rampmeter(workspace.path());
        command.args(["exec", "list"]);
        command.env(
            "RAMPMETER_SERVER__AWS",
            server.ready["aws_url"].as_str().expect("a URL"),
        );
        command
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret);
        command
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION");
        command
    };
    let listed = run(list("reader", SECRET), "").await;
    assert!(listed.status.success(), "{}", stderr(&listed));
    let refused = run(list("reader", "another"), "").await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("RM2042"), "{}", stderr(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_other_machines_are_kept_out_and_keys_of_aws_are_refused() {
    let open = Workspace::without_vendor();
    let server = Server::start(&open).await;
    let aws = server.aws();
    let aws_key = signed(
        &aws,
        "AKIAIOSFODNN7EXAMPLE",
        "AmazonSQS.ListQueues",
        &json!({}),
        &now(),
    )
    .await;
    assert_eq!(aws_key.error(), "UnrecognizedClientException");
    assert!(
        aws_key.message().contains("allow_aws_keys"),
        "{}",
        aws_key.message()
    );
    let any = signed(
        &aws,
        "test",
        "AmazonSQS.ListQueues",
        &json!({}),
        "20200101T000000Z",
    )
    .await;
    assert_eq!(any.status, 200, "{}", any.body);
    for (workspace, starts) in [(&open, false), (&workspace(), true)] {
        let mut command = Server::command(workspace);
        command
            .env("RAMPMETER_SERVER__AWS", "0.0.0.0:0")
            .env("RAMPMETER_SERVER__ALLOW_PLAINTEXT", "true")
            .env("RM_TEST_SECRET", SECRET);
        if starts {
            Server::launch(command).await.kill().await;
        } else {
            let refused = run(command, "").await;
            assert_eq!(refused.status.code(), Some(2));
            assert!(stderr(&refused).contains("RM2017"), "{}", stderr(&refused));
        }
    }
}

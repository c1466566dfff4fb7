//! Dead letters and the verdict, as people handle them on the command line.

use serde_json::{Value, json};

use crate::aws::execution_arn;
use crate::process::{Server, eventually, stderr, stdout};
use crate::vendor::Vendor;
use crate::workspace::Workspace;

async fn letters(server: &Server) -> Vec<Value> {
    let answer = server.admin_json("/v1/dead-letters").await;
    answer["dead_letters"].as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_redriven_and_discarded() {
    let vendor = Vendor::opened().await;
    vendor.answers(409);
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    for name in ["one", "two", "three"] {
        server
            .aws()
            .start("pay", name, json!({ "order": name }))
            .await;
    }
    eventually("three letters", async || {
        (letters(&server).await.len() == 3).then_some(())
    })
    .await;

    let listed = server.cli(&workspace, &["dlq", "list"], "").await;
    let lines = stdout(&listed);
    assert_eq!(lines.lines().count(), 4, "{lines}");
    assert!(lines.contains("Http.StatusCode.409"), "{lines}");
    let groups = server
        .cli(&workspace, &["dlq", "groups", "--json"], "")
        .await;
    let groups: Value = serde_json::from_str(&stdout(&groups)).expect("JSON");
    assert_eq!(groups["groups"][0]["count"], 3);

    // The vendor is mended; one is taken up by its name.
    vendor.answers(201);
    let ids = server
        .cli(&workspace, &["dlq", "list", "-o", "id"], "")
        .await;
    let newest = stdout(&ids).lines().next().expect("an id").to_owned();
    let arguments = ["dlq", "redrive", &newest, "--reason", "mended"];
    let redriven = server.cli(&workspace, &arguments, "").await;
    assert_eq!(redriven.status.code(), Some(0), "{}", stderr(&redriven));
    assert!(stdout(&redriven).contains("goes on"));

    // All the others: nobody is at a terminal to agree, so it takes a word.
    let all = ["dlq", "redrive", "--target", "vendor", "--rate", "100/s"];
    let unsure = server.cli(&workspace, &all, "").await;
    assert_eq!(unsure.status.code(), Some(2), "{}", stderr(&unsure));
    assert!(stderr(&unsure).contains("2 dead letters"));
    let sure = [&all[..], &["--yes"]].concat();
    let redriven = server.cli(&workspace, &sure, "").await;
    assert_eq!(redriven.status.code(), Some(0), "{}", stderr(&redriven));
    for name in ["one", "two", "three"] {
        let ended = server.aws().ended(&execution_arn("pay", name)).await;
        assert_eq!(ended["status"], "SUCCEEDED", "{name}");
    }
    assert!(letters(&server).await.is_empty());
    let changes = server.admin_json("/v1/changes").await;
    let changes = changes["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[2]["reason"], "mended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_cannot_be_redriven_stays_until_it_is_discarded() {
    let vendor = Vendor::opened().await;
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    let sent = json!({ "QueueUrl": "vendor-high", "MessageBody": "no call" });
    let answer = server.aws().call("AmazonSQS.SendMessage", sent).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = eventually("a letter", async || {
        let found = letters(&server).await.pop()?;
        Some(found["id"].as_str().expect("an id").to_owned())
    })
    .await;
    let refused = server
        .cli(&workspace, &["dlq", "redrive", &id, "--to", "HIGH"], "")
        .await;
    assert_eq!(refused.status.code(), Some(1));
    let why = stderr(&refused);
    assert!(
        why.contains("no valid call") && why.contains("RM2044"),
        "{why}"
    );
    assert_eq!(letters(&server).await.len(), 1);
    let none = server.cli(&workspace, &["dlq", "discard"], "").await;
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
    let discarded = server.cli(&workspace, &["dlq", "discard", &id], "").await;
    assert_eq!(discarded.status.code(), Some(0), "{}", stderr(&discarded));
    assert!(letters(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_redriven_by_name() {
    let vendor = Vendor::opened().await;
    vendor.answers(404);
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    let arn = server
        .aws()
        .start("pay", "one", json!({ "order": "one" }))
        .await;
    assert_eq!(server.aws().ended(&arn).await["status"], "FAILED");
    vendor.answers(201);
    let redriven = server
        .cli(&workspace, &["exec", "redrive", "one"], "")
        .await;
    assert_eq!(redriven.status.code(), Some(0), "{}", stderr(&redriven));
    assert_eq!(server.aws().ended(&arn).await["status"], "SUCCEEDED");
    let again = server
        .cli(&workspace, &["exec", "redrive", "one"], "")
        .await;
    assert_eq!(again.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_good_bad_or_unreachable() {
    let vendor = Vendor::opened().await;
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    let well = server.cli(&workspace, &["health"], "").await;
    assert_eq!(well.status.code(), Some(0), "{}", stderr(&well));
    assert!(stdout(&well).starts_with("✔ flowing"));

    vendor.answers(404);
    // One bad answer alone says nothing.
    for name in ["one", "two"] {
        let input = json!({ "order": name });
        let arn = server.aws().start("pay", name, input).await;
        server.aws().ended(&arn).await;
        let health = server.cli(&workspace, &["health"], "").await;
        assert_eq!(health.status.code(), Some(i32::from(name == "two")));
    }
    let unwell = server.cli(&workspace, &["health"], "").await;
    assert_eq!(unwell.status.code(), Some(1));
    let told = stdout(&unwell);
    assert!(
        told.contains("✗ succeeding") && told.contains("2 dead letters"),
        "{told}"
    );

    let elsewhere = ["health", "--admin", "http://127.0.0.1:9"];
    let nobody = server.cli(&workspace, &elsewhere, "").await;
    assert_eq!(nobody.status.code(), Some(3));
}

//! Dead letters and the health report, as people use them on the command line.

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

    // The vendor works again; one is redriven by its name.
    vendor.answers(201);
    let ids = server
        .cli(&workspace, &["dlq", "list", "-o", "id"], "")
        .await;
    let newest = stdout(&ids).lines().next().expect("an id").to_owned();
    let arguments = ["dlq", "redrive", &newest, "--reason", "mended"];
    let redriven = server.cli(&workspace, &arguments, "").await;
    assert_eq!(redriven.status.code(), Some(0), "{}", stderr(&redriven));
    assert!(stdout(&redriven).contains("goes on"));

    // All the others: nobody is at a terminal to agree, so it takes `--yes`.
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
    // One entry for the first, and one for the two that were redriven together.
    let changes = server.admin_json("/v1/changes").await;
    let changes = changes["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[1]["reason"], "mended");
    assert_eq!(changes[0]["kind"], "bulk_redrive");
    assert_eq!(changes[0]["subject"], "2 dead letters");
    assert_eq!(changes[0]["change"], "target vendor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_names_no_entry_of_the_trail_is_refused() {
    let vendor = Vendor::opened().await;
    vendor.answers(409);
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    let input = json!({ "order": "one" });
    server.aws().start("pay", "one", input).await;
    let id = eventually("a letter", async || {
        letters(&server)
            .await
            .first()
            .map(|letter| letter["id"].clone())
    })
    .await;
    let path = format!("/v1/dead-letters/{}/discard", id.as_str().expect("an id"));
    let request = server.aws().http.post(server.admin(&path));
    let answer = request.json(&json!({ "bulk": 7 })).send().await;
    assert_eq!(answer.expect("it answers").status(), 404);
    assert_eq!(letters(&server).await.len(), 1);
}

/// Three failed executions are shown in the report and in the metrics.
async fn are_told(server: &Server, workspace: &Workspace) {
    let health = server.cli(workspace, &["health"], "").await;
    assert_eq!(health.status.code(), Some(1));
    let words = stdout(&health);
    assert!(
        words.contains("pay: 3 executions failed with Http.StatusCode.409, of 3 that ended"),
        "{words}"
    );
    let next = "exec redrive --workflow pay --error Http.StatusCode.409 --rate 2/s";
    assert!(words.contains(next), "{words}");
    let metrics = server.aws().http.get(server.admin("/metrics")).send().await;
    let metrics = metrics.expect("it answers").text().await.expect("a text");
    for line in [
        r#"rampmeter_executions_total{workflow="pay",status="FAILED"} 3"#,
        r#"rampmeter_execution_failures_total{workflow="pay",error="Http.StatusCode.409"} 3"#,
        r#"rampmeter_execution_duration_seconds_count{workflow="pay"} 3"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    for name in [
        "process_cpu_seconds_total",
        "rampmeter_disk_free_bytes",
        "rampmeter_writer_queue",
    ] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_executions_are_counted_named_and_taken_up_again_together() {
    let vendor = Vendor::opened().await;
    vendor.answers(409);
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    // The report counts since the first sample that is kept.
    eventually("a first look", async || {
        let series = server.admin_json("/v1/series").await;
        let looks = series["at"].as_array()?.len();
        (looks > 0).then_some(())
    })
    .await;
    for name in ["one", "two", "three"] {
        server
            .aws()
            .start("pay", name, json!({ "order": name }))
            .await;
        server.aws().ended(&execution_arn("pay", name)).await;
    }
    are_told(&server, &workspace).await;

    // The vendor works again: those with another error stay, the others go on, the oldest first.
    vendor.answers(201);
    let all = ["exec", "redrive", "--workflow", "pay", "--rate", "100/s"];
    let other = [&all[..], &["--error", "Other", "--yes"]].concat();
    let none = server.cli(&workspace, &other, "").await;
    assert_eq!((none.status.code(), stdout(&none).as_str()), (Some(0), ""));
    let unsure = server.cli(&workspace, &all, "").await;
    assert_eq!(unsure.status.code(), Some(2), "{}", stderr(&unsure));
    assert!(
        stderr(&unsure).contains("3 executions would be meant"),
        "{}",
        stderr(&unsure)
    );
    let sure = [
        &all[..],
        &[
            "--error",
            "Http.StatusCode.409",
            "--yes",
            "-o",
            "id",
            "--reason",
            "mended",
        ],
    ]
    .concat();
    let redriven = server.cli(&workspace, &sure, "").await;
    assert_eq!(redriven.status.code(), Some(0), "{}", stderr(&redriven));
    let arns: Vec<String> = stdout(&redriven).lines().map(str::to_owned).collect();
    assert_eq!(
        arns,
        ["one", "two", "three"].map(|name| execution_arn("pay", name))
    );
    for arn in arns {
        assert_eq!(server.aws().ended(&arn).await["status"], "SUCCEEDED");
    }
    let changes = server.admin_json("/v1/changes").await;
    let changes = changes["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["subject"], "3 executions");
    assert_eq!(
        changes[0]["change"],
        "workflow pay, error Http.StatusCode.409"
    );
    assert_eq!(changes[0]["reason"], "mended");
    server.signal("TERM");
    let (_, said) = server.ended_saying().await;
    assert_eq!(said.matches("an execution failed").count(), 3, "{said}");
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

//! `backup` of a server that runs and `restore` into a new directory, as an operator does them.

use serde_json::{Value, json};

use crate::aws::execution_arn;
use crate::process::{Server, eventually, rampmeter, run, stderr, stdout};
use crate::vendor::Vendor;
use crate::workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_is_served_again_with_its_targets_paused() {
    let vendor = Vendor::opened().await;
    let workspace = Workspace::new(&vendor.base_url, 2);
    let server = Server::start(&workspace).await;
    let arn = server
        .aws()
        .start("pay", "before", json!({ "order": "before" }))
        .await;
    server.aws().ended(&arn).await;
    let data = workspace.data_dir();
    let data = data.to_str().expect("UTF-8");
    let made = server
        .cli(&workspace, &["backup", "copy", "--data-dir", data], "")
        .await;
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    assert!(stdout(&made).contains("rampmeter restore copy"));
    // What comes later is not in it.
    let later = server
        .aws()
        .start("pay", "later", json!({ "order": "later" }))
        .await;
    server.aws().ended(&later).await;
    server.kill().await;

    let mut over = rampmeter(workspace.path());
    over.args(["restore", "copy", "--data-dir", data]);
    let over = run(over, "").await;
    assert_eq!(over.status.code(), Some(2), "{}", stderr(&over));
    assert!(stderr(&over).contains("RM2048"));
    let mut restore = rampmeter(workspace.path());
    restore.args(["restore", "copy", "--data-dir", "restored", "--json"]);
    let restored = run(restore, "").await;
    assert_eq!(restored.status.code(), Some(0), "{}", stderr(&restored));
    let told: Value = serde_json::from_str(&stdout(&restored)).expect("JSON");
    assert_eq!(told["schema"], "rampmeter.restored/1");

    let place = workspace.path().join("restored");
    let server = Server::launch(Server::command_on(&workspace, &place)).await;
    let kept = server.admin_json("/v1/executions/before").await;
    assert_eq!(kept["status"], "SUCCEEDED");
    let lost = server.admin_json("/v1/executions/later").await;
    assert_eq!(lost["error"]["code"], "RM2020");
    let target = server.admin_json("/v1/targets").await;
    assert_eq!(target["targets"][0]["paused"], json!(["target"]));
    server
        .aws()
        .start("pay", "after", json!({ "order": "after" }))
        .await;
    let resumed = server
        .cli(
            &workspace,
            &["target", "resume", "vendor", "--reason", "restored"],
            "",
        )
        .await;
    assert_eq!(resumed.status.code(), Some(0), "{}", stderr(&resumed));
    eventually("the new call ends", async || {
        let ended = server.admin_json("/v1/executions/after").await;
        (ended["status"] == "SUCCEEDED").then_some(())
    })
    .await;
    assert_eq!(kept["execution_arn"], execution_arn("pay", "before"));
}

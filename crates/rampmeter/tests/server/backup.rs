//! `backup` of a running server and `restore` into a new directory, as an operator does them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
    // What comes later is not in the backup.
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

/// Files that others may read, in a directory and below it, including the directory itself.
fn open_to_others(path: &Path) -> Vec<PathBuf> {
    let found = std::fs::symlink_metadata(path).expect("it is there");
    let mut open = Vec::new();
    if found.mode() & 0o077 != 0 {
        open.push(path.to_owned());
    }
    if found.is_dir() {
        for entry in std::fs::read_dir(path).expect("a directory") {
            open.extend(open_to_others(&entry.expect("an entry").path()));
        }
    }
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backup_and_a_restore_write_is_their_users_alone_whatever_the_umask() {
    let workspace = Workspace::without_vendor();
    Server::start(&workspace).await.kill().await;
    let data = workspace.data_dir();
    let data = data.to_str().expect("UTF-8");
    let binary = env!("CARGO_BIN_EXE_rampmeter");
    for command in [
        format!("{binary} backup copy --data-dir {data}"),
        format!("{binary} restore copy --data-dir restored"),
    ] {
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(workspace.path());
        shell.args(["-c", &format!("umask 0; exec {command}")]);
        let done = run(shell, "").await;
        assert!(done.status.success(), "{}", stderr(&done));
    }
    for directory in ["copy", "restored"] {
        let open = open_to_others(&workspace.path().join(directory));
        assert!(open.is_empty(), "{open:?}");
    }
}

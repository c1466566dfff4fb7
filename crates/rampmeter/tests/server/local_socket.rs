//! The Unix socket of the admin port: found by the command line, open to the server's own user, and on record by the system's name for them.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::process::{Server, rampmeter, run, stderr, stdout};
use crate::workspace::Workspace;

/// A server that asks for a login that nobody has.
fn guarded(more: &str) -> Workspace {
    let workspace = Workspace::without_vendor();
    let text = std::fs::read_to_string(workspace.config()).expect("the configuration");
    let admin = format!("[server.admin]\nlogin = true\n{more}\n\n[server]");
    std::fs::write(workspace.config(), text.replace("[server]", &admin)).expect("written");
    workspace
}

fn socket_of(server: &Server) -> PathBuf {
    server.ready["admin_socket"]
        .as_str()
        .expect("a path")
        .into()
}

/// A command that is told nothing of the server but what the environment says of its data.
async fn local(workspace: &Workspace, arguments: &[&str]) -> Output {
    let mut command = rampmeter(workspace.path());
    command.args(arguments);
    command.env("RAMPMETER_SERVER__DATA_DIR", workspace.data_dir());
    run(command, "").await
}

#[tokio::test]
async fn the_local_command_line_finds_the_socket_and_its_user_is_on_record() {
    let workspace = guarded("");
    let server = Server::start(&workspace).await;
    let mode = std::fs::metadata(socket_of(&server))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let by_port = server.cli(&workspace, &["limit", "list"], "").await;
    assert_eq!(by_port.status.code(), Some(3), "{}", stderr(&by_port));
    let paused = local(
        &workspace,
        &["target", "pause", "vendor", "--reason", "by hand"],
    )
    .await;
    assert!(paused.status.success(), "{}", stderr(&paused));
    let changes = local(&workspace, &["limit", "changes", "-o", "jsonl"]).await;
    let first: Value =
        serde_json::from_str(stdout(&changes).lines().next().expect("a line")).expect("JSON");
    let by = first["by"].to_string();
    assert!(
        by.contains("(uid ") && by.contains("local socket"),
        "{first}"
    );
    // By its address too.
    let named = format!("unix:{}", socket_of(&server).display());
    let mut command = rampmeter(workspace.path());
    command.args(["target", "list", "--admin", &named]);
    let listed = run(command, "").await;
    assert!(stdout(&listed).contains("vendor"), "{}", stderr(&listed));
}

#[tokio::test]
async fn a_socket_that_a_killed_server_left_is_taken_over_and_one_that_ends_takes_it_away() {
    let workspace = guarded("");
    let server = Server::start(&workspace).await;
    let socket = socket_of(&server);
    server.kill().await;
    assert!(socket.exists(), "nobody took it away");
    let nobody = local(&workspace, &["limit", "list"]).await;
    assert_eq!(nobody.status.code(), Some(3), "{}", stderr(&nobody));
    let server = Server::start(&workspace).await;
    let listed = local(&workspace, &["limit", "list"]).await;
    assert!(listed.status.success(), "{}", stderr(&listed));
    server.signal("TERM");
    server.ended().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_socket_is_where_the_configuration_says_or_nowhere() {
    let workspace = guarded("socket = \"here.sock\"");
    let server = Server::start(&workspace).await;
    assert_eq!(socket_of(&server), workspace.path().join("here.sock"));
    server.kill().await;
    // A file of somebody's is not taken for an old socket.
    std::fs::remove_file(workspace.path().join("here.sock")).expect("it was left");
    workspace.write("here.sock", "mine");
    let refused = run(Server::command(&workspace), "").await;
    assert!(stderr(&refused).contains("RM2065"), "{}", stderr(&refused));
    let kept = std::fs::read_to_string(workspace.path().join("here.sock")).expect("it is there");
    assert_eq!(kept, "mine");
    let none = guarded("socket = \"none\"");
    let server = Server::start(&none).await;
    assert_eq!(server.ready["admin_socket"], Value::Null);
    assert!(!none.data_dir().join("admin.sock").exists());
}

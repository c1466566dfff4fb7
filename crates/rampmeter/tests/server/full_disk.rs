//! A disk that takes no more: nothing is acknowledged that is not on it, the process says so and ends, and a start with
//! room again finds everything that was acknowledged.

use std::process::Command;

use serde_json::json;

use crate::aws::machine_arn;
use crate::process::{Server, stderr};
use crate::workspace::Workspace;

/// The server with a bound on the size of every file it writes, in KiB. The shell ignores the signal that the kernel
/// sends at the bound, so the write fails as it does on a full disk.
fn with_small_disk(workspace: &Workspace, kibibytes: u32) -> Command {
    let server = Server::command(workspace);
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\""
        ))
        .arg(server.get_program())
        .args(server.get_args())
        .current_dir(workspace.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_acknowledging_and_loses_nothing_that_was_acknowledged() {
    let workspace = Workspace::without_vendor();
    let server = Server::launch(with_small_disk(&workspace, 2_048)).await;
    let aws = server.aws();
    let input = json!({ "filler": "x".repeat(20_000) }).to_string();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let name = format!("order-{}", acknowledged.len());
        let started = aws
            .try_states(
                "StartExecution",
                json!({ "stateMachineArn": machine_arn("pass"), "name": name, "input": input }),
            )
            .await;
        match started {
            Some(answer) if answer.status == 200 => acknowledged.push(name),
            other => break other,
        }
        assert!(
            acknowledged.len() < 2_000,
            "the disk of 2 MiB takes everything"
        );
    };
    assert!(!acknowledged.is_empty());
    if let Some(answer) = refused {
        assert!(answer.status >= 500, "{}: {}", answer.status, answer.body);
    }
    let output = server.output().await;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("nothing more is acknowledged"),
        "{}",
        stderr(&output)
    );

    let server = Server::start(&workspace).await;
    for name in &acknowledged {
        let arn = format!(
            "{}:{name}",
            machine_arn("pass").replace("stateMachine", "execution")
        );
        let found = server
            .aws()
            .states("DescribeExecution", json!({ "executionArn": arn }))
            .await;
        assert_eq!(found.body["status"], "SUCCEEDED", "{name}: {}", found.body);
    }
}

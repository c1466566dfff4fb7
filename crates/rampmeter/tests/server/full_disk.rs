//! A full disk: nothing is acknowledged that is not on it, the process says so and ends, and a start with room again
//! finds everything that was acknowledged.

use std::process::Command;

use serde_json::json;

use crate::aws::{Aws, WireResponse, execution_arn, machine_arn};
use crate::process::Server;
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
    while let Some(name) = start_one(&aws, acknowledged.len(), &input).await {
        acknowledged.push(name);
        assert!(
            acknowledged.len() < 2_000,
            "a disk of 2 MiB takes everything"
        );
    }
    assert!(!acknowledged.is_empty());
    let (status, said) = server.ended_saying().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("nothing more is acknowledged"), "{said}");

    let server = Server::start(&workspace).await;
    for name in &acknowledged {
        let arn = execution_arn("pass", name);
        let describe = json!({ "executionArn": arn });
        let found = server.aws().states("DescribeExecution", describe).await;
        assert_eq!(found.body["status"], "SUCCEEDED", "{name}: {}", found.body);
    }
}

/// Starts one execution; its name if that was acknowledged. A refusal is a server error or a closed connection.
async fn start_one(aws: &Aws, number: usize, input: &str) -> Option<String> {
    let name = format!("order-{number}");
    let start = json!({ "stateMachineArn": machine_arn("pass"), "name": name, "input": input });
    let sent = aws
        .http
        .post(&aws.url)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "AWSStepFunctions.StartExecution")
        .body(start.to_string())
        .send()
        .await;
    let answer = WireResponse::read(sent.ok()?).await;
    if answer.status == 200 {
        return Some(name);
    }
    assert!(answer.status >= 500, "{}: {}", answer.status, answer.body);
    None
}

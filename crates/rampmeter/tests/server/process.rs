//! The binary as a child process.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::aws::Aws;
use crate::workspace::Workspace;

/// Longest wait for anything in a test. It is a bound on a failure, not an expectation.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none before the deadline.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {DEADLINE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The binary with the environment of this process but none of our variables.
pub(crate) fn rampmeter(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampmeter"));
    command.current_dir(directory);
    for name in [
        "SERVER__AWS",
        "SERVER__ADMIN",
        "SERVER__DATA_DIR",
        "SERVER__REGION",
        "LOG",
    ] {
        command.env_remove(format!("RAMPMETER_{name}"));
    }
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Runs a command to its end, with `input` as its standard input.
pub(crate) async fn run(mut command: Command, input: &str) -> Output {
    let input = input.to_owned();
    let finished = tokio::task::spawn_blocking(move || {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A command that does not read its input may end before all of it is written.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("the binary ends")
    });
    finished.await.expect("no panic")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// `rampmeter serve` on free ports. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    pub(crate) ready: Value,
    /// A server reads its data for as long as it runs.
    _directory: Option<Arc<TempDir>>,
}

impl Server {
    /// Starts it on the configuration of `workspace` and waits until it is ready.
    pub(crate) async fn start(workspace: &Workspace) -> Self {
        let mut server = Self::launch(Self::command(workspace)).await;
        server._directory = Some(workspace.directory());
        server
    }

    /// Starts it with a command of the test's own and waits until it is ready.
    pub(crate) async fn launch(mut command: Command) -> Self {
        let started = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("the binary starts");
            let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
            let mut line = String::new();
            stdout
                .read_line(&mut line)
                .expect("standard output is read");
            if line.is_empty() {
                let mut why = String::new();
                let _ = child
                    .stderr
                    .take()
                    .expect("a pipe")
                    .read_to_string(&mut why);
                panic!("the server did not start: {why}");
            }
            let ready = serde_json::from_str(&line).expect("the first line is JSON");
            Self {
                child,
                _stdout: stdout,
                ready,
                _directory: None,
            }
        });
        started.await.expect("the server starts")
    }

    /// The command that starts it.
    pub(crate) fn command(workspace: &Workspace) -> Command {
        Self::command_on(workspace, &workspace.data_dir())
    }

    /// The same on another data directory.
    pub(crate) fn command_on(workspace: &Workspace, data_dir: &Path) -> Command {
        let mut command = rampmeter(workspace.path());
        command.args(["serve", "--json", "--port", "0", "--admin-port", "0"]);
        command.arg("--config").arg(workspace.config());
        command.arg("--data-dir").arg(data_dir);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A client of its AWS port.
    pub(crate) fn aws(&self) -> Aws {
        Aws::new(self.ready["aws_url"].as_str().expect("a URL"))
    }

    /// The URL of a path of its admin port.
    pub(crate) fn admin(&self, path: &str) -> String {
        format!("{}{path}", self.ready["admin_url"].as_str().expect("a URL"))
    }

    /// An object of its admin port.
    pub(crate) async fn admin_json(&self, path: &str) -> Value {
        let answer = self
            .aws()
            .http
            .get(self.admin(path))
            .send()
            .await
            .expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// Runs a command of the command line against this server.
    pub(crate) async fn cli(
        &self,
        workspace: &Workspace,
        arguments: &[&str],
        input: &str,
    ) -> Output {
        let mut command = rampmeter(workspace.path());
        command.args(arguments);
        command.env(
            "RAMPMETER_SERVER__AWS",
            self.ready["aws_url"].as_str().expect("a URL"),
        );
        command.env(
            "RAMPMETER_SERVER__ADMIN",
            self.ready["admin_url"].as_str().expect("a URL"),
        );
        run(command, input).await
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(pid)
            .status();
        assert!(sent.expect("kill runs").success(), "the signal is sent");
    }

    /// Waits until the process has ended.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        eventually("the server ends", async || {
            self.child.try_wait().expect("a child")
        })
        .await
    }

    /// Waits until the process has ended by itself, and returns what it said on standard error.
    pub(crate) async fn ended_saying(mut self) -> (ExitStatus, String) {
        let mut stderr = self.child.stderr.take().expect("a pipe");
        let said = tokio::task::spawn_blocking(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).expect("UTF-8");
            said
        });
        let said = said.await.expect("no panic");
        (self.ended().await, said)
    }

    /// Ends it with SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.kill().expect("a child");
        self.ended().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

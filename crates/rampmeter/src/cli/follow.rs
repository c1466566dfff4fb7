//! Waiting for executions to end.

use std::time::Duration;

use rampmeter_terminal::output::{self, Format};
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Client, text};

/// First and longest pause between two checks. The pause grows, so that the end of a short execution is seen at once
/// and a long one costs little.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Until when to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// So long from now; never when absent.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    pub(crate) fn has_passed(self) -> bool {
        self.0.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// The description of an execution (DescribeExecution) once it has ended.
pub(crate) async fn until_ended(
    client: &Client,
    execution_arn: &str,
    deadline: Deadline,
) -> Result<Value, Failure> {
    let mut pause = FIRST_PAUSE;
    loop {
        let request = json!({ "executionArn": execution_arn });
        let description = client.states("DescribeExecution", &request).await?;
        if description["status"] != "RUNNING" {
            return Ok(description);
        }
        if deadline.has_passed() {
            let what = format!("{execution_arn} still runs");
            return Err(Failure::new("RM2010", Exit::TimedOut, what)
                .with_help(format!("rampmeter exec show {execution_arn}")));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// Whether a description is that of an execution that succeeded.
pub(crate) fn succeeded(description: &Value) -> bool {
    description["status"] == "SUCCEEDED"
}

/// The object that `-o json` prints for an ended execution.
pub(crate) fn ended_json(description: &Value) -> Value {
    json!({
        "schema": "rampmeter.ended/1",
        "execution_arn": description["executionArn"],
        "status": description["status"],
        "output": description["output"].as_str().map(output_value),
        "error": description["error"],
        "cause": description["cause"],
    })
}

/// An output as a value; one that is not JSON stays text.
fn output_value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// Prints an execution that has ended: on success its output, on failure the error and its cause.
pub(crate) fn print_ended(description: &Value, format: Format) -> std::io::Result<()> {
    match format {
        Format::Id => output::data(&text(&description["executionArn"])),
        Format::Json => output::json(&ended_json(description)),
        Format::Jsonl => output::data(&ended_json(description).to_string()),
        Format::Table if succeeded(description) => output::data(&text(&description["output"])),
        Format::Table => {
            let status = text(&description["status"]);
            let error = description["error"].as_str().unwrap_or("no error name");
            output::note(&format!("{status}: {error}"));
            if let Some(cause) = description["cause"].as_str() {
                output::note(cause);
            }
            Ok(())
        }
    }
}

//! `start`: one execution, or one for each line of the input.

mod lines;

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::{UnixMillis, duration, rfc3339};

use clap::Args;
use serde_json::{Value, json};

use super::follow;
use crate::client::{Client, ServerArguments, text};

/// Options of `start`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name or ARN of the workflow.
    workflow: String,
    /// File with the input as JSON, `-` for standard input, or the JSON itself.
    #[arg(long, short = 'i', default_value = "{}", value_name = "FILE|-|JSON")]
    input: String,
    /// Name of the execution; a repeat with the same name and input starts nothing twice. With --lines, the number
    /// of the line is added.
    #[arg(long)]
    name: Option<String>,
    /// Wait until it has ended; exit 1 unless it succeeded.
    #[arg(long)]
    wait: bool,
    /// Longest wait, such as 30s or 5m; exit 4 when it is over.
    #[arg(long, requires = "wait", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Start one execution for each line of the input.
    #[arg(long)]
    lines: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `start`.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let format = arguments.output.format();
    let deadline = follow::Deadline::after(arguments.timeout);
    let workflow = client.workflow_arn(&arguments.workflow).await?;
    if arguments.lines {
        let plan = lines::Plan {
            workflow,
            input: arguments.input,
            name: arguments.name,
        };
        let wait = arguments.wait.then_some(deadline);
        return lines::run(&client, plan, wait, format).await;
    }
    let input = read_input(&arguments.input)?;
    let started = start(&client, &workflow, arguments.name.as_deref(), &input).await?;
    if !arguments.wait {
        return Ok(print_started(&started, format)?);
    }
    output::note(&format!("started {}", started.execution_arn));
    let ended = follow::until_ended(&client, &started.execution_arn, deadline).await?;
    follow::print_ended(&ended, format)?;
    if follow::succeeded(&ended) {
        Ok(())
    } else {
        Err(Failure::Reported(Exit::Failed))
    }
}

/// An execution that was acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    /// Its ARN.
    pub(crate) execution_arn: String,
    /// When it started, in seconds since the epoch.
    start_date: f64,
}

impl Started {
    /// The object that `-o json` prints.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "schema": "rampmeter.started/1",
            "execution_arn": self.execution_arn,
            "started_at": rfc3339(UnixMillis::from_secs_f64(self.start_date)),
        })
    }
}

/// Starts one execution.
pub(crate) async fn start(
    client: &Client,
    workflow: &str,
    name: Option<&str>,
    input: &str,
) -> Result<Started, crate::client::ClientError> {
    let mut request = json!({ "stateMachineArn": workflow, "input": input });
    if let Some(name) = name {
        request["name"] = name.into();
    }
    let answer = client.states("StartExecution", &request).await?;
    Ok(Started {
        execution_arn: text(&answer["executionArn"]),
        start_date: answer["startDate"].as_f64().unwrap_or_default(),
    })
}

/// Prints one started execution.
pub(crate) fn print_started(started: &Started, format: Format) -> std::io::Result<()> {
    match format {
        Format::Table | Format::Id => output::data(&started.execution_arn),
        Format::Json => output::json(&started.to_json()),
        Format::Jsonl => output::data(&started.to_json().to_string()),
    }
}

/// The input: the JSON itself, standard input, or a file.
fn read_input(input: &str) -> Result<String, Failure> {
    if input.starts_with(['{', '[', '"']) {
        return Ok(input.to_owned());
    }
    let read = if input == "-" {
        let mut all = String::new();
        std::io::stdin().read_to_string(&mut all).map(|_| all)
    } else {
        std::fs::read_to_string(Path::new(input))
    };
    read.map_err(|why| unreadable(input, &why))
}

/// The input cannot be read.
pub(crate) fn unreadable(input: &str, why: &std::io::Error) -> Failure {
    Failure::new(
        "RM2011",
        Exit::Usage,
        format!("the input {input} cannot be read: {why}"),
    )
    .with_help("--input FILE, --input - for standard input, or --input '{\"a\": 1}'")
}

//! Executions that wait for their task token: the memory and disk that each costs, and how soon a server with all of
//! them serves again after SIGKILL. The server is a process of its own, so that its memory can be measured; memory is
//! read where the operating system has `/proc`. What a call costs is measured elsewhere (`decisions.rs`, `queues.rs`).

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::demo::child::ChildEngine;
use crate::demo::configuration::FILE_NAME;

/// Names the queue and the state machine.
const NAME: &str = "paused";
/// A response that takes longer than this is taken to be lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What was measured. Bytes are those of the whole server.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    executions: u32,
    started_per_second: f64,
    /// Resident memory when a tenth of the executions wait, and when all do.
    tenth_resident_bytes: Option<u64>,
    resident_bytes: Option<u64>,
    /// Everything in the data directory.
    disk_bytes: u64,
    /// From the start of the process after SIGKILL until its ports are open.
    ready_ms: f64,
    /// The same until one of the executions has been resumed and has ended.
    resumed_ms: f64,
}

impl Measured {
    /// For people.
    pub(super) fn text(&self) -> String {
        let megabytes = |bytes: Option<u64>| match bytes {
            Some(bytes) => format!("{:.0} MB", bytes as f64 / 1e6),
            None => "unknown".to_owned(),
        };
        format!(
            "waiting         {} executions, {:.0} bytes of disk each; the server takes {} with a tenth of them and {} with all\n\
             after SIGKILL   ready in {:.0} ms, the first of them resumed and ended in {:.0} ms",
            self.executions,
            self.disk_bytes as f64 / f64::from(self.executions),
            megabytes(self.tenth_resident_bytes),
            megabytes(self.resident_bytes),
            self.ready_ms,
            self.resumed_ms,
        )
    }
}

/// Starts executions that wait, kills the server, and resumes one.
///
/// # Errors
/// A text when the server does not start, refuses, or has lost what it acknowledged.
pub(super) async fn measure(
    directory: &Path,
    executions: u32,
    clients: u32,
) -> Result<Measured, String> {
    let data_dir = directory.join("paused");
    fs::create_dir_all(&data_dir).map_err(|error| error.to_string())?;
    let configuration = format!(
        "version = 1\n\n[server]\ndata_dir = {:?}\n",
        data_dir.display().to_string()
    );
    fs::write(data_dir.join(FILE_NAME), configuration).map_err(|error| error.to_string())?;
    let started = ChildEngine::start(&data_dir, false).await;
    let mut server = started.map_err(|error| error.to_string())?;
    let client = Client::new(server.addresses().0)?;
    let machine = client.prepare().await?;

    let begin = Instant::now();
    let tenth = executions.div_ceil(10);
    client.start_all(&machine, 0..tenth, clients).await?;
    let tenth_resident_bytes = resident_bytes(server.process_id());
    client
        .start_all(&machine, tenth..executions, clients)
        .await?;
    let started_per_second = (f64::from(executions) / begin.elapsed().as_secs_f64()).round();
    let resident_bytes = resident_bytes(server.process_id());
    let disk_bytes = disk_bytes(&data_dir).map_err(|error| error.to_string())?;

    server.kill().map_err(|error| error.to_string())?;
    let begin = Instant::now();
    let again = server.start_again().await;
    again.map_err(|error| error.to_string())?;
    let ready = begin.elapsed();
    client.resume_one().await?;
    let resumed = begin.elapsed();
    client.all_are_there(executions).await?;
    let stopped = server.stop().await;
    stopped.map_err(|error| error.to_string())?;
    Ok(Measured {
        executions,
        started_per_second,
        tenth_resident_bytes,
        resident_bytes,
        disk_bytes,
        ready_ms: ready.as_secs_f64() * 1_000.0,
        resumed_ms: resumed.as_secs_f64() * 1_000.0,
    })
}

/// The memory that the process holds now.
fn resident_bytes(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

/// The sizes of all files below a directory.
fn disk_bytes(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    let mut left: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
            } else {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok(bytes)
}

#[derive(Debug, Clone)]
struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    fn new(aws: SocketAddr) -> Result<Client, String> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_TIMEOUT);
        Ok(Client {
            http: client.build().map_err(|error| error.to_string())?,
            url: format!("http://{aws}/"),
        })
    }

    async fn call(&self, operation: &str, request: Value) -> Result<Value, String> {
        let request = self
            .http
            .post(&self.url)
            .header("x-amz-target", operation)
            .body(request.to_string());
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{operation}: HTTP {status}: {text}"));
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// Makes a queue, and a state machine that sends to it and waits. Returns the state machine's ARN.
    async fn prepare(&self) -> Result<String, String> {
        let queue = json!({ "QueueName": NAME });
        let queue = self.call("AmazonSQS.CreateQueue", queue).await?;
        let definition = json!({"StartAt": "Wait", "States": {"Wait": {
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": queue["QueueUrl"], "MessageBody": {
                "TaskToken.$": "$$.Task.Token", "Execution.$": "$$.Execution.Id", "Order.$": "$",
            }},
            "End": true,
        }}});
        let machine = json!({
            "name": NAME, "definition": definition.to_string(), "roleArn": "arn:aws:iam::000000000000:role/bench",
        });
        let made = self
            .call("AWSStepFunctions.CreateStateMachine", machine)
            .await?;
        text(&made["stateMachineArn"])
    }

    async fn start_all(
        &self,
        machine: &str,
        numbers: std::ops::Range<u32>,
        clients: u32,
    ) -> Result<(), String> {
        let next = Arc::new(AtomicU32::new(numbers.start));
        let mut busy = JoinSet::new();
        for _ in 0..clients {
            let (client, next) = (self.clone(), Arc::clone(&next));
            let (machine, end) = (machine.to_owned(), numbers.end);
            busy.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return Ok(());
                    }
                    let input = json!({ "orderNumber": format!("SO-{number}") }).to_string();
                    let start = json!({ "stateMachineArn": machine, "input": input });
                    client
                        .call("AWSStepFunctions.StartExecution", start)
                        .await?;
                }
            });
        }
        while let Some(ended) = busy.join_next().await {
            ended.unwrap_or_else(|failed| Err(failed.to_string()))?;
        }
        Ok(())
    }

    /// Receives one message and resumes its execution, which ends with that.
    async fn resume_one(&self) -> Result<(), String> {
        let receive = json!({ "QueueUrl": NAME });
        let received = self.call("AmazonSQS.ReceiveMessage", receive).await?;
        let body = text(&received["Messages"][0]["Body"])?;
        let body: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        let told = json!({ "taskToken": body["TaskToken"], "output": "{}" });
        self.call("AWSStepFunctions.SendTaskSuccess", told).await?;
        let asked = json!({ "executionArn": body["Execution"] });
        let execution = self.call("AWSStepFunctions.DescribeExecution", asked);
        match execution.await?["status"].as_str() {
            Some("SUCCEEDED") => Ok(()),
            other => Err(format!("an execution that was resumed is {other:?}")),
        }
    }

    async fn all_are_there(&self, executions: u32) -> Result<(), String> {
        let asked = json!({ "QueueUrl": NAME, "AttributeNames": ["All"] });
        let answer = self.call("AmazonSQS.GetQueueAttributes", asked).await?;
        let count = |name: &str| {
            let text = answer["Attributes"][name].as_str().unwrap_or_default();
            text.parse::<u32>().unwrap_or_default()
        };
        let there =
            count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible");
        if there == executions {
            return Ok(());
        }
        Err(format!(
            "after SIGKILL {there} of {executions} messages are there"
        ))
    }
}

fn text(value: &Value) -> Result<String, String> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| format!("an answer without what it must have: {value}"))
}

//! The queue's part of the benchmark: SendMessage, ReceiveMessage and DeleteMessage over the wire, each client with one
//! message at a time, as fast as it is answered; and then a few by one client alone, for the latency without load.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::demo::report::Percentiles;

/// Name of the queue.
const QUEUE: &str = "bench";

/// A response that takes longer than this is taken to be lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Messages that go through alone.
const ALONE: usize = 200;

/// What was measured. Times are of one operation, in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    /// Messages that were sent, received and deleted by many clients.
    pub(super) messages: usize,
    /// Messages a second: three requests each.
    pub(super) per_second: f64,
    /// Times of a request while all clients are busy.
    pub(super) saturated_ms: Percentiles,
    /// Times of a request of one client alone.
    pub(super) unloaded_ms: Percentiles,
}

/// Sends `messages` through a queue of the server at `aws`.
///
/// # Errors
/// A text when a request is refused or a message is lost.
pub(super) async fn measure(
    aws: SocketAddr,
    messages: usize,
    clients: u32,
) -> Result<Measured, String> {
    let client = Client::new(aws)?;
    client
        .call("CreateQueue", json!({ "QueueName": QUEUE }))
        .await?;
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let mut busy = JoinSet::new();
    for _ in 0..clients {
        let (client, next) = (client.clone(), Arc::clone(&next));
        busy.spawn(async move {
            let mut times = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < messages {
                client.pass_one(&mut times).await?;
            }
            Ok::<_, String>(times)
        });
    }
    let mut saturated = Vec::new();
    while let Some(ended) = busy.join_next().await {
        saturated.extend(ended.map_err(|failed| failed.to_string())??);
    }
    let took = begin.elapsed();
    let mut unloaded = Vec::new();
    for _ in 0..ALONE.min(messages) {
        client.pass_one(&mut unloaded).await?;
    }
    let left = client
        .call("ReceiveMessage", json!({ "QueueUrl": QUEUE }))
        .await?;
    if left.get("Messages").is_some() {
        return Err("a message is left in the queue".to_owned());
    }
    Ok(Measured {
        messages,
        per_second: (messages as f64 / took.as_secs_f64()).round(),
        saturated_ms: Percentiles::of(saturated),
        unloaded_ms: Percentiles::of(unloaded),
    })
}

#[derive(Debug, Clone)]
struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    fn new(aws: SocketAddr) -> Result<Client, String> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Client {
            http,
            url: format!("http://{aws}/"),
        })
    }

    async fn call(&self, operation: &str, request: Value) -> Result<Value, String> {
        let request = self
            .http
            .post(&self.url)
            .header("x-amz-target", format!("AmazonSQS.{operation}"))
            .body(request.to_string());
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if status.is_success() {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            Err(format!("{operation}: HTTP {status}: {text}"))
        }
    }

    /// Sends a message, receives one (of whichever client) and deletes it. Adds the microseconds that each took.
    async fn pass_one(&self, times: &mut Vec<i64>) -> Result<(), String> {
        let send = json!({ "QueueUrl": QUEUE, "MessageBody": "{\"order\":\"SO-1042\"}" });
        self.timed("SendMessage", send, times).await?;
        let receive = json!({ "QueueUrl": QUEUE, "WaitTimeSeconds": 20 });
        let received = self.timed("ReceiveMessage", receive, times).await?;
        let handle = received["Messages"][0]["ReceiptHandle"].as_str();
        let handle = handle.ok_or("a message that was sent is not received")?;
        let delete = json!({ "QueueUrl": QUEUE, "ReceiptHandle": handle });
        self.timed("DeleteMessage", delete, times).await?;
        Ok(())
    }

    async fn timed(
        &self,
        operation: &str,
        request: Value,
        times: &mut Vec<i64>,
    ) -> Result<Value, String> {
        let begin = Instant::now();
        let answer = self.call(operation, request).await?;
        times.push(i64::try_from(begin.elapsed().as_micros()).unwrap_or(i64::MAX));
        Ok(answer)
    }
}

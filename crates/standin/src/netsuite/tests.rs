//! The stand-in over the wire, through a client written by hand, so that a test sees every byte and can
//! hang up when it likes. The tests lie in `limits` and `answers`.

use crate::{Gate, Latency, NetSuite, NetSuiteOptions, Report, Span};
use serde_json::Value;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

mod answers;
mod limits;

const ORDER: &str = "/services/rest/record/v1/salesOrder/eid:SO-1";

async fn start(options: NetSuiteOptions) -> NetSuite {
    NetSuite::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap()
}

/// Ends a test that would otherwise wait for ever. No test depends on the length.
async fn within<T>(waited_for: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, waited_for)
        .await
        .expect("what the test waits for must happen")
}

fn held(gate: &Gate, max_in_flight: u32) -> NetSuiteOptions {
    let latency = Latency::Manual(gate.clone());
    NetSuiteOptions {
        max_in_flight,
        latency,
        ..NetSuiteOptions::default()
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Reply {
    fn code(&self) -> &str {
        self.body["o:errorDetails"][0]["o:errorCode"]
            .as_str()
            .unwrap_or_default()
    }
}

/// Sends one request and leaves the connection open.
async fn send(netsuite: &NetSuite, request: &str, extra: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(netsuite.address()).await.unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: netsuite\r\nConnection: close\r\nContent-Length: {length}\r\n\
         {extra}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Reads the answer to its end; `None` when the connection ended without a byte.
async fn reply(mut stream: TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    let read = within(stream.read_to_end(&mut bytes)).await;
    if bytes.is_empty() {
        return None;
    }
    read.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Some(Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(body).unwrap()
        },
    })
}

async fn call(netsuite: &NetSuite, request: &str, extra: &str, body: &str) -> Reply {
    reply(send(netsuite, request, extra, body).await)
        .await
        .unwrap()
}

async fn put(netsuite: &NetSuite, path: &str) -> Reply {
    call(netsuite, &format!("PUT {path}"), "", "{}").await
}

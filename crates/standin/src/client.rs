//! A client written by hand, so that a test sees every byte of a stand-in's answers and can hang up when it likes.

use crate::server::Options;
use crate::{Gate, Latency, StandIn};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) async fn start(options: impl Options) -> StandIn {
    StandIn::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap()
}

/// Ends a test that would otherwise wait for ever. No test depends on the length.
pub(crate) async fn within<T>(waited_for: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, waited_for)
        .await
        .expect("what the test waits for must happen")
}

/// Work that lasts until the gate lets it go.
pub(crate) fn held(gate: &Gate) -> Latency {
    Latency::Manual(gate.clone())
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// `null` where there is none, a text where it is not JSON.
    pub(crate) body: Value,
}

impl Reply {
    /// The error code, wherever the vendor puts it.
    pub(crate) fn code(&self) -> &str {
        [
            "/o:errorDetails/0/o:errorCode",
            "/error/code",
            "/0/errorCode",
            "/fault/detail/errorcode",
            "/error",
        ]
        .into_iter()
        .find_map(|place| self.body.pointer(place)?.as_str())
        .unwrap_or_default()
    }

    /// The value of a header, in lower case as the whole head is.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends one request and leaves the connection open.
pub(crate) async fn send(stand_in: &StandIn, request: &str, extra: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(stand_in.address()).await.unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: vendor\r\nConnection: close\r\nContent-Length: {length}\r\n\
         {extra}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Reads the answer to its end; `None` when the connection ended without a byte.
pub(crate) async fn reply(mut stream: TcpStream) -> Option<Reply> {
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
            serde_json::from_str(body).unwrap_or_else(|_| Value::from(body))
        },
    })
}

pub(crate) async fn call(stand_in: &StandIn, request: &str, extra: &str, body: &str) -> Reply {
    reply(send(stand_in, request, extra, body).await)
        .await
        .unwrap()
}

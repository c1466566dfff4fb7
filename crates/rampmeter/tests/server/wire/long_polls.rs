//! Thousands of clients that wait for messages at once: each costs little memory, and a message still finds one.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::process::{Server, eventually};
use crate::workspace::Workspace;

/// How many long polls wait at once. `RAMPMETER_TEST_POLLS=10000` gives the full volume, where the limit on open files
/// allows it.
fn polls() -> usize {
    let given = std::env::var("RAMPMETER_TEST_POLLS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(500)
}

/// What one waiting client may cost, in bytes: its connection, its task and its entry in the queue's list.
const MAX_BYTES_PER_POLL: usize = 48 << 10;

/// Resident memory of a process in bytes.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("a line");
    let kibibytes: usize = line
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("a number");
    kibibytes << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_long_polls_cost_little_memory_and_a_message_finds_one_of_them() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let made = aws
        .call("AmazonSQS.CreateQueue", json!({ "QueueName": "q" }))
        .await;
    assert_eq!(made.status, 200);
    let address = aws.url.replace("http://", "");
    let body = r#"{"QueueUrl":"q","WaitTimeSeconds":20}"#;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let before = resident(server.pid());
    let connect = move || {
        let mut connection = TcpStream::connect(&address).expect("a connection");
        connection.write_all(request.as_bytes()).expect("sent");
        connection
    };
    let mut connections: Vec<TcpStream> = (0..polls()).map(|_| connect()).collect();
    let sent = aws
        .call(
            "AmazonSQS.SendMessage",
            json!({ "QueueUrl": "q", "MessageBody": "one" }),
        )
        .await;
    assert_eq!(sent.status, 200);
    for connection in &connections {
        connection.set_nonblocking(true).expect("a socket");
    }
    let found = eventually("one of them has the message", async || {
        connections.iter_mut().find_map(|connection| {
            let mut answer = [0; 4_096];
            let read = connection.read(&mut answer).ok()?;
            let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
            // On a slow machine the first of many has waited its 20 seconds before the last has come.
            answer.contains("\"Body\"").then_some(answer)
        })
    })
    .await;
    assert!(found.contains("\"Body\":\"one\""), "{found}");
    let grown = resident(server.pid()).saturating_sub(before);
    let each = grown / connections.len();
    assert!(
        each < MAX_BYTES_PER_POLL,
        "{each} bytes for each of {}",
        connections.len()
    );
    println!("{} long polls, {each} bytes each", connections.len());
}

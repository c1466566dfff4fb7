//! Requests changed at random: whatever arrives, the response is one that AWS could give and the server goes on. It
//! starts from the requests in `testing/fuzz/wire`, of both protocols and with signatures, against a server that
//! requires signatures and one that does not. `RAMPMETER_FUZZ_REQUESTS` is their number, `RAMPMETER_FUZZ_SEED` the
//! seed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;

use serde_json::json;

use crate::process::{DEADLINE, Server};
use crate::workspace::Workspace;

/// Pieces that parsers stumble over.
const PIECES: &[&str] = &[
    "%",
    "%00",
    "%ff",
    "+",
    "&",
    "=",
    ";",
    ",",
    "/",
    "//",
    "..",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    "null",
    "-1",
    "99999999999999999999",
    "1e999",
    ".0.",
    ".4294967296",
    "\r",
    "\t",
    " ",
    "\u{feff}",
    "\u{1F600}",
    "<",
    "Action=",
    "AWS4-HMAC-SHA256 ",
    "Credential=",
    "X-Amz-Date: ",
    "X-Amz-Target: ",
];

/// Numbers that look random and are the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).expect("below a usize")
    }
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The requests to start from: head and body.
fn corpus() -> Vec<(Vec<u8>, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testing/fuzz/wire");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let read = |file| {
        let text = std::fs::read_to_string(file).expect("a request");
        let (head, body) = text.split_once("\n\n").expect("an empty line");
        (
            head.replace('\n', "\r\n").into_bytes(),
            body.as_bytes().to_vec(),
        )
    };
    files.into_iter().map(read).collect()
}

fn change(text: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(text.len() + 1);
    let end = (at + dice.below(16)).min(text.len());
    match dice.below(6) {
        0 => drop(text.drain(at..end)),
        1 => {
            let again = text[at..end].to_vec();
            text.splice(at..at, again);
        }
        2 if at < text.len() => text[at] ^= 1 << dice.below(8),
        3 => text.truncate(at),
        _ => {
            let piece = PIECES[dice.below(PIECES.len())];
            text.splice(at..at, piece.bytes());
        }
    }
}

/// Sends a request and reads the whole answer.
fn send(address: &str, head: &[u8], body: &[u8]) -> Vec<u8> {
    let mut connection = TcpStream::connect(address).expect("a connection");
    connection
        .set_read_timeout(Some(DEADLINE))
        .expect("a socket");
    let mut request = head.to_vec();
    request.extend_from_slice(
        format!(
            "\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .as_bytes(),
    );
    request.extend_from_slice(body);
    // A server that has refused the head may have closed already.
    let _ = connection.write_all(&request);
    let _ = connection.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    answer
}

fn attack(address: &str, requests: u64, seed: u64) {
    let corpus = corpus();
    let mut dice = Dice(seed | 1);
    let mut understood = 0;
    for round in 0..requests {
        let (mut head, mut body) = corpus[dice.below(corpus.len())].clone();
        if dice.below(8) == 0 {
            body.clone_from(&corpus[dice.below(corpus.len())].1);
        }
        for _ in 0..dice.below(4) {
            if body.is_empty() || dice.below(3) == 0 {
                change(&mut head, &mut dice);
            } else {
                change(&mut body, &mut dice);
            }
        }
        let answer = send(address, &head, &body);
        let shown = || {
            format!(
                "round {round} of seed {seed}:\n{}\n\n{}\n--\n{}",
                String::from_utf8_lossy(&head),
                String::from_utf8_lossy(&body),
                String::from_utf8_lossy(&answer)
            )
        };
        assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", shown());
        // What is not HTTP is answered by the HTTP library, with nothing but a status code.
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        let from_us = text.contains("x-amzn-requestid");
        assert!(
            from_us || text.contains(" 400 ") || text.contains(" 431 ") || text.is_empty(),
            "{}",
            shown()
        );
        understood += u64::from(from_us);
    }
    assert!(
        understood * 4 > requests,
        "{understood} of {requests} were answered by the API"
    );
}

async fn attacked(workspace: &Workspace) {
    let mut command = Server::command(workspace);
    command.env("RM_TEST_SECRET", "secret");
    let server = Server::launch(command).await;
    let address = server.aws().url.replace("http://", "");
    let requests = number("RAMPMETER_FUZZ_REQUESTS", 1_500);
    let seed = number("RAMPMETER_FUZZ_SEED", 20_260_301);
    let attack = tokio::task::spawn_blocking(move || attack(&address, requests, seed));
    attack.await.expect("no answer was wrong");
    let health = format!("{}/_localstack/health", server.aws().url);
    let health = server
        .aws()
        .http
        .get(health)
        .send()
        .await
        .expect("an answer");
    assert_eq!(health.status().as_u16(), 200, "the server goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_changed_at_random_get_answers_of_aws() {
    let workspace = Workspace::without_vendor();
    attacked(&workspace).await;
    let server = Server::start(&workspace).await;
    server.aws().must("ListStateMachines", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_changed_at_random_do_not_get_past_a_signature() {
    let workspace = super::credentials::workspace();
    attacked(&workspace).await;
    let mut command = Server::command(&workspace);
    command.env("RM_TEST_SECRET", super::credentials::SECRET);
    let server = Server::launch(command).await;
    let queues = super::credentials::queues(&server.aws()).await;
    assert!(
        queues.iter().all(|queue| queue.contains("vendor-")),
        "{queues:?}"
    );
}

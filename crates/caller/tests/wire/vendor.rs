//! A vendor on a loopback port that answers byte for byte what a test says. It is written on plain sockets, so
//! that it can also break off, stay silent, or answer nonsense.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rampmeter_call::Request;
use rampmeter_caller::{Caller, Network, Profile};
use url::Url;

/// What the vendor does with each request it has read.
#[derive(Clone)]
pub(crate) enum Act {
    /// Sends these bytes and closes.
    Answer(Vec<u8>),
    /// Sends these bytes and says nothing more, with the connection open.
    Hang(Vec<u8>),
    /// Looks at the request, head and body, sends what the function says and closes.
    Decide(Decide),
}

/// Answers a request, of which it sees head and body.
pub(crate) type Decide = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// An answer with a JSON body.
pub(crate) fn json_answer(status: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) struct Vendor {
    pub(crate) address: SocketAddr,
    requests: Receiver<String>,
}

impl Vendor {
    pub(crate) fn new(act: Act) -> Vendor {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        thread::spawn(move || serve(&listener, &act, &sender));
        Vendor { address, requests }
    }

    pub(crate) fn answering(head: &str, body: &[u8]) -> Vendor {
        let mut bytes = format!("{head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        Vendor::new(Act::Answer(bytes))
    }

    pub(crate) fn profile(&self) -> Profile {
        let url = Url::parse(&format!("http://{}/base", self.address)).unwrap();
        let mut profile = Profile::new("vendor", url, Duration::from_secs(20));
        profile.allow_networks = Network::LOOPBACK.to_vec();
        profile
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::new(self.profile()).unwrap()
    }

    /// The next request that arrived: its head in lower case, and its body.
    pub(crate) fn request(&self) -> (String, String) {
        let text = self.requests.recv().unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }

    /// Requests that arrived and were not looked at.
    pub(crate) fn waiting(&self) -> usize {
        self.requests.try_iter().count()
    }
}

fn serve(listener: &TcpListener, act: &Act, requests: &Sender<String>) {
    let mut open = Vec::new();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let Some(request) = read(&mut stream) else {
            continue;
        };
        if requests.send(request.clone()).is_err() {
            return;
        }
        match act {
            Act::Answer(bytes) => stream.write_all(&closing(bytes)).unwrap_or_default(),
            Act::Decide(answer) => {
                let bytes = answer(&request);
                stream.write_all(&closing(&bytes)).unwrap_or_default();
            }
            Act::Hang(bytes) => {
                stream.write_all(bytes).unwrap_or_default();
                open.push(stream);
            }
        }
    }
}

/// The answer with the word that the connection ends with it, where its head is whole: a client that kept the connection
/// would lose its next request to it.
fn closing(answer: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let head = text.split_once("\r\n\r\n").map(|(head, _)| head);
    let status = head.and_then(|head| head.split_once("\r\n"));
    match status {
        Some((status, headers)) if !headers.to_lowercase().contains("connection:") => {
            let mut bytes = format!("{status}\r\nconnection: close").into_bytes();
            bytes.extend_from_slice(&answer[status.len()..]);
            bytes
        }
        _ => answer.to_vec(),
    }
}

fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                })
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

pub(crate) fn get(path: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        endpoint: None,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        idempotency_key: "key-1".to_owned(),
    }
}

pub(crate) fn post(path: &str, body: serde_json::Value) -> Request {
    Request {
        method: "POST".to_owned(),
        body: Some(body),
        ..get(path)
    }
}

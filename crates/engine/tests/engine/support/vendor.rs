//! A vendor on a loopback port that answers each request as the test says, and keeps what it saw.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// How the vendor answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// At once.
    Now {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// With this, once the test lets held answers go.
    Held(Box<Reply>),
    /// Never: the connection is closed without a word after the request was read.
    Cut,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Reply {
        Reply::Now {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn held(self) -> Reply {
        Reply::Held(Box::new(self))
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Reply {
        if let Reply::Now { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

/// The vendor.
pub(crate) struct Vendor {
    address: SocketAddr,
    seen: Mutex<Vec<Seen>>,
    doors: watch::Sender<bool>,
    script: Box<Script>,
}

impl Vendor {
    pub(crate) async fn start(
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Arc<Vendor> {
        Vendor::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), script).await
    }

    /// A vendor that begins to listen at an address where nobody did.
    pub(crate) async fn start_at(
        address: SocketAddr,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Arc<Vendor> {
        let listener = TcpListener::bind(address).await.expect("a loopback port");
        let vendor = Arc::new(Vendor {
            address: listener.local_addr().expect("it is bound"),
            seen: Mutex::new(Vec::new()),
            doors: watch::channel(false).0,
            script: Box::new(script),
        });
        let serving = Arc::clone(&vendor);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let vendor = Arc::clone(&serving);
                tokio::spawn(async move { vendor.serve(stream).await });
            }
        });
        vendor
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that arrived, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .expect("no test panics while it holds this")
            .clone()
    }

    /// Lets every held answer go, now and from now on.
    pub(crate) fn open_doors(&self) {
        self.doors.send_replace(true);
    }

    async fn serve(&self, mut stream: TcpStream) {
        while let Some(request) = read(&mut stream).await {
            self.seen
                .lock()
                .expect("no test panics while it holds this")
                .push(request.clone());
            let mut reply = (self.script)(&request);
            if let Reply::Held(then) = reply {
                let mut doors = self.doors.subscribe();
                if doors.wait_for(|open| *open).await.is_err() {
                    return;
                }
                reply = *then;
            }
            let Reply::Now {
                status,
                headers,
                body,
            } = reply
            else {
                return;
            };
            let extra: String = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect();
            let answer = format!(
                "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n{extra}content-length: {}\r\n\r\n{body}",
                body.len()
            );
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[head_end..head_end + length]).into_owned();
    Some(Seen {
        method,
        path,
        headers,
        body,
    })
}

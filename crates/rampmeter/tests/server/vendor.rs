//! A vendor that answers once the test lets it.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::process::eventually;

/// An HTTP server that takes calls and holds them until it is opened.
#[derive(Debug)]
pub(crate) struct Vendor {
    pub(crate) base_url: String,
    received: Arc<Mutex<Vec<Value>>>,
    open: watch::Sender<bool>,
    status: Arc<AtomicU16>,
}

#[derive(Debug, Clone)]
struct Site {
    received: Arc<Mutex<Vec<Value>>>,
    open: watch::Receiver<bool>,
    status: Arc<AtomicU16>,
}

impl Vendor {
    /// Takes calls but answers none before `open`.
    pub(crate) async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (open, opened) = watch::channel(false);
        let status = Arc::new(AtomicU16::new(201));
        let site = Site {
            received: Arc::clone(&received),
            open: opened,
            status: Arc::clone(&status),
        };
        let router = Router::new().fallback(answer).with_state(site);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            base_url,
            received,
            open,
            status,
        }
    }

    /// From now on answers with this status.
    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// From now on refuses every call, for an hour.
    pub(crate) fn throttles(&self) {
        self.answers(429);
    }

    /// Answers at once.
    pub(crate) async fn opened() -> Self {
        let vendor = Self::closed().await;
        vendor.open();
        vendor
    }

    /// From now on answers all calls, also those that wait.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until so many calls have arrived.
    pub(crate) async fn has_received(&self, count: usize) {
        let received = || self.received.lock().expect("no panic").len();
        eventually("calls arrive", async || (received() >= count).then_some(())).await;
    }
}

async fn answer(State(mut site): State<Site>, body: String) -> Response {
    let body = serde_json::from_str(&body).unwrap_or(Value::Null);
    site.received.lock().expect("no panic").push(body);
    // When the sender is gone the test has ended, and nobody reads the response.
    let _ = site.open.wait_for(|open| *open).await;
    let status = StatusCode::from_u16(site.status.load(Ordering::SeqCst)).expect("a status");
    let answer = r#"{"id":"4711"}"#;
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            (status, [("retry-after", "3600")], answer).into_response()
        }
        _ => (status, answer).into_response(),
    }
}

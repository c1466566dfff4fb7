//! The HTTP servers of the process: they run until the engine has stopped, and then finish their current responses.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rampmeter_caller::Network;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connections;
use super::tls::Offer;

/// Longest wait for clients to read their last responses.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Servers that end together.
#[derive(Debug)]
pub(super) struct Servers {
    proxies: Arc<[Network]>,
    running: JoinSet<()>,
    ending: watch::Sender<bool>,
}

impl Servers {
    /// No servers yet. `proxies`: whose forwarding headers are believed.
    pub(super) fn new(proxies: &[Network]) -> Self {
        Self {
            proxies: proxies.into(),
            running: JoinSet::new(),
            ending: watch::Sender::new(false),
        }
    }

    /// Serves a port, at most so many connections at once.
    pub(super) fn add(
        &mut self,
        listener: TcpListener,
        tls: Option<Offer>,
        router: Router,
        connections: usize,
    ) {
        let mut ending = self.ending.subscribe();
        let ended = async move {
            // The sender is gone only when the process ends anyway.
            let _ = ending.wait_for(|ending| *ending).await;
        };
        self.running.spawn(connections::serve(
            listener,
            tls,
            Arc::clone(&self.proxies),
            router,
            connections,
            ended,
        ));
    }

    /// Accepts no more connections, and waits a moment for the responses that are being sent.
    pub(super) async fn end(mut self) {
        self.ending.send_replace(true);
        let all = async { while self.running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_ANSWERS, all).await;
    }
}

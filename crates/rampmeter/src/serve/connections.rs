//! Accepts the connections of one port and serves them. A client that is slow to send its head or to read its response
//! is given up. The number of connections is bounded, and when the server ends, each connection finishes its current
//! response.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rampmeter_caller::Network;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::patience::Patience;
use super::peer::with_peer;
use super::tls::Offer;

/// How long a client may take to send the head of its next request. This also ends idle connections.
const SLOWEST_HEAD: Duration = Duration::from_secs(60);

/// How long a client may read nothing of its response.
const SLOWEST_READER: Duration = Duration::from_secs(60);

/// Longest head of a request, in bytes, with its headers.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Connections at once on one port: enough for every receive that may wait for a message. More wait to be accepted.
const MAX_CONNECTIONS: usize = 24_000;

/// The pause after a connection could not be accepted, for example because the process has too many files open.
const AFTER_A_FAILURE: Duration = Duration::from_millis(100);

/// Serves a port, at most so many connections at once, until `ended`, and then until every connection has finished its
/// response.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Offer>,
    proxies: Arc<[Network]>,
    router: Router,
    most: usize,
    ended: impl Future<Output = ()>,
) {
    let mut http = Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(SLOWEST_HEAD)
        .max_buf_size(MAX_HEAD_BYTES);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(most.min(MAX_CONNECTIONS)));
    let mut ended = std::pin::pin!(ended);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            let place = place.expect("nobody closes the semaphore");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut ended => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(why) => {
                tracing::warn!(%why, "a connection could not be accepted");
                tokio::time::sleep(AFTER_A_FAILURE).await;
                continue;
            }
        };
        // Responses are small and awaited: waiting for more to send would only delay them.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let (http, watcher, tls) = (http.clone(), connections.watcher(), tls.clone());
        let service = with_peer(router.clone(), address, Arc::clone(&proxies));
        tokio::spawn(async move {
            // A connection that breaks off is the client's own affair.
            let _ = match tls {
                None => {
                    let stream = TokioIo::new(Patience::new(stream, SLOWEST_READER));
                    watcher.watch(http.serve_connection(stream, service)).await
                }
                Some(tls) => {
                    let Some(stream) = tls.accept(stream).await else {
                        return;
                    };
                    let stream = TokioIo::new(Patience::new(stream, SLOWEST_READER));
                    watcher.watch(http.serve_connection(stream, service)).await
                }
            };
            drop(place);
        });
    }
    drop(listener);
    connections.shutdown().await;
}

//! The signals with which a person ends a run.

use tokio::signal::unix::Signal;

/// Resolves at SIGINT or SIGTERM.
pub(crate) async fn asked_to_end(terminate: &mut Signal) {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

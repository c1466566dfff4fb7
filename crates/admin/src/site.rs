//! What the port serves: the engine, what is happening now, and what is hidden from people.

use std::sync::Arc;

use rampmeter_config::{Config, Server};
use rampmeter_engine::Engine;
use tokio::sync::watch;

use crate::access::Access;
use crate::health::live::Live;
use crate::redaction::Redaction;

/// What the admin port serves.
#[derive(Debug)]
pub struct Site {
    /// The engine it reports on.
    pub(crate) engine: Engine,
    /// Whether the process has been asked to end.
    pub(crate) draining: watch::Sender<bool>,
    /// Who may do what.
    pub(crate) access: Access,
    /// Whether the port speaks TLS.
    pub(crate) secure: bool,
    /// What is hidden from people.
    pub(crate) redaction: Redaction,
    /// What is happening now.
    pub(crate) live: Live,
}

/// Whether a server with this configuration requires a login that nobody has.
#[must_use]
pub fn nobody_may_log_in(server: &Server) -> bool {
    let access = Access::new(server);
    access.asks_for_login() && access.users().is_empty()
}

impl Site {
    /// Reports on an engine with this configuration, and samples it from now until it has stopped.
    pub fn start(engine: Engine, config: &Config) -> Arc<Site> {
        let site = Arc::new(Site {
            engine,
            draining: watch::Sender::new(false),
            access: Access::new(&config.server),
            secure: config.server.tls.is_some(),
            redaction: Redaction::of(config),
            live: Live::new(config),
        });
        let watched = Arc::clone(&site);
        tokio::spawn(async move { watched.live.run(&watched.engine).await });
        site
    }

    /// From now on the server is not ready.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }
}

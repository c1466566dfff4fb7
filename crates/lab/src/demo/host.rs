//! The engine of a run: in this process, or as a child process that can be killed. Either way the demo uses only its
//! two ports.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use rampmeter_config::Config;
use rampmeter_engine::{Engine, Options, Stopped};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::child::ChildEngine;

/// Why a run has no engine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The child process ended before it was ready.
    #[error("the engine did not become ready; its log is {}", .0.display())]
    NotReady(PathBuf),
    /// The engine ended in the middle of the run.
    #[error("the engine ended in the middle of the run")]
    Ended,
    /// The engine did not open.
    #[error("the engine did not start: {0}")]
    NotStarted(String),
}

/// Says what was tried when the operating system refused.
pub(crate) fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> HostError {
    move |source| HostError::Io { what, source }
}

/// An engine with its two ports.
#[derive(Debug)]
pub(crate) enum Host {
    /// In this process.
    InProcess(InProcess),
    /// In a process of its own.
    Child(Box<ChildEngine>),
}

impl Host {
    /// Opens the engine in this process, with both ports on loopback.
    ///
    /// # Errors
    /// When the engine does not open or no port is free.
    pub(crate) async fn in_process(config: Config) -> Result<Host, HostError> {
        Ok(Host::InProcess(InProcess::open(config).await?))
    }

    /// Starts `rampmeter serve` on the configuration in `data_dir`.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(crate) async fn child(data_dir: &Path, free_slots: bool) -> Result<Host, HostError> {
        Ok(Host::Child(Box::new(
            ChildEngine::start(data_dir, free_slots).await?,
        )))
    }

    /// The AWS port and the admin port.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        match self {
            Host::InProcess(host) => (host.aws, host.admin),
            Host::Child(host) => host.addresses(),
        }
    }

    /// The engine that can be killed, if this is one.
    pub(crate) fn child_mut(&mut self) -> Option<&mut ChildEngine> {
        match self {
            Host::InProcess(_) => None,
            Host::Child(host) => Some(host),
        }
    }

    /// Whether the engine has ended without being asked to.
    pub(crate) fn has_ended(&mut self) -> bool {
        match self {
            Host::InProcess(host) => host.end.is_finished(),
            Host::Child(host) => host.has_ended(),
        }
    }

    /// Shuts the engine down in good order.
    ///
    /// # Errors
    /// When the child process cannot be ended.
    pub(crate) async fn stop(self) -> Result<(), HostError> {
        match self {
            Host::InProcess(host) => host.engine.shut_down().await,
            Host::Child(host) => host.stop().await?,
        }
        Ok(())
    }
}

/// The engine and its servers in this process. Dropping it closes the ports.
#[derive(Debug)]
pub(crate) struct InProcess {
    engine: Engine,
    aws: SocketAddr,
    admin: SocketAddr,
    /// Finished when the engine has ended.
    end: JoinHandle<Stopped>,
    _servers: JoinSet<()>,
}

impl InProcess {
    async fn open(config: Config) -> Result<InProcess, HostError> {
        let account = config.server.account.clone();
        let region = config.server.region.clone();
        let access = rampmeter_wire::Access::new(&config);
        let runtime = tokio::runtime::Handle::current();
        let options = Options {
            config: config.clone(),
            runtime,
            free_slots_after_restart: false,
            set_clock_back: std::time::Duration::ZERO,
            sdk: None,
        };
        let opened = tokio::task::spawn_blocking(move || Engine::open(options)).await;
        let engine = opened
            .map_err(|failed| HostError::NotStarted(failed.to_string()))?
            .map_err(|error| HostError::NotStarted(error.to_string()))?;
        let watched = engine.clone();
        let end = tokio::spawn(async move { watched.stopped().await });
        let mut servers = JoinSet::new();
        let (aws_listener, aws) = listen().await?;
        let (admin_listener, admin) = listen().await?;
        let site = rampmeter_wire::Site {
            engine: engine.clone(),
            address: aws,
            scheme: "http",
            account,
            region,
        };
        serve(
            &mut servers,
            aws_listener,
            rampmeter_wire::router(Arc::new(site), access),
        );
        let site = rampmeter_admin::Site::start(engine.clone(), &config);
        serve(&mut servers, admin_listener, rampmeter_admin::router(site));
        Ok(InProcess {
            engine,
            aws,
            admin,
            end,
            _servers: servers,
        })
    }
}

async fn listen() -> Result<(TcpListener, SocketAddr), HostError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = bound.map_err(io_error("opening a port"))?;
    let address = listener.local_addr().map_err(io_error("opening a port"))?;
    Ok((listener, address))
}

fn serve(servers: &mut JoinSet<()>, listener: TcpListener, router: Router) {
    servers.spawn(async move {
        // axum's server accepts for ever; it has no error to give.
        let _ = axum::serve(listener, router).await;
    });
}

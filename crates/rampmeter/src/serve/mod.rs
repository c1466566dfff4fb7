//! `serve`: the embedded engine behind its two ports, from the configuration to a clean end.
//! This file has the order of the steps; each step has a file of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rampmeter_config::Config;
use rampmeter_engine::{Engine, OpenError, Options, Stopped};
use rampmeter_lab::Faults;
use rampmeter_terminal::output::{self, Color};
use rampmeter_terminal::{Exit, Failure};

use crate::problem;
use banner::Ready;
use servers::Servers;
use signals::Signals;

mod banner;
mod connections;
mod descriptors;
mod configuration;
mod drain;
mod listen;
mod patience;
mod peer;
pub(crate) mod privacy;
mod servers;
mod signals;
mod tls;

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration. Without it: rampmeter.toml in this directory if there is one, else no targets and workflows.
    #[arg(long, short = 'c', value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the store lies, instead of server.data_dir.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    ports: Ports,
    #[command(flatten)]
    faults: Faults,
}

/// Where a server listens, and how it tells that it is ready.
#[derive(Debug, Args)]
pub(crate) struct Ports {
    /// Port of the AWS wire API, instead of that in server.aws; 0 for a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Port of the admin API, instead of that in server.admin; 0 for a free one.
    #[arg(long)]
    admin_port: Option<u16>,
    /// Write the addresses into this file, as JSON, once the server is ready.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Print the addresses as one line of JSON instead of the banner.
    #[arg(long)]
    json: bool,
}

impl Ports {
    /// Overrides the ports of the configuration.
    pub(crate) fn apply(&self, config: &mut Config) {
        if let Some(port) = self.port {
            config.server.aws.set_port(port);
        }
        if let Some(port) = self.admin_port {
            config.server.admin.listen.set_port(port);
        }
    }
}

/// The configuration that a server started here would have, for commands that work on its files.
pub(crate) fn read_configuration(file: Option<&Path>) -> Result<Config, Failure> {
    configuration::of_file(file, Color::Auto.for_stderr())
}

/// Serves until it is told to end or the store fails.
pub(crate) async fn run(arguments: Arguments, color: Color) -> Result<(), Failure> {
    let config = configuration::load(&arguments, color.for_stderr())?;
    serve(config, &arguments.ports, &arguments.faults, color, |_| {}).await
}

/// The same with a given configuration. `beside` is given the engine once all is ready.
pub(crate) async fn serve(
    config: Config,
    ports: &Ports,
    faults: &Faults,
    color: Color,
    beside: impl FnOnce(&Engine),
) -> Result<(), Failure> {
    if let Some(text) = problem::report(&config, color.for_stderr()) {
        return Err(Failure::Report {
            text,
            exit: Exit::Usage,
        });
    }
    privacy::close(&config.server.data_dir);
    let tls = config
        .server
        .tls
        .clone()
        .map(tls::Offer::of_files)
        .transpose()?;
    let (aws_listener, aws) = listen::bind(config.server.aws, "--port", "server.aws").await?;
    let (admin_listener, admin) =
        listen::bind(config.server.admin.listen, "--admin-port", "server.admin").await?;
    let mut signals = Signals::new()?;
    let engine = open(&config, faults, aws).await?;

    for change in engine.configuration_changes() {
        output::note(&problem::configuration_change(change));
    }
    tell_absent_targets(&config, &engine).await?;
    if rampmeter_admin::nobody_may_log_in(&config.server) {
        output::note(&format!(
            "warning: the admin port asks for a login, and {} names nobody: rampmeter user add NAME --role admin",
            config.server.users_file().display()
        ));
    }
    let admin_site = rampmeter_admin::Site::start(engine.clone(), &config);
    descriptors::raise();
    let connections = descriptors::shares();
    let mut servers = Servers::new(&config.server.proxies);
    servers.add(
        aws_listener,
        tls.clone(),
        rampmeter_wire::router(
            wire_site(&config, &engine, aws),
            rampmeter_wire::Access::new(&config),
        ),
        connections.aws,
    );
    servers.add(
        admin_listener,
        tls,
        rampmeter_admin::router(Arc::clone(&admin_site)),
        connections.admin,
    );
    let ready = Ready::new(&config, &engine, aws, admin).await?;
    ready.announce(ports.json, ports.ready_file.as_deref())?;
    beside(&engine);

    tokio::select! {
        how = engine.stopped() => ended_by_itself(how),
        () = signals.asked_to_end() => {
            admin_site.drain();
            drain::drain(&engine, &mut signals, config.server.drain_timeout).await;
            servers.end().await;
            match engine.stopped().await {
                Stopped::ShutDown => Ok(()),
                poisoned @ Stopped::Poisoned(_) => ended_by_itself(poisoned),
            }
        }
    }
}

/// Warns of calls for a target that was removed or renamed: they would wait without anybody noticing.
async fn tell_absent_targets(config: &Config, engine: &Engine) -> Result<(), Failure> {
    let configured = config.targets.keys().cloned().collect();
    let absent = engine.calls().absent_targets(configured).await;
    let absent = absent.map_err(|why| Failure::new("RM2019", Exit::Failed, why.to_string()))?;
    for target in &absent {
        output::note(&problem::absent_target(target));
    }
    Ok(())
}

/// Opens the engine on a thread of its own, since recovery reads the disk.
async fn open(config: &Config, faults: &Faults, aws: SocketAddr) -> Result<Engine, Failure> {
    let runtime = tokio::runtime::Handle::current();
    let options = Options {
        config: config.clone(),
        runtime,
        free_slots_after_restart: faults.free_slots_after_restart,
        set_clock_back: faults.set_clock_back.unwrap_or_default(),
        sdk: Some(Arc::new(rampmeter_wire::WireSdk {
            address: aws,
            scheme: config.server.scheme(),
            account: config.server.account.clone(),
            region: config.server.region.clone(),
        })),
    };
    match tokio::task::spawn_blocking(move || Engine::open(options)).await {
        Ok(opened) => opened.map_err(|error| not_opened(&error)),
        Err(failed) => Err(Failure::new("RM2013", Exit::Failed, failed.to_string())),
    }
}

fn not_opened(error: &OpenError) -> Failure {
    let help = match error {
        OpenError::InUse(_) => "stop the other one, or name another directory with --data-dir",
        OpenError::DataDirectory { .. } => "name a directory that can be written with --data-dir",
        OpenError::NewerFormat { .. } => "use the newer version, or another --data-dir",
        OpenError::Foreign(_) => "name another directory with --data-dir",
        OpenError::Target { .. } => "rampmeter check rampmeter.toml",
        _ => "rampmeter serve with another --data-dir starts with an empty store",
    };
    Failure::new(error.code(), Exit::Usage, error.to_string()).with_help(help)
}

fn wire_site(config: &Config, engine: &Engine, address: SocketAddr) -> Arc<rampmeter_wire::Site> {
    Arc::new(rampmeter_wire::Site {
        engine: engine.clone(),
        address,
        scheme: config.server.scheme(),
        account: config.server.account.clone(),
        region: config.server.region.clone(),
    })
}

/// The engine ended without being asked to: its store failed. Nothing may wait for a slow client now.
fn ended_by_itself(how: Stopped) -> Result<(), Failure> {
    let Stopped::Poisoned(why) = how else {
        return Ok(());
    };
    let failure = Failure::new("RM2019", Exit::Failed, format!("the store failed: {why}"))
        .with_help("start again: what was acknowledged is on disk");
    failure.tell();
    std::process::exit(1);
}

//! Which configuration `serve` runs with: the file, the environment over it, the options over both.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rampmeter_config::{Config, Report};
use rampmeter_terminal::{Exit, Failure};

use super::Arguments;

/// The file that is taken when none is named.
const DEFAULT_FILE: &str = "rampmeter.toml";

/// What an absent file stands for.
const EMPTY: &str = "version = 1\n";

/// Reads the configuration and puts the options over it.
pub(super) fn load(arguments: &Arguments, color: bool) -> Result<Config, Failure> {
    let mut config = of_file(arguments.config.as_deref(), color)?;
    if let Some(data_dir) = &arguments.data_dir {
        config.server.data_dir.clone_from(data_dir);
    }
    config.keep_refresh_tokens();
    arguments.ports.apply(&mut config);
    if config.server.credentials.is_empty() {
        let help = format!(
            "server.aws = \"127.0.0.1:{}\", or say who may use it: credentials = [{{ access_key_id = \"...\", secret = \"${{env:NAME}}\", rights = [\"operate\"] }}]",
            config.server.aws.port()
        );
        loopback_only(config.server.aws, "server.aws", &help)?;
    }
    let help = format!(
        "server.admin = \"127.0.0.1:{}\", and a proxy with TLS on this machine in front of it",
        config.server.admin.listen.port()
    );
    loopback_only(config.server.admin.listen, "server.admin", &help)?;
    Ok(config)
}

/// The configuration of this file, or of `rampmeter.toml` in this directory.
pub(super) fn of_file(file: Option<&Path>, color: bool) -> Result<Config, Failure> {
    read(file).map_err(|report| Failure::Report {
        text: report.render(color),
        exit: Exit::Usage,
    })
}

fn read(file: Option<&Path>) -> Result<Config, Report> {
    let environment = |name: &str| std::env::var(name).ok();
    match file {
        Some(file) => Config::load(file, &environment),
        None if Path::new(DEFAULT_FILE).exists() => {
            Config::load(Path::new(DEFAULT_FILE), &environment)
        }
        None => {
            let no_file = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
            Config::parse(EMPTY, Path::new(DEFAULT_FILE), &environment, &no_file)
        }
    }
}

/// Whoever reaches a port that asks for no signature may do everything. So only this machine may reach it.
fn loopback_only(address: SocketAddr, key: &str, help: &str) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let what = format!(
        "{key} = \"{address}\" would let other machines in, and its requests are not authenticated"
    );
    Err(Failure::new("RM2017", Exit::Usage, what).with_help(help))
}

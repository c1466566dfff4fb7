//! The configuration with which `serve` runs: the file, overridden by the environment, and both by the options.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rampmeter_config::{Config, Report};
use rampmeter_terminal::{Exit, Failure};

use super::Arguments;

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "rampmeter.toml";

/// What an absent file stands for.
const EMPTY: &str = "version = 1\n";

/// Reads the configuration and applies the options to it.
pub(super) fn load(arguments: &Arguments, color: bool) -> Result<Config, Failure> {
    let mut config = of_file(arguments.config.as_deref(), color)?;
    if let Some(data_dir) = &arguments.data_dir {
        config.server.data_dir.clone_from(data_dir);
    }
    config.keep_refresh_tokens();
    arguments.ports.apply(&mut config);
    let server = &config.server;
    if server.credentials.is_empty() {
        let help = format!(
            "server.aws = \"127.0.0.1:{}\", or say who may use it: credentials = [{{ access_key_id = \"...\", secret = \"${{env:NAME}}\", rights = [\"operate\"] }}]",
            server.aws.port()
        );
        loopback_only(
            server.aws,
            "server.aws",
            "its requests are not authenticated",
            &help,
        )?;
    }
    if !server.asks_for_login() {
        let help = format!(
            "server.admin = \"127.0.0.1:{}\", or leave out login = false",
            server.admin.listen.port()
        );
        loopback_only(
            server.admin.listen,
            "server.admin",
            "its requests are not authenticated",
            &help,
        )?;
    }
    if server.tls.is_none() && !server.allow_plaintext {
        let help = "[server.tls] certificate = \"cert.pem\", key = \"key.pem\"; or server.allow_plaintext = true where a proxy speaks TLS in front of it";
        for (address, key) in [
            (server.aws, "server.aws"),
            (server.admin.listen, "server.admin"),
        ] {
            loopback_only(
                address,
                key,
                "everybody between could read what goes over it",
                help,
            )?;
        }
    }
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

/// Refuses an address that other machines can reach, and says what the danger is.
fn loopback_only(address: SocketAddr, key: &str, why: &str, help: &str) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let what = format!("{key} = \"{address}\" would let other machines in, and {why}");
    Err(Failure::new("RM2017", Exit::Usage, what).with_help(help))
}

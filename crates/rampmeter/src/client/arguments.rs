//! Where the server is: the options of every command that talks to one.

use clap::Args;
use rampmeter_terminal::Failure;

use super::Client;

/// Where the AWS port is by default.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:4566";
/// Where the admin port is by default.
pub(crate) const DEFAULT_ADMIN: &str = "http://127.0.0.1:4580";

/// Where the server is.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArguments {
    /// URL of the AWS port.
    #[arg(
        long,
        env = "RAMPMETER_SERVER__AWS",
        default_value = DEFAULT_SERVER
    )]
    server: String,
    /// URL of the admin port.
    #[arg(
        long,
        env = "RAMPMETER_SERVER__ADMIN",
        default_value = DEFAULT_ADMIN
    )]
    admin: String,
}

impl ServerArguments {
    /// A client of this server.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.server, &self.admin)
    }
}

//! `[server.admin]`: where the admin port listens and who may use it. `admin = "ADDRESS"` is short for `listen` alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::address::address;
use crate::document::{Reading, Section, Value};
use crate::problem::Code;

/// Settings of the admin port.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Address of the dashboard, the metrics and the `/v1` API. Port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// Whether a login is asked for; if absent, `Server::asks_for_login` decides.
    pub login: Option<bool>,
    /// The file of those who may log in; absent for `users.json` in the data directory.
    pub users: Option<PathBuf>,
    /// Whether `/metrics` is for everybody, even if a login is required.
    pub open_metrics: bool,
}

impl Default for Admin {
    fn default() -> Admin {
        Admin {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4580)),
            login: None,
            users: None,
            open_metrics: false,
        }
    }
}

const KEYS: &[&str] = &["listen", "login", "users", "open_metrics"];

/// The key `admin` of `[server]`, in either form. `RAMPMETER_SERVER__ADMIN` overrides the address, whatever form the file
/// uses.
pub(super) fn read(reading: &Reading<'_>, server: &Section<'_>) -> Admin {
    let default = Admin::default();
    let node = server.get("admin");
    let table = node.filter(|node| matches!(node.value, Value::Table(_)));
    let short = table.is_none() || server.is_overridden("admin");
    let listen = short
        .then(|| server.parsed("admin", Code::BadValue, address))
        .flatten();
    let section = table
        .and_then(|node| Section::open(reading, "admin", node, "[server.admin]", KEYS))
        .map(|section| section.overridden_by("RAMPMETER_SERVER__ADMIN__"));
    let Some(section) = section else {
        return Admin {
            listen: listen.unwrap_or(default.listen),
            ..default
        };
    };
    let users = section.parsed("users", Code::BadValue, |path| {
        if path.is_empty() {
            return Err("is empty".to_owned());
        }
        Ok(reading.context.directory.join(path))
    });
    Admin {
        listen: listen
            .or_else(|| section.parsed("listen", Code::BadValue, address))
            .unwrap_or(default.listen),
        login: section.flag("login"),
        users,
        open_metrics: section.flag("open_metrics").unwrap_or_default(),
    }
}

//! The `[server]` section: where the embedded host listens, where it keeps its data, how it identifies
//! itself. `RAMPMETER_SERVER__KEY` in the environment overrides a key.

mod address;
mod admin;
mod credential;
mod scope;
mod tls;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use rampmeter_caller::Network;

use crate::document::{Node, Reading, Section};
use crate::problem::Code;

use address::address;

pub use admin::Admin;
pub use credential::{Credential, Right};
pub use scope::{Pattern, Scope};
pub use tls::Tls;

/// Settings of the embedded host.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address of the AWS wire API. Port 0 lets the system choose one.
    pub aws: SocketAddr,
    /// The admin port.
    pub admin: Admin,
    /// Directory of the store; a relative one starts from the working directory of the process.
    pub data_dir: PathBuf,
    /// AWS account number in ARNs and queue URLs: 12 digits.
    pub account: String,
    /// AWS region in ARNs.
    pub region: String,
    /// How long a stop waits for calls in flight.
    pub drain_timeout: Duration,
    /// How long ended executions, their history and call results are kept.
    pub retention: Duration,
    /// Who may use the AWS port. Empty: anybody who reaches it.
    pub credentials: Vec<Credential>,
    /// How both ports use TLS; absent if they use plain text.
    pub tls: Option<Tls>,
    /// Trusted proxies: what they say about the connections to them (`X-Forwarded-For`, `X-Forwarded-Proto`) is
    /// accepted.
    pub proxies: Vec<Network>,
    /// Whether a port that other machines can reach may use plain text, because something in front of it handles
    /// TLS.
    pub allow_plaintext: bool,
    /// Whether access key ids of real AWS accounts (`AKIA...`, `ASIA...`) are accepted.
    pub allow_aws_keys: bool,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            aws: SocketAddr::from((Ipv4Addr::LOCALHOST, 4566)),
            admin: Admin::default(),
            data_dir: PathBuf::from(".rampmeter"),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            drain_timeout: Duration::from_secs(25),
            retention: Duration::from_secs(30 * DAY),
            credentials: Vec::new(),
            tls: None,
            proxies: Vec::new(),
            allow_plaintext: false,
            allow_aws_keys: false,
        }
    }
}

const DAY: u64 = 24 * 60 * 60;

const KEYS: &[&str] = &[
    "aws",
    "admin",
    "data_dir",
    "account",
    "region",
    "drain_timeout",
    "retention",
    "credentials",
    "tls",
    "proxies",
    "allow_plaintext",
    "allow_aws_keys",
];

impl Server {
    pub(crate) fn read(reading: &Reading<'_>, node: &Node) -> Server {
        let default = Server::default();
        let Some(section) = Section::open(reading, "server", node, "[server]", KEYS) else {
            return default;
        };
        let section = section.overridden_by("RAMPMETER_SERVER__");
        let drain = Duration::ZERO..=Duration::from_secs(60 * 60);
        let retention = Duration::from_secs(60)..=Duration::from_secs(3650 * DAY);
        let allow_aws_keys = section.flag("allow_aws_keys").unwrap_or_default();
        Server {
            aws: section
                .parsed("aws", Code::BadValue, address)
                .unwrap_or(default.aws),
            admin: admin::read(reading, &section),
            data_dir: section
                .parsed("data_dir", Code::BadValue, directory)
                .unwrap_or(default.data_dir),
            account: section
                .parsed("account", Code::BadValue, account)
                .unwrap_or(default.account),
            region: section
                .parsed("region", Code::BadValue, region)
                .unwrap_or(default.region),
            drain_timeout: section
                .duration("drain_timeout", drain)
                .unwrap_or(default.drain_timeout),
            retention: section
                .duration("retention", retention)
                .unwrap_or(default.retention),
            credentials: credential::read(reading, &section, allow_aws_keys),
            tls: tls::read(reading, &section),
            proxies: section.networks("proxies"),
            allow_plaintext: section.flag("allow_plaintext").unwrap_or_default(),
            allow_aws_keys,
        }
    }

    /// Whether users of the admin port must log in: as `login` says; without it, if other machines can reach the port, if
    /// the AWS port requires credentials, or if a file of users is named.
    #[must_use]
    pub fn asks_for_login(&self) -> bool {
        self.admin.login.unwrap_or(
            !self.admin.listen.ip().is_loopback()
                || !self.credentials.is_empty()
                || self.admin.users.is_some(),
        )
    }

    /// The file of those who may log in at the admin port.
    #[must_use]
    pub fn users_file(&self) -> PathBuf {
        let named = self.admin.users.clone();
        named.unwrap_or_else(|| self.data_dir.join("users.json"))
    }

    /// `https` if the ports use TLS, otherwise `http`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// URL of a queue: `http://HOST:PORT/ACCOUNT/NAME`. An address that means every interface is written as the
    /// loopback one, which clients on the same machine reach.
    #[must_use]
    pub fn queue_url(&self, queue: &str) -> String {
        let mut address = self.aws;
        match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            _ => {}
        }
        format!("{}://{address}/{}/{queue}", self.scheme(), self.account)
    }
}

fn directory(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        Err("is empty".to_owned())
    } else {
        Ok(PathBuf::from(text))
    }
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("must be 12 digits".to_owned())
    }
}

fn region(text: &str) -> Result<String, String> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !text.is_empty() && text.len() <= 32 && text.bytes().all(letters) {
        Ok(text.to_owned())
    } else {
        Err("must be an AWS region, such as us-east-1".to_owned())
    }
}

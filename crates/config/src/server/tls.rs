//! `[server.tls]`: the certificate that both ports present, and the authorities for the certificates of clients. The files
//! are only named here, not read: a server reads them again when they change.

use std::path::PathBuf;

use crate::document::{Reading, Section};
use crate::problem::Code;

/// How both ports use TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the certificate, with the chain that leads to its root.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
    /// PEM file of the authorities whose certificates clients must present; absent if they need none.
    pub client_ca: Option<PathBuf>,
}

const KEYS: &[&str] = &["certificate", "key", "client_ca"];

/// The table, if there is one and it is complete.
pub(super) fn read(reading: &Reading<'_>, server: &Section<'_>) -> Option<Tls> {
    let node = server.get("tls")?;
    let section = Section::open(reading, "tls", node, "[server.tls]", KEYS)?
        .overridden_by("RAMPMETER_SERVER__TLS__");
    let path = |key| {
        section.parsed(key, Code::BadValue, |path| match path {
            "" => Err("is empty".to_owned()),
            path => Ok(reading.context.directory.join(path)),
        })
    };
    let whole =
        ["certificate", "key"].map(|key| section.is_overridden(key) || section.requires(key));
    if whole != [true, true] {
        return None;
    }
    Some(Tls {
        certificate: path("certificate")?,
        key: path("key")?,
        client_ca: path("client_ca"),
    })
}

//! Looks a host's name up, at the moment of each connection, and hands on only the addresses that a call may connect
//! to. So a name that leads elsewhere the second time leads nowhere.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use super::address::{self, Network};

/// Turns a name into addresses. The default asks the operating system; a test may ask itself.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// A name leads only to addresses that a call may not connect to.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "{name} leads to {address}, which is no public address; `allow_networks` of the target can allow it"
)]
pub(crate) struct Denied {
    name: String,
    address: IpAddr,
}

/// The resolver of one account.
pub(crate) struct Resolver {
    pub(crate) lookup: Lookup,
    pub(crate) allowed: Arc<[Network]>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// Asks the operating system. Blocks.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| {
        let found = (name, 0).to_socket_addrs()?;
        Ok(found.map(|address| address.ip()).collect())
    })
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allowed) = (Arc::clone(&self.lookup), Arc::clone(&self.allowed));
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let asked = name.clone();
            let found = tokio::task::spawn_blocking(move || lookup(&asked)).await??;
            let admitted = screened(&name, found, &allowed)?;
            // The port is the connection's own.
            let addresses = admitted
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// The admitted addresses among those found; an error if there were only others.
fn screened(name: &str, found: Vec<IpAddr>, allowed: &[Network]) -> Result<Vec<IpAddr>, Denied> {
    let first = found.first().copied();
    let admitted: Vec<IpAddr> = found
        .into_iter()
        .filter(|address| address::admits(allowed, *address))
        .collect();
    match first {
        Some(address) if admitted.is_empty() => Err(Denied {
            name: name.to_owned(),
            address,
        }),
        _ => Ok(admitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_admitted_addresses_are_handed_on() {
        let found = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<IpAddr>>()
        };
        let mixed = screened("a.test", found(&["127.0.0.1", "8.8.8.8", "::1"]), &[]).unwrap();
        assert_eq!(mixed, found(&["8.8.8.8"]));
        let denied = screened("a.test", found(&["10.0.0.1"]), &[]).unwrap_err();
        assert!(denied.to_string().starts_with("a.test leads to 10.0.0.1"));
        assert_eq!(screened("a.test", Vec::new(), &[]), Ok(Vec::new()));
        let local = screened("localhost", found(&["127.0.0.1"]), &Network::LOOPBACK).unwrap();
        assert_eq!(local.len(), 1);
    }
}

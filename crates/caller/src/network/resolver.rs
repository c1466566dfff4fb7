//! Resolves a host name for each connection, and passes on only the addresses that a call may connect to. So a name
//! that resolves to a forbidden address the second time leads nowhere.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use super::address::{self, Network};

/// Turns a name into addresses. The default asks the operating system; a test may supply its own.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// A name leads only to addresses that a call may not connect to.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum Denied {
    #[error(
        "{name} leads to {address}, which is not a public address; `allow_networks` of the target can allow it"
    )]
    NotPublic { name: String, address: IpAddr },
    #[error(
        "{name} leads to {address}, a public address, over plain HTTP; write https://, or `allow_plaintext` of the target can allow it"
    )]
    Plaintext { name: String, address: IpAddr },
}

/// The resolver of one account.
pub(crate) struct Resolver {
    pub(crate) lookup: Lookup,
    pub(crate) allowed: Arc<[Network]>,
    /// Names that are called over plain HTTP and may therefore lead to private addresses only.
    pub(crate) plaintext: Arc<[String]>,
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
        let plaintext = self.plaintext.iter().any(|host| host == name.as_str());
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let asked = name.clone();
            let found = tokio::task::spawn_blocking(move || lookup(&asked)).await??;
            let admitted = screened(&name, found, &allowed, plaintext)?;
            // The port is the connection's own.
            let addresses = admitted
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// The admitted addresses among those found; an error if there were only others.
fn screened(
    name: &str,
    found: Vec<IpAddr>,
    allowed: &[Network],
    plaintext: bool,
) -> Result<Vec<IpAddr>, Denied> {
    let first = found.first().copied();
    let readable = |address: IpAddr| plaintext && address::is_public(address);
    let admitted: Vec<IpAddr> = found
        .into_iter()
        .filter(|address| address::admits(allowed, *address) && !readable(*address))
        .collect();
    let name = name.to_owned();
    match first {
        Some(address) if admitted.is_empty() && readable(address) => {
            Err(Denied::Plaintext { name, address })
        }
        Some(address) if admitted.is_empty() => Err(Denied::NotPublic { name, address }),
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
        let mixed = screened(
            "a.test",
            found(&["127.0.0.1", "8.8.8.8", "::1"]),
            &[],
            false,
        )
        .unwrap();
        assert_eq!(mixed, found(&["8.8.8.8"]));
        let denied = screened("a.test", found(&["10.0.0.1"]), &[], false).unwrap_err();
        assert!(denied.to_string().starts_with("a.test leads to 10.0.0.1"));
        assert_eq!(screened("a.test", Vec::new(), &[], false), Ok(Vec::new()));
        let local = screened(
            "localhost",
            found(&["127.0.0.1"]),
            &Network::LOOPBACK,
            false,
        )
        .unwrap();
        assert_eq!(local.len(), 1);
    }

    #[test]
    fn plain_http_leads_to_private_addresses_only() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let private: Network = "10.0.0.0/8".parse().unwrap();
        let both = vec![address("8.8.8.8"), address("10.0.0.1")];
        let inside = screened("erp.test", both, &[private], true).unwrap();
        assert_eq!(inside, [address("10.0.0.1")]);
        let outside = screened("erp.test", vec![address("8.8.8.8")], &[private], true);
        let words = outside.unwrap_err().to_string();
        assert!(words.contains("over plain HTTP"), "{words}");
    }
}

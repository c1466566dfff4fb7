//! Who is at the other end of a connection. Whoever accepts it says so, in the extensions of each request.

use std::fmt;
use std::net::IpAddr;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// An address of the network, or of this machine.
    Address(IpAddr),
    /// A user of this machine, by a socket in the file system.
    LocalUser(u32),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Address(address) => write!(f, "{}", address.to_canonical()),
            Peer::LocalUser(user) => write!(f, "uid {user}"),
        }
    }
}

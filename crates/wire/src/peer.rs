//! Who is at the other end of a connection. The code that accepts it puts this into the extensions of each request.

use std::fmt;
use std::net::IpAddr;

/// The address at the other end of a connection, of the network or of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.to_canonical())
    }
}

//! Who is at the other end of a connection. The code that accepts it puts this into the extensions of each request.

use std::fmt;
use std::net::IpAddr;

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// An address, of the network or of this machine.
    Address(IpAddr),
    /// A process of this machine, at the socket that only its user may open.
    Local(LocalUser),
}

/// The user of a process, as the operating system says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUser {
    /// The number of the user.
    pub uid: u32,
    /// The name, where the system has one.
    pub name: Option<String>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Address(address) => write!(f, "{}", address.to_canonical()),
            Peer::Local(_) => f.write_str("local socket"),
        }
    }
}

/// No user of the admin port can have such a name: it has a blank and brackets.
impl fmt::Display for LocalUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} (uid {})", self.uid),
            None => write!(f, "(uid {})", self.uid),
        }
    }
}

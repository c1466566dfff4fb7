//! The way to a vendor: which addresses a call may connect to, how names are looked up, TLS, and the HTTP client that is
//! made of them. What is sent over it is in `call`.

mod address;
mod client;
mod error_chain;
mod resolver;
pub(crate) mod tls;

pub use address::{BadNetwork, Network, admits, is_public};
pub(crate) use client::{ClientError, client};
pub(crate) use error_chain::error_chain;
pub use resolver::Lookup;
pub(crate) use resolver::{Resolver, system};

//! Strict stand-ins for the vendors' APIs, for tests, the demo and `rampmeter mock`.
//!
//! A stand-in is the judge of the limits: it measures with its own clock and its own code what it was sent, and answers
//! as the vendor would. It is written only from what the vendor documents and uses no other crate of this workspace, so
//! that a mistake in how we count or sign cannot be shared by the thing that checks it.
//!
//! One [judge](judge) with one [meter](meter) serves all vendors; each vendor's ways are in a folder of its own
//! ([`netsuite`], [`salesforce`], [`sap`], [`http`]), and what checks a signature or a token is in [`sign_in`].
//! It leaves out the vendors' business logic: records are stored as they come.

mod response;
mod chance;
#[cfg(test)]
mod client;
mod clock;
mod http;
mod judge;
mod latency;
mod line;
mod meter;
mod netsuite;
mod options;
mod report;
mod request;
mod salesforce;
mod sap;
mod server;
mod sign_in;
mod vendor;
mod writes;

pub use http::HttpOptions;
pub use latency::{Gate, Latency};
pub use netsuite::{Certificate, NetSuiteOptions, NetSuiteSignIn, TokenBased};
pub use options::{Conduct, Faults, LongRunning, OptionsError, TokenLife, Window};
pub use report::{LatencyMs, Report, Span, WindowSeen};
pub use salesforce::{ConnectedApp, SalesforceOptions};
pub use sap::{Repeatability, SapOptions, SapSignIn};
pub use server::StandIn;
pub use sign_in::PublicKey;

/// A running stand-in of NetSuite: [`StandIn::bind`] with [`NetSuiteOptions`].
pub type NetSuite = StandIn;

//! Strict stand-ins for the vendors' APIs, for tests, the demo and `rampmeter mock`.
//!
//! A stand-in is the judge of the limits: it measures with its own clock and its own code what it was
//! sent, and answers as the vendor would. It is written from the vendor's facts alone and uses no other
//! crate of this workspace, so that a mistake in how we count cannot be shared by the thing that checks it.
//! It leaves out the vendor's business logic: records are stored as they come.

mod answer;
mod call;
mod chance;
mod clock;
mod judge;
mod latency;
mod line;
mod meter;
mod options;
mod records;
mod report;
mod server;

pub use latency::{Gate, Latency};
pub use options::{Faults, NetSuiteOptions, OptionsError};
pub use report::{LatencyMs, Report, Span, WindowCount};
pub use server::NetSuite;

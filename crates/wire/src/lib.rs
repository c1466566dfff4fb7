//! The AWS wire API of the embedded host: Step Functions, SQS and a little of STS on one port, in AWS JSON 1.0 and, for
//! SQS and STS, in the Query protocol. It turns requests into the engine's types and results into AWS's shapes, and
//! decides nothing itself. The table `table::OPERATIONS` says what is served.
//!
//! A request goes down the floors and its response up again: `server`, `table`, then `states`, `sqs` or `sts`, on
//! `operation` and `protocol`. `sigv4`, `loopback` and `peer` stand by themselves.

pub mod loopback;
mod operation;
pub mod peer;
mod protocol;
mod server;
pub mod sigv4;
mod sqs;
mod states;
mod sts;
mod table;

pub use operation::Site;
pub use server::{Access, WireSdk, reference, router};

//! The AWS wire API of the embedded host: Step Functions and SQS over AWS JSON 1.0 on one port.
//! It turns requests into the engine's types and answers into AWS's shapes; it decides nothing itself.
//! Not here yet: signatures, the SQS Query protocol, and the operations that `operation::OPERATIONS` does not list.

pub(crate) use server::{Site, router};

mod server;
mod operation;
mod body;
mod json;
mod error;
mod rejection;
mod states;
mod sqs;

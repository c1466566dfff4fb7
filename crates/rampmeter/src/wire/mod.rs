//! The AWS wire API of the embedded host: Step Functions, SQS and a little of STS on one port, in AWS JSON 1.0 and, for
//! SQS and STS, in the Query protocol. It turns requests into the engine's types and answers into AWS's shapes; it decides
//! nothing itself. What is served is the table `operation::OPERATIONS`.

pub(crate) use access::Access;
pub(crate) use reference::page as reference;
pub(crate) use sdk::WireSdk;
pub(crate) use server::{Site, router};

mod server;
mod request;
mod protocol;
mod browser;
mod access;
mod origin;
mod health;
mod operation;
mod reference;
mod body;
mod json;
mod query;
mod error;
mod rejection;
mod sdk;
mod states;
mod sqs;
mod identity;

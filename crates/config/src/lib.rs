//! `rampmeter.toml`: what people write, read into the values that the other crates work with.
//!
//! Every value is checked where it stands, all problems are collected, and each is shown with its place, its
//! reason and a way out. What the values do is elsewhere: limits in `dispatch`, calls in `call` and `caller`.

mod code;
mod problem;
mod report;
mod mask;
mod tree;
mod duration;
mod place;
mod reference;
mod reading;
mod section;
mod server;
mod slo;
mod auth;
mod header;
mod deferral;
mod limit;
mod local;
mod preset;
mod jobs;
mod response;
mod target;
pub mod consequence;
mod substitution;
mod workflow;
mod function;
pub mod aws;
mod config;

pub use aws::{Aws, Limiter};
pub use code::Code;
pub use config::Config;
pub use function::Function;
pub use place::Place;
pub use problem::{Label, Problem};
pub use rampmeter_call::{CallMessage, InvalidMessage, OnUnknown, Retry, message};
pub use report::Report;
pub use server::{Credential, Right as CredentialRight, Server};
pub use slo::Slo;
pub use substitution::pascal_case;
pub use target::{Target, Worker};
pub use workflow::{Workflow, WorkflowType};

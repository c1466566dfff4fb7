//! `rampmeter.toml` and the call message: what people and workflows write, read into types; and what follows from the outcome
//! of a call by the rules of its target.
//!
//! Every value is checked where it stands, all problems are collected, and each is shown with its place, its
//! reason and a way out. What the values do is elsewhere: limits in `dispatch`, calls in `caller`.

mod code;
mod problem;
mod report;
mod mask;
mod tree;
mod spelling;
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
mod preset;
mod jobs;
mod response;
mod retry;
mod target;
pub mod consequence;
mod substitution;
mod workflow;
mod function;
pub mod aws;
mod config;
pub mod message;

pub use aws::{Aws, Limiter};
pub use code::Code;
pub use config::Config;
pub use function::Function;
pub use message::{CallMessage, InvalidMessage};
pub use place::Place;
pub use problem::{Label, Problem};
pub use report::Report;
pub use retry::Retry;
pub use server::{Credential, Right as CredentialRight, Server};
pub use slo::Slo;
pub use substitution::pascal_case;
pub use target::{OnUnknown, Target, Worker};
pub use workflow::{Workflow, WorkflowType};

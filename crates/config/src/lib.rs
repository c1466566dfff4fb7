//! `rampmeter.toml`: what people write, read into the values that the other crates work with.
//!
//! Every value is checked where it is read, all problems are collected, and each is shown with its place, its
//! reason and a remedy. What the values do is decided elsewhere: limits in `dispatch`, calls in `call` and
//! `caller`.

pub mod aws;
mod config;
mod deployment;
mod document;
mod function;
mod problem;
mod server;
mod slo;
mod substitution;
mod target;
mod workflow;

pub use config::{Config, VERSION};
pub use deployment::{Aws, Limiter, stage};
pub use function::Function;
pub use problem::{Code, Label, Problem, Report, Severity, SourceLocation};
pub use server::{Admin, Credential, Pattern, Right as CredentialRight, Scope, Server, Tls};
pub use slo::Slo;
pub use substitution::pascal_case;
pub use target::{RedactPath, RedactSegment, Target, Worker};
pub use workflow::{Workflow, WorkflowType};

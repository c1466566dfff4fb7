//! The problems of a deployment on AWS: what AWS cannot do at all, and what it does differently from one machine. The
//! same file may be valid on one machine. Pure: places are only named here; the command line shows them.

mod account;
mod call;
mod code;
mod definition;
mod limit;
mod naming;
mod target;

pub use call::{fault_of, key_line};
pub use code::CODES;
pub use definition::of_definition;

use super::deployment::Deployment;

/// One problem of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code.
    pub code: &'static str,
    /// Whether the deployment is refused because of it.
    pub is_error: bool,
    /// What it is about.
    pub place: Subject,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A value of the configuration: its keys from the root.
    Configuration(Vec<String>),
    /// A value of a workflow's definition.
    Definition {
        /// The workflow; empty for a definition without a configuration.
        workflow: String,
        /// JSON pointer.
        pointer: String,
    },
}

impl Subject {
    fn keys(keys: &[&str]) -> Subject {
        Subject::Configuration(keys.iter().map(|key| (*key).to_owned()).collect())
    }
}

impl Finding {
    fn error(
        code: &'static str,
        place: Subject,
        message: String,
        help: impl Into<String>,
    ) -> Finding {
        Finding {
            code,
            is_error: true,
            place,
            message,
            help: help.into(),
        }
    }

    fn warning(
        code: &'static str,
        place: Subject,
        message: String,
        help: impl Into<String>,
    ) -> Finding {
        Finding {
            is_error: false,
            ..Finding::error(code, place, message, help)
        }
    }
}

/// All findings: names, targets, limits, then the definitions in the order of their names.
pub fn findings(deployment: &Deployment<'_>) -> Vec<Finding> {
    let mut found = naming::check(deployment);
    for target in deployment.workers() {
        found.extend(target::check(target, deployment.config().aws.limiter));
        found.extend(limit::check(target, deployment.config().aws.limiter));
    }
    for workflow in deployment.config().workflows.values() {
        found.extend(definition::check(deployment, workflow));
    }
    found
}

/// The problem, if any, of deploying into an account that allows so many concurrent executions.
pub fn account_findings(deployment: &Deployment<'_>, concurrency: u32) -> Option<Finding> {
    account::check(deployment, concurrency)
}

/// A number and a noun: `1 message`, `2 messages`.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

//! State machines as clients create and change them: the types behind CreateStateMachine and related operations. Which
//! revision an execution uses, and how a definition is compiled, is left to the engine.

use std::collections::BTreeMap;

use rampmeter_asl::Diagnostic;
use rampmeter_time::UnixMillis;
use serde_json::Value;

/// The type of a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineKind {
    /// Durable, up to a year, callbacks allowed.
    Standard,
    /// Short, no callbacks.
    Express,
}

impl MachineKind {
    /// Its name on AWS.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Express => "EXPRESS",
        }
    }

    /// The kind with this AWS name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Standard, Self::Express]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// Settings that are kept for AWS's shapes and have no effect here: `loggingConfiguration`, `tracingConfiguration` and
/// `encryptionConfiguration`, by those names.
pub type Settings = BTreeMap<String, Value>;

/// CreateStateMachine of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct CreateStateMachine {
    /// 1 to 80 characters.
    pub name: String,
    /// The definition, at most 1 MiB.
    pub definition: String,
    /// ARN of a role; kept, and visible to executions.
    pub role_arn: String,
    /// Its type.
    pub kind: MachineKind,
    /// Logging, tracing, encryption.
    pub settings: Settings,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Whether to publish it as a version at once, and with which description.
    pub publish: Option<Publication>,
}

/// A version that is published together with a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// At most 256 characters.
    pub description: Option<String>,
}

/// UpdateStateMachine of AWS Step Functions: what is absent stays as it is.
#[derive(Debug, Clone)]
pub struct UpdateStateMachine {
    /// ARN of the state machine.
    pub arn: String,
    /// The new definition.
    pub definition: Option<String>,
    /// The new role.
    pub role_arn: Option<String>,
    /// New logging, tracing or encryption; what is not named stays as it is.
    pub settings: Settings,
    /// Whether to publish the newest revision as a version, and with which description.
    pub publish: Option<Publication>,
}

/// The response to CreateStateMachine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedStateMachine {
    /// ARN of the state machine.
    pub arn: String,
    /// When it was created.
    pub creation_date: UnixMillis,
    /// ARN of the version that was published.
    pub version_arn: Option<String>,
}

/// The response to UpdateStateMachine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedStateMachine {
    /// When it was last changed.
    pub update_date: UnixMillis,
    /// The revision that is now the newest.
    pub revision_id: Option<String>,
    /// ARN of its version, if it was to be published.
    pub version_arn: Option<String>,
}

/// One state machine, or the revision of it that an execution uses.
#[derive(Debug, Clone)]
pub struct StateMachineDescription {
    /// ARN of the state machine, or of the version that was requested.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: MachineKind,
    /// The definition, as it was given (substitutions resolved).
    pub definition: String,
    /// Its role.
    pub role_arn: String,
    /// Logging, tracing, encryption.
    pub settings: Settings,
    /// When the state machine or the version was created.
    pub creation_date: UnixMillis,
    /// When this revision was made.
    pub update_date: UnixMillis,
    /// AWS's revisionId; absent for the first revision.
    pub revision_id: Option<String>,
    /// Description of the version that was requested.
    pub description: Option<String>,
}

/// A definition's errors in AWS's words: `CODE: message at location`, one after the other.
#[must_use]
pub fn diagnosis(problems: &[Diagnostic]) -> String {
    let told: Vec<String> = problems
        .iter()
        .map(|problem| {
            let place = if problem.location.is_empty() {
                "/"
            } else {
                &problem.location
            };
            format!("{}: {} at {place}", problem.code, problem.message)
        })
        .collect();
    told.join(", ")
}

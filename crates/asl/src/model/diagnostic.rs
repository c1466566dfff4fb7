//! What is wrong with a definition, in AWS's form (`ValidateStateMachineDefinition`): a code, a
//! message and the place as a JSON pointer.

use std::fmt;

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot be used.
    Error,
    /// The definition can be used but probably does not do what was intended.
    Warning,
}

/// One fault of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How serious it is.
    pub severity: Severity,
    /// AWS's code, such as `MISSING_TRANSITION_TARGET` or `SCHEMA_VALIDATION_FAILED`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where, as a JSON pointer such as `/States/Pay/Next`; `/` is the whole definition, and empty
    /// if there is no place to point to.
    pub location: String,
    /// What AWS does not say: where in the value the fault is, or how it may be written.
    pub hint: Option<String>,
}

/// A state that this interpreter cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unserved {
    /// Name of the state.
    pub state: String,
    /// JSON pointer to what is not supported.
    pub location: String,
    /// What is not supported, as the end of the sentence "this host does not run ...".
    pub what: String,
}

/// The definition does not have the form that the language requires.
pub(crate) const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
/// The definition is not JSON.
pub(crate) const JSON: &str = "INVALID_JSON_DESCRIPTION";
/// A text between `{%` and `%}` is not JSONata.
pub(crate) const INVALID_JSONATA: &str = "INVALID_JSONATA_EXPRESSION";
/// An expression refers to what a state machine does not have.
pub(crate) const UNSUPPORTED_JSONATA: &str = "UNSUPPORTED_JSONATA_EXPRESSION";
/// No state ends the workflow.
pub(crate) const MISSING_END: &str = "MISSING_END_STATE";
/// A transition names a state that does not exist.
pub(crate) const MISSING_TARGET: &str = "MISSING_TRANSITION_TARGET";
/// Two states of one definition have the same name.
pub(crate) const DUPLICATE_NAME: &str = "DUPLICATE_STATE_NAME";

/// A field holds what looks like a path, and its name does not end with `.$`.
pub(crate) const NO_DOLLAR: &str = "NO_DOLLAR";
/// A field holds what looks like a path, and its name does not end with `Path`.
pub(crate) const NO_PATH: &str = "NO_PATH";
/// The `Result` of a Pass state looks as if it were a payload template, and is not.
pub(crate) const STATIC_RESULT: &str = "PASS_RESULT_IS_STATIC";
/// A task that waits for a task token that its parameters do not pass on. The code is our own.
pub(crate) const NO_TASK_TOKEN: &str = "NO_TASK_TOKEN";

impl Diagnostic {
    pub(crate) fn warning(code: &'static str, message: String, location: String) -> Self {
        Self {
            severity: Severity::Warning,
            code,
            message,
            location,
            hint: None,
        }
    }

    pub(crate) fn error(code: &'static str, message: String, location: String) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message,
            location,
            hint: None,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if self.location.is_empty() {
            Ok(())
        } else {
            write!(f, " at {}", self.location)
        }
    }
}

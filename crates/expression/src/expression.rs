//! What a field whose name ends in `.$` holds, and what `ErrorPath` and similar fields hold: a
//! path, or a call of an intrinsic function.

use serde_json::Value;

use crate::budget::Exhausted;
use crate::intrinsic::{Call, CallError};
use crate::path::{Path, PathError};
use crate::scope::Scope;

/// A path or a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// `$.a`, `$$.Execution.Id`, `$variable.b`.
    Path(Path),
    /// `States.Format('{}', $.a)`.
    Call(Call),
}

/// Why an expression has no value. Each is the last sentence of the cause that a user reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// A path that points to nothing.
    #[error(
        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input \
         '{searched}'"
    )]
    NotFound {
        /// The path as written.
        path: String,
        /// The field that holds it.
        field: String,
        /// The document that was searched, as JSON.
        searched: String,
    },
    /// An intrinsic function that failed.
    #[error("The function '{call}' had the following error: {reason}")]
    Call {
        /// The call as written.
        call: String,
        /// Why it failed.
        reason: String,
    },
    /// The budget of the state is used up.
    #[error("the expressions of the state produce too much data")]
    TooMuchData,
}

impl From<Exhausted> for ExpressionError {
    fn from(_: Exhausted) -> Self {
        Self::TooMuchData
    }
}

impl Expression {
    /// Reads a path or a call.
    ///
    /// # Errors Where any other text is wrong, and how to write it.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.starts_with('$') {
            Path::parse(text).map(Self::Path)
        } else {
            Call::parse(text).map(Self::Call)
        }
    }

    /// Whether any path in it meets a condition.
    pub fn has_path(&self, meets: &impl Fn(&Path) -> bool) -> bool {
        match self {
            Self::Path(path) => meets(path),
            Self::Call(call) => call.has_path(meets),
        }
    }

    /// Its value. `field` is the name of the field that holds it, for the message.
    pub fn evaluate(&self, field: &str, scope: &mut dyn Scope) -> Result<Value, ExpressionError> {
        match self {
            Self::Path(path) => scope.find(path).map_err(|_| ExpressionError::NotFound {
                path: path.text().to_owned(),
                field: field.to_owned(),
                searched: scope.searched(path),
            }),
            Self::Call(call) => call.evaluate(scope).map_err(|error| match error {
                CallError::TooMuchData => ExpressionError::TooMuchData,
                CallError::Failed(reason) => ExpressionError::Call {
                    call: call.text().to_owned(),
                    reason,
                },
            }),
        }
    }
}

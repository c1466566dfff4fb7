//! The mock of a test: what AWS checks about it before it runs anything, in AWS's words where they
//! were recorded.

use serde_json::Value;

use super::definition::Subject;
use super::shape::{self, FieldValidation};
use super::{Configuration, Refusal, TestState};
use crate::model::state_kind::StateKind;
use rampmeter_expression::Payload;

/// What a client substitutes for a service, a branch or an iteration.
#[derive(Clone, Debug, Default)]
pub struct Mock {
    /// Its result, as JSON text.
    pub result: Option<String>,
    /// The error that it fails with.
    pub error: Option<MockError>,
    /// How much of the result is compared with what the service returns.
    pub validation: FieldValidation,
}

/// An error instead of a result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MockError {
    /// Error name.
    pub error: Option<String>,
    /// Cause.
    pub cause: Option<String>,
}

/// A mock that was checked.
#[derive(Clone, Debug)]
pub(super) enum MockResult {
    Result(Payload),
    Error(MockError),
}

impl MockResult {
    /// The result, unless it is an error.
    pub(super) fn result(&self) -> Option<&Payload> {
        match self {
            Self::Result(result) => Some(result),
            Self::Error(_) => None,
        }
    }
}

/// Checks a mock against the state that it is for. None if the state needs none and has none.
pub(super) fn read(
    request: &TestState,
    subject: &Subject,
    has_role: bool,
) -> Result<Option<MockResult>, Refusal> {
    let refused = |message: &str| Err(Refusal::Validation(message.to_owned()));
    let kind = subject.kind();
    let Some(mock) = &request.mock else {
        return without(subject, has_role).map(|()| None);
    };
    if !subject.can_be_mocked() {
        return Err(Refusal::Validation(format!(
            "State type '{}' is not supported when a mock is specified",
            kind.as_str()
        )));
    }
    if request.reveals_secrets {
        return refused("TestState does not support RevealSecrets when a mock is specified.");
    }
    let text = match (&mock.result, &mock.error) {
        (Some(_), Some(_)) => {
            return refused(
                "A test mock should have only one of the following fields: [result, errorOutput].",
            );
        }
        (None, None) => {
            return refused(
                "A test mock should have one of the following fields: [result, errorOutput].",
            );
        }
        (None, Some(error)) => return Ok(Some(MockResult::Error(error.clone()))),
        (Some(text), None) => text,
    };
    let Ok(result) = Payload::parse(text) else {
        return refused("Mocked result must be valid JSON");
    };
    let value = result.value();
    // What a ResultWriter wrote elsewhere is described by an object.
    let is_written = kind == StateKind::Map && subject.fields.contains_key("ResultWriter");
    if is_written && !value.is_object() {
        return refused("Mocked result must be a JSON object.");
    }
    if kind == StateKind::Task {
        if let Some(why) = shape::fault(subject.text("Resource"), value, mock.validation) {
            return Err(Refusal::Validation(format!(
                "Mock result schema validation error: {why}"
            )));
        }
    } else if !is_written {
        if !value.is_array() {
            return refused("Mocked result must be an array.");
        }
        check_failures(value, &request.configuration)?;
    }
    Ok(Some(MockResult::Result(result)))
}

/// What may not be tested without a mock.
fn without(subject: &Subject, has_role: bool) -> Result<(), Refusal> {
    match subject.kind() {
        StateKind::Map | StateKind::Parallel => Err(Refusal::Unsupported(
            "TestState API does not support Map or Parallel states. Supported state types include: \
             [Task, Wait, Pass, Succeed, Fail, Choice]"
                .to_owned(),
        )),
        StateKind::Task if !has_role => Err(Refusal::Validation(
            "RoleArn must be specified when testing a Task state".to_owned(),
        )),
        StateKind::Task => Err(Refusal::Validation(
            "This host tests Task states with a mock only: give mock.result or mock.errorOutput"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

/// No more iterations can have failed than there are.
fn check_failures(result: &Value, configuration: &Configuration) -> Result<(), Refusal> {
    let iterations = result.as_array().map_or(0, Vec::len);
    let failures = configuration.map_iteration_failure_count.unwrap_or(0);
    if usize::try_from(failures).is_ok_and(|failures| failures <= iterations) {
        return Ok(());
    }
    Err(Refusal::Validation(
        "Map iteration failure count must be less than or equal to the number of Map iterations"
            .to_owned(),
    ))
}

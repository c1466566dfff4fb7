//! Requests of Task states that are made outside the store: their keys and their results.

use rampmeter_asl::EventId;
use serde_json::Value;

use crate::model::id::StepId;

/// The error of a task, with the name and the text that Step Functions gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError {
    /// The error name.
    pub error: String,
    /// The cause.
    pub cause: String,
}

impl TaskError {
    /// An error with a cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> TaskError {
        TaskError {
            error: error.into(),
            cause: cause.into(),
        }
    }

    /// A request that an optimised integration refused. `prefix` is `StepFunctions` or the like, before the exception's
    /// name; the text is that of the SDK that Step Functions uses.
    pub fn refused(prefix: &str, service: &str, name: &str, message: &str) -> TaskError {
        let code = name.strip_suffix("Exception").unwrap_or(name);
        let request = uuid::Uuid::new_v4();
        TaskError::new(
            format!("{prefix}.{code}Exception"),
            format!(
                "{message} (Service: {service}; Status Code: 400; Error Code: {name}; Request ID: {request}; Proxy: null)"
            ),
        )
    }
}

/// Identifies a request: that of the task whose scheduled event is `event`, submitted by `step`. Older ones are smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvocationKey {
    /// The step that submitted the task.
    pub step: StepId,
    /// Its scheduled event.
    pub event: EventId,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Invoked {
    /// The service's response.
    Done(Value),
    /// The service refused the request.
    Refused(TaskError),
    /// The service accepted the request, and what it asked for failed.
    Failed(TaskError),
}

//! SQS's own errors for parameters that are missing or out of range.

use crate::wire::error::WireError;

/// The value of a parameter that must be there and not be empty.
pub(crate) fn required(name: &str, value: Option<String>) -> Result<String, WireError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| {
        WireError::new(
            "MissingRequiredParameterException",
            format!("The request must contain the parameter {name}."),
        )
        .with_query_code("MissingParameter")
    })
}

/// A parameter with a value that SQS does not take.
pub(crate) fn invalid(name: &str, value: &str, reason: &str) -> WireError {
    WireError::new(
        "InvalidParameterValueException",
        format!("Value {value} for parameter {name} is invalid. Reason: {reason}"),
    )
    .with_query_code("InvalidParameterValue")
}

/// A part of SQS that is not served.
pub(crate) fn unsupported(message: impl Into<String>) -> WireError {
    WireError::new("UnsupportedOperation", message)
        .with_query_code("AWS.SimpleQueueService.UnsupportedOperation")
}

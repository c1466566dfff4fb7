//! AWS's name for each reason for which the engine refuses a request.

use axum::http::StatusCode;
use rampmeter_engine::{QueueError, Rejected};

use super::error::WireError;

impl From<Rejected> for WireError {
    fn from(rejected: Rejected) -> Self {
        let message = rejected.to_string();
        match rejected {
            Rejected::ExecutionAlreadyExists(_) => Self::new("ExecutionAlreadyExists", message),
            Rejected::StateMachineDoesNotExist(_) => Self::new("StateMachineDoesNotExist", message),
            Rejected::StateMachineAlreadyExists(_) => {
                Self::new("StateMachineAlreadyExists", message)
            }
            Rejected::InvalidDefinition(_) => Self::new("InvalidDefinition", message),
            Rejected::ExecutionDoesNotExist(_) => Self::new("ExecutionDoesNotExist", message),
            Rejected::ActivityDoesNotExist(_) => Self::new("ActivityDoesNotExist", message),
            Rejected::ActivityAlreadyExists(_) => Self::new("ActivityAlreadyExists", message),
            Rejected::ActivityLimitExceeded(_) => Self::new("ActivityLimitExceeded", message),
            Rejected::ActivityWorkerLimitExceeded => {
                Self::new("ActivityWorkerLimitExceeded", message)
            }
            Rejected::Conflict(_) => Self::new("ConflictException", message),
            Rejected::QuotaExceeded(_) => Self::new("ServiceQuotaExceededException", message),
            Rejected::ResourceNotFound(_) | Rejected::NoSuchReference => {
                Self::new("ResourceNotFound", message)
            }
            Rejected::TooManyTags(_) => Self::new("TooManyTags", message),
            Rejected::Validation(_) => Self::new("ValidationException", message),
            Rejected::StateMachineTypeNotSupported => {
                Self::new("StateMachineTypeNotSupported", message)
            }
            Rejected::ExecutionNotRedrivable(_) => Self::new("ExecutionNotRedrivable", message),
            Rejected::InvalidArn(_) => Self::new("InvalidArn", message),
            Rejected::InvalidName(_) => Self::new("InvalidName", message),
            Rejected::InvalidExecutionInput(_) => Self::new("InvalidExecutionInput", message),
            Rejected::InvalidOutput(_) => Self::new("InvalidOutput", message),
            Rejected::InvalidToken(_) | Rejected::InvalidPageToken => {
                Self::new("InvalidToken", message)
            }
            Rejected::TaskDoesNotExist => Self::new("TaskDoesNotExist", message),
            Rejected::TaskTimedOut => Self::new("TaskTimedOut", message),
            Rejected::QueueDoesNotExist(_) => Self::new("QueueDoesNotExist", message)
                .with_query_code("AWS.SimpleQueueService.NonExistentQueue"),
            Rejected::InvalidParameter(_) => Self::new("InvalidParameterValueException", message)
                .with_query_code("InvalidParameterValue"),
            Rejected::Queue(error) => Self::queue(&error),
            Rejected::InvalidMessageContents(_) => Self::new("InvalidMessageContents", message),
            // SDKs retry a 503 by themselves, which is right: a restarted engine will take the request.
            Rejected::Stopped(_) => Self::new("ServiceUnavailable", message)
                .with_status(StatusCode::SERVICE_UNAVAILABLE),
            _ => {
                Self::new("InternalFailure", message).with_status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

impl WireError {
    /// A refusal of SQS, with its names in both protocols.
    fn queue(error: &QueueError) -> Self {
        let status = match error {
            QueueError::PurgeQueueInProgress(_)
            | QueueError::OverLimit
            | QueueError::TooManyActions(..) => StatusCode::FORBIDDEN,
            QueueError::ResourceNotFound(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(error.name(), error.to_string())
            .with_query_code(error.query_code())
            .with_status(status)
    }
}

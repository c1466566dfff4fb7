//! `aws-sdk:sqs` and `aws-sdk:sfn`: any operation that this server serves over the wire, called by a workflow. The
//! operations themselves belong to the port ([`Sdk`]); here are the names and the forms of Step Functions' SDK
//! integrations: members in PascalCase, dates as texts, `Sqs.` or `Sfn.` before the exception's name.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rampmeter_asl::{Action, write_timestamp};
use rampmeter_store::model::invocation::{Invoked, TaskError};
use serde_json::{Map, Value, json};

/// Members of Step Functions' requests that are JSON texts; a workflow may give them as JSON.
const TEXTS: [&str; 4] = ["Input", "Output", "Definition", "MessageBody"];

/// A service whose operations a workflow may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdkService {
    /// AWS Step Functions.
    States,
    /// AWS SQS.
    Sqs,
}

/// One operation and its parameters, as AWS JSON has them.
#[derive(Debug, Clone, PartialEq)]
pub struct SdkRequest {
    /// The service.
    pub service: SdkService,
    /// AWS's name of the operation, such as `SendTaskSuccess`.
    pub operation: String,
    /// Its parameters.
    pub parameters: Value,
}

/// Why an operation was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdkError {
    /// AWS's name of the error, with or without `Exception` at its end.
    pub name: String,
    /// What went wrong.
    pub message: String,
    /// Status of the HTTP response.
    pub status: u16,
}

/// The response to one operation.
pub type SdkAnswer = Pin<Box<dyn Future<Output = Result<Value, SdkError>> + Send>>;

/// Carries out operations of this server on behalf of a workflow.
pub trait SdkOperations: Debug + Send + Sync {
    /// Carries out one.
    fn call(&self, request: SdkRequest) -> SdkAnswer;
}

fn service_of(service: &str) -> Option<SdkService> {
    match service {
        "aws-sdk:sfn" => Some(SdkService::States),
        "aws-sdk:sqs" => Some(SdkService::Sqs),
        _ => None,
    }
}

impl SdkService {
    /// The service in the names of errors.
    fn title(self) -> &'static str {
        match self {
            Self::States => "Sfn",
            Self::Sqs => "Sqs",
        }
    }
}

impl SdkRequest {
    /// What a state's resource and its parameters ask for.
    ///
    /// # Errors If the service has no such operation.
    pub fn new(action: &Action, parameters: &Value) -> Result<SdkRequest, TaskError> {
        let service = service_of(&action.service).ok_or_else(|| {
            TaskError::new(
                "States.Runtime",
                format!("This host does not run {}:{}", action.service, action.name),
            )
        })?;
        let mut parameters = parameters.clone();
        if let Value::Object(members) = &mut parameters {
            for name in TEXTS {
                if let Some(value) = members.get_mut(name)
                    && (value.is_object() || value.is_array())
                {
                    *value = Value::String(value.to_string());
                }
            }
        }
        if service == SdkService::States {
            parameters = renamed(parameters, &lower_first);
        }
        Ok(SdkRequest {
            service,
            operation: upper_first(&action.name),
            parameters,
        })
    }

    pub(super) async fn perform(self, operations: Option<Arc<dyn SdkOperations>>) -> Invoked {
        let service = self.service;
        let answer = match operations {
            Some(operations) => operations.call(self).await,
            None => Err(SdkError::unavailable()),
        };
        interpret(service, answer)
    }
}

impl SdkError {
    /// The error if nothing can carry out an operation.
    pub fn unavailable() -> SdkError {
        SdkError {
            name: "ServiceUnavailable".to_owned(),
            message: "no operations are served here".to_owned(),
            status: 503,
        }
    }
}

fn interpret(service: SdkService, answer: Result<Value, SdkError>) -> Invoked {
    match answer {
        Ok(answer) if service == SdkService::States => {
            Invoked::Done(dated(renamed(answer, &upper_first)))
        }
        Ok(answer) => Invoked::Done(answer),
        Err(error) => Invoked::Refused(refusal(service, &error)),
    }
}

fn refusal(service: SdkService, error: &SdkError) -> TaskError {
    let SdkError {
        name,
        message,
        status,
    } = error;
    let code = name.strip_suffix("Exception").unwrap_or(name);
    let title = service.title();
    let request = uuid::Uuid::new_v4();
    TaskError::new(
        format!("{title}.{code}Exception"),
        format!(
            "{message} (Service: {title}, Status Code: {status}, Request ID: {request}) (SDK Attempt Count: 1)"
        ),
    )
}

/// The same value with every member under another name.
fn renamed(value: Value, rename: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (rename(&name), renamed(value, rename)))
                .collect(),
        ),
        Value::Array(items) => items
            .into_iter()
            .map(|item| renamed(item, rename))
            .collect(),
        other => other,
    }
}

/// The same value with dates, which are seconds since the Unix epoch on the wire, as texts.
fn dated(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let dated: Map<String, Value> = members
                .into_iter()
                .map(|(name, value)| match value.as_f64() {
                    Some(seconds) if name.ends_with("Date") || name.ends_with("Timestamp") => {
                        (name, json!(write_timestamp(milliseconds(seconds))))
                    }
                    _ => (name, dated(value)),
                })
                .collect();
            Value::Object(dated)
        }
        Value::Array(items) => items.into_iter().map(dated).collect(),
        other => other,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a date of our own, far from the ends of time"
)]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

fn lower_first(name: &str) -> String {
    change_first(name, char::to_ascii_lowercase)
}

fn upper_first(name: &str) -> String {
    change_first(name, char::to_ascii_uppercase)
}

fn change_first(name: &str, change: fn(&char) -> char) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| change(&first))
        .into_iter()
        .chain(letters)
        .collect()
}

#[cfg(test)]
mod tests {
    use rampmeter_asl::Pattern;

    use super::*;

    fn request(service: &str, name: &str, parameters: &Value) -> SdkRequest {
        let action = Action {
            service: service.to_owned(),
            name: name.to_owned(),
            pattern: Pattern::RequestResponse,
        };
        SdkRequest::new(&action, parameters).unwrap()
    }

    #[test]
    fn parameters_of_step_functions_get_the_names_of_its_api() {
        let request = request(
            "aws-sdk:sfn",
            "startExecution",
            &json!({"StateMachineArn": "a", "Input": {"Order": 1}}),
        );
        assert_eq!(request.operation, "StartExecution");
        assert_eq!(
            request.parameters,
            json!({"stateMachineArn": "a", "input": "{\"Order\":1}"})
        );
    }

    #[test]
    fn parameters_of_sqs_keep_their_names() {
        let parameters = json!({"QueueUrl": "q", "MessageBody": "b"});
        let request = request("aws-sdk:sqs", "sendMessage", &parameters);
        assert_eq!(
            (request.service, request.parameters),
            (SdkService::Sqs, parameters)
        );
    }

    #[test]
    fn an_answer_of_step_functions_has_dates_as_texts() {
        let answer =
            json!({"executionArn": "a", "startDate": 1_700_000_000.25, "items": [{"x": 1}]});
        assert_eq!(
            interpret(SdkService::States, Ok(answer)),
            Invoked::Done(json!({
                "ExecutionArn": "a",
                "StartDate": "2023-11-14T22:13:20.250Z",
                "Items": [{"X": 1}],
            }))
        );
    }

    #[test]
    fn a_refusal_has_the_name_of_the_service_and_of_the_exception() {
        for (service, name, expected) in [
            (
                SdkService::Sqs,
                "QueueDoesNotExist",
                "Sqs.QueueDoesNotExistException",
            ),
            (
                SdkService::States,
                "ValidationException",
                "Sfn.ValidationException",
            ),
        ] {
            let error = SdkError {
                name: name.to_owned(),
                message: "no".to_owned(),
                status: 400,
            };
            assert_eq!(refusal(service, &error).error, expected);
        }
    }
}

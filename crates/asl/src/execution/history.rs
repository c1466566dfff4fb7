//! An event as `GetExecutionHistory` returns it: AWS's field names, data as JSON text. A field that
//! has no value is left out, as AWS does.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::execution::event::{Detail, Event, Phase};
use rampmeter_expression::Payload;

impl Event {
    /// The event as JSON, exactly in the form of `GetExecutionHistory`. The timestamp is in seconds
    /// since 1970 with milliseconds. Without `include_data` inputs, outputs and parameters are left out;
    /// errors and causes stay, as AWS does it.
    #[must_use]
    pub fn to_history_event(&self, include_data: bool) -> Value {
        let mut event = Map::new();
        event.insert("timestamp".to_owned(), timestamp(self.at));
        event.insert("type".to_owned(), json!(self.type_name()));
        event.insert("id".to_owned(), json!(self.id));
        event.insert("previousEventId".to_owned(), json!(self.previous));
        if let Some((key, details)) = details(&self.detail, include_data) {
            event.insert(key.to_owned(), Value::Object(details.0));
        }
        Value::Object(event)
    }
}

fn timestamp(milliseconds: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "exact until the year 285,000")]
    let seconds = milliseconds as f64 / 1000.0;
    json!(seconds)
}

/// The details object while it is filled.
#[derive(Default)]
struct Details(Map<String, Value>);

impl Details {
    fn text(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), json!(value));
        self
    }

    fn number(mut self, name: &str, value: Option<i64>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), json!(value));
        }
        self
    }

    /// The role of the task's `Credentials`.
    fn credentials(mut self, role_arn: Option<&String>) -> Self {
        if let Some(role_arn) = role_arn {
            self.0
                .insert("taskCredentials".to_owned(), json!({ "roleArn": role_arn }));
        }
        self
    }

    /// Data, and the note that none of it was cut off.
    fn data(mut self, name: &str, payload: &Payload, include: bool) -> Self {
        if include {
            self.0.insert(name.to_owned(), json!(payload.text()));
            self.0
                .insert(format!("{name}Details"), json!({ "truncated": false }));
        }
        self
    }

    /// The variables that a state assigned, each as JSON text. A state that assigned none shows none.
    fn variables(mut self, assigned: &BTreeMap<String, Payload>, include: bool) -> Self {
        if include && !assigned.is_empty() {
            let texts: Map<_, _> = assigned
                .iter()
                .map(|(name, payload)| (name.clone(), json!(payload.text())))
                .collect();
            self.0
                .insert("assignedVariables".to_owned(), Value::Object(texts));
            self.0.insert(
                "assignedVariablesDetails".to_owned(),
                json!({ "truncated": false }),
            );
        }
        self
    }

    fn failure(mut self, error: Option<&String>, cause: Option<&String>) -> Self {
        if let Some(error) = error {
            self.0.insert("error".to_owned(), json!(error));
        }
        if let Some(cause) = cause {
            self.0.insert("cause".to_owned(), json!(cause));
        }
        self
    }

    fn resource(self, resource_type: &str, resource: &str) -> Self {
        self.text("resourceType", resource_type)
            .text("resource", resource)
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each type of event, none of them decides"
)]
fn details(detail: &Detail, include: bool) -> Option<(&'static str, Details)> {
    let new = Details::default();
    Some(match detail {
        Detail::ExecutionStarted { input, role_arn } => (
            "executionStartedEventDetails",
            new.data("input", input, include).text("roleArn", role_arn),
        ),
        Detail::ExecutionSucceeded { output } => (
            "executionSucceededEventDetails",
            new.data("output", output, include),
        ),
        Detail::ExecutionFailed { error, cause } => (
            "executionFailedEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::ExecutionTimedOut { error, cause } => (
            "executionTimedOutEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::ExecutionAborted { error, cause } => (
            "executionAbortedEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::ExecutionRedriven { redrive_count } => (
            "executionRedrivenEventDetails",
            new.number("redriveCount", Some(i64::from(*redrive_count))),
        ),
        Detail::MapRunRedriven { arn, redrive_count } => (
            "mapRunRedrivenEventDetails",
            new.text("mapRunArn", arn)
                .number("redriveCount", Some(i64::from(*redrive_count))),
        ),
        Detail::StateEntered { name, input, .. } => (
            "stateEnteredEventDetails",
            new.text("name", name).data("input", input, include),
        ),
        Detail::StateExited {
            name,
            output,
            assigned,
            ..
        } => (
            "stateExitedEventDetails",
            new.text("name", name)
                .data("output", output, include)
                .variables(assigned, include),
        ),
        Detail::StateStarted {
            length: Some(length),
            ..
        } => (
            "mapStateStartedEventDetails",
            new.number("length", Some(i64::from(*length))),
        ),
        Detail::StateStarted { length: None, .. }
        | Detail::StateSucceeded { .. }
        | Detail::StateFailed { .. }
        | Detail::StateAborted { .. }
        | Detail::MapRunSucceeded
        | Detail::MapRunAborted => return None,
        Detail::Iteration { phase, name, index } => {
            let key = match phase {
                Phase::Started => "mapIterationStartedEventDetails",
                Phase::Succeeded => "mapIterationSucceededEventDetails",
                Phase::Failed => "mapIterationFailedEventDetails",
                Phase::Aborted => "mapIterationAbortedEventDetails",
            };
            let details = new
                .text("name", name)
                .number("index", Some(i64::from(*index)));
            (key, details)
        }
        Detail::MapRunStarted { arn } => ("mapRunStartedEventDetails", new.text("mapRunArn", arn)),
        Detail::MapRunFailed { error, cause } => (
            "mapRunFailedEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::EvaluationFailed {
            state,
            location,
            error,
            cause,
        } => {
            let mut details = new
                .text("state", state)
                .text("error", error)
                .text("cause", cause);
            if let Some(location) = location {
                details = details.text("location", location);
            }
            ("evaluationFailedEventDetails", details)
        }
        Detail::TaskScheduled {
            resource_type,
            resource,
            region,
            parameters,
            timeout_seconds,
            heartbeat_seconds,
            role_arn,
        } => {
            // The field is required, so it stays there without its data.
            let shown = if include { parameters.text() } else { "" };
            let details = new
                .resource(resource_type, resource)
                .text("region", region)
                .text("parameters", shown)
                .number("timeoutInSeconds", *timeout_seconds)
                .number("heartbeatInSeconds", *heartbeat_seconds)
                .credentials(role_arn.as_ref());
            ("taskScheduledEventDetails", details)
        }
        Detail::TaskStarted {
            resource_type,
            resource,
        } => (
            "taskStartedEventDetails",
            new.resource(resource_type, resource),
        ),
        Detail::TaskSubmitted {
            resource_type,
            resource,
            output,
        } => (
            "taskSubmittedEventDetails",
            new.resource(resource_type, resource)
                .data("output", output, include),
        ),
        Detail::TaskSubmitFailed {
            resource_type,
            resource,
            error,
            cause,
        } => (
            "taskSubmitFailedEventDetails",
            new.resource(resource_type, resource)
                .failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::TaskSucceeded {
            resource_type,
            resource,
            output,
        } => (
            "taskSucceededEventDetails",
            new.resource(resource_type, resource)
                .data("output", output, include),
        ),
        Detail::TaskFailed {
            resource_type,
            resource,
            error,
            cause,
        } => (
            "taskFailedEventDetails",
            new.resource(resource_type, resource)
                .failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::TaskTimedOut {
            resource_type,
            resource,
            error,
            cause,
        } => (
            "taskTimedOutEventDetails",
            new.resource(resource_type, resource)
                .failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::LambdaFunctionScheduled {
            resource,
            input,
            timeout_seconds,
            role_arn,
        } => (
            "lambdaFunctionScheduledEventDetails",
            new.text("resource", resource)
                .data("input", input, include)
                .number("timeoutInSeconds", *timeout_seconds)
                .credentials(role_arn.as_ref()),
        ),
        Detail::LambdaFunctionStarted => return None,
        Detail::LambdaFunctionSucceeded { output } => (
            "lambdaFunctionSucceededEventDetails",
            new.data("output", output, include),
        ),
        Detail::LambdaFunctionFailed { error, cause } => (
            "lambdaFunctionFailedEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::LambdaFunctionTimedOut { error, cause } => (
            "lambdaFunctionTimedOutEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::ActivityScheduled {
            resource,
            input,
            timeout_seconds,
            heartbeat_seconds,
        } => (
            "activityScheduledEventDetails",
            new.text("resource", resource)
                .data("input", input, include)
                .number("timeoutInSeconds", *timeout_seconds)
                .number("heartbeatInSeconds", *heartbeat_seconds),
        ),
        Detail::ActivityStarted { worker_name } => (
            "activityStartedEventDetails",
            match worker_name {
                Some(name) => new.text("workerName", name),
                None => new,
            },
        ),
        Detail::ActivitySucceeded { output } => (
            "activitySucceededEventDetails",
            new.data("output", output, include),
        ),
        Detail::ActivityFailed { error, cause } => (
            "activityFailedEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
        Detail::ActivityTimedOut { error, cause } => (
            "activityTimedOutEventDetails",
            new.failure(error.as_ref(), cause.as_ref()),
        ),
    })
}

//! The events of a task: which of AWS's families they belong to depends on what the state calls.

use crate::execution::event::Detail;
use crate::model::resource::{Action, Resource};
use rampmeter_expression::Payload;

/// What is known about an attempt before it begins.
pub(super) struct Scheduled<'a> {
    pub(super) parameters: Payload,
    pub(super) region: &'a str,
    pub(super) timeout: Option<u64>,
    pub(super) heartbeat: Option<u64>,
    pub(super) role_arn: Option<String>,
}

impl Scheduled<'_> {
    /// The event that identifies the attempt; its task token is derived from it.
    pub(super) fn detail(self, resource: &Resource) -> Detail {
        let seconds = |seconds: Option<u64>| seconds.and_then(|number| i64::try_from(number).ok());
        match resource {
            Resource::Function(arn) => Detail::LambdaFunctionScheduled {
                resource: arn.clone(),
                input: self.parameters,
                timeout_seconds: seconds(self.timeout),
                role_arn: self.role_arn,
            },
            Resource::Activity(arn) => Detail::ActivityScheduled {
                resource: arn.clone(),
                input: self.parameters,
                timeout_seconds: seconds(self.timeout),
                heartbeat_seconds: seconds(self.heartbeat),
            },
            other => {
                let (resource_type, resource) = names(other);
                Detail::TaskScheduled {
                    resource_type,
                    resource,
                    region: self.region.to_owned(),
                    parameters: self.parameters,
                    timeout_seconds: seconds(self.timeout),
                    heartbeat_seconds: seconds(self.heartbeat),
                    role_arn: self.role_arn,
                }
            }
        }
    }
}

pub(super) fn started(resource: &Resource) -> Detail {
    if matches!(resource, Resource::Function(_)) {
        return Detail::LambdaFunctionStarted;
    }
    let (resource_type, resource) = names(resource);
    Detail::TaskStarted {
        resource_type,
        resource,
    }
}

/// Only a task that goes on waiting after its submission has this event.
pub(super) fn submitted(resource: &Resource, output: Payload) -> Detail {
    let (resource_type, resource) = names(resource);
    Detail::TaskSubmitted {
        resource_type,
        resource,
        output,
    }
}

pub(super) fn submit_failed(
    resource: &Resource,
    error: Option<String>,
    cause: Option<String>,
) -> Detail {
    let (resource_type, resource) = names(resource);
    Detail::TaskSubmitFailed {
        resource_type,
        resource,
        error,
        cause,
    }
}

pub(super) fn succeeded(resource: &Resource, output: Payload) -> Detail {
    match resource {
        Resource::Function(_) => return Detail::LambdaFunctionSucceeded { output },
        Resource::Activity(_) => return Detail::ActivitySucceeded { output },
        _ => {}
    }
    let (resource_type, resource) = names(resource);
    Detail::TaskSucceeded {
        resource_type,
        resource,
        output,
    }
}

pub(super) fn failed(resource: &Resource, error: Option<String>, cause: Option<String>) -> Detail {
    match resource {
        Resource::Function(_) => return Detail::LambdaFunctionFailed { error, cause },
        Resource::Activity(_) => return Detail::ActivityFailed { error, cause },
        _ => {}
    }
    let (resource_type, resource) = names(resource);
    Detail::TaskFailed {
        resource_type,
        resource,
        error,
        cause,
    }
}

pub(super) fn timed_out(resource: &Resource, error: Option<String>) -> Detail {
    let cause = None;
    match resource {
        Resource::Function(_) => return Detail::LambdaFunctionTimedOut { error, cause },
        Resource::Activity(_) => return Detail::ActivityTimedOut { error, cause },
        _ => {}
    }
    let (resource_type, resource) = names(resource);
    Detail::TaskTimedOut {
        resource_type,
        resource,
        error,
        cause,
    }
}

/// `resourceType` and `resource` of the events of a service's action.
fn names(resource: &Resource) -> (String, String) {
    match resource {
        Resource::Action(action) => (action.service.clone(), Action::resource(action)),
        Resource::Function(arn) | Resource::Activity(arn) | Resource::Unserved(arn) => {
            (String::new(), arn.clone())
        }
    }
}

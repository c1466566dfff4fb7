//! What the writer knows of the requests that are made outside the store: which are under way, and what may be called.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_asl::{Action, Detail, Event, Payload, Resource};
use rampmeter_caller::FunctionCaller;
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::id::StepId;
use rampmeter_store::model::invocation::{InvocationKey, TaskError};
use tokio::sync::oneshot;

use crate::{FunctionRequest, Request, SdkRequest};

/// Requests that are under way at once; more wait in the store.
pub const MAX_IN_FLIGHT: usize = 256;

/// Before the oldest of them.
const BEFORE_ALL: InvocationKey = InvocationKey {
    step: StepId(0),
    event: 0,
};

/// What the writer knows of requests that are made outside the store.
#[derive(Debug)]
pub struct Invocations {
    /// Dropping an entry gives the request up.
    pub in_flight: BTreeMap<InvocationKey, oneshot::Sender<()>>,
    /// The newest that was started.
    pub after: InvocationKey,
    /// Whether there may be more to start.
    pub waiting: bool,
    functions: BTreeMap<String, Arc<FunctionCaller>>,
}

impl Invocations {
    /// Everything in the store is to be started.
    pub fn new(functions: BTreeMap<String, Arc<FunctionCaller>>) -> Invocations {
        Invocations {
            in_flight: BTreeMap::new(),
            after: BEFORE_ALL,
            waiting: true,
            functions,
        }
    }

    /// What is in the store is looked at from the start.
    pub fn look_again(&mut self) {
        self.after = BEFORE_ALL;
        self.waiting = true;
    }

    /// The request that a task makes.
    pub fn request(
        &self,
        resource: &Resource,
        parameters: &Payload,
        place: &ArnScope,
    ) -> Result<Request, TaskError> {
        match resource {
            Resource::Function(arn) => {
                FunctionRequest::by_arn(arn, parameters, &self.functions, place)
                    .map(Request::Function)
            }
            Resource::Action(action) if action.service == "lambda" => {
                FunctionRequest::by_parameters(parameters, &self.functions, place)
                    .map(Request::Function)
            }
            Resource::Action(action) => {
                SdkRequest::new(action, parameters.value()).map(Request::Sdk)
            }
            Resource::Activity(arn) | Resource::Unserved(arn) => Err(TaskError::new(
                "States.Runtime",
                format!("This host does not run the resource '{arn}'"),
            )),
        }
    }

    /// The request that a stored event asks for.
    pub fn stored_request(
        &self,
        event: &Event,
        place: &ArnScope,
    ) -> Option<Result<Request, TaskError>> {
        match &event.detail {
            Detail::LambdaFunctionScheduled {
                resource, input, ..
            } => Some(self.request(&Resource::Function(resource.clone()), input, place)),
            Detail::TaskScheduled {
                resource_type,
                resource,
                parameters,
                ..
            } => {
                let action = Action::parse(&format!("{resource_type}:{resource}"))?;
                Some(self.request(&Resource::Action(action), parameters, place))
            }
            _ => None,
        }
    }
}

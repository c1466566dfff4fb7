//! What the writer knows about the requests that are made outside the store: which are in progress, and what may be
//! called.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_asl::{Action, Detail, Event, Payload, Resource};
use rampmeter_caller::FunctionCaller;
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::id::StepId;
use rampmeter_store::model::invocation::{InvocationKey, TaskError};
use tokio::sync::oneshot;

use crate::{FunctionRequest, Request, SdkRequest};

/// The maximum of requests in progress at once; more wait in the store.
pub const MAX_IN_FLIGHT: usize = 256;

/// A key before the oldest of them.
const BEFORE_ALL: InvocationKey = InvocationKey {
    step: StepId(0),
    event: 0,
};

/// What the writer knows about requests that are made outside the store.
#[derive(Debug)]
pub struct Invocations {
    /// Dropping an entry abandons the request.
    pub in_flight: BTreeMap<InvocationKey, oneshot::Sender<()>>,
    /// The newest that was started.
    pub after: InvocationKey,
    /// Whether there may be more to start.
    pub waiting: bool,
    functions: BTreeMap<String, Arc<FunctionCaller>>,
}

impl Invocations {
    /// Makes the state in which everything in the store is still to be started.
    pub fn new(functions: BTreeMap<String, Arc<FunctionCaller>>) -> Invocations {
        Invocations {
            in_flight: BTreeMap::new(),
            after: BEFORE_ALL,
            waiting: true,
            functions,
        }
    }

    /// Makes the next look at the store begin with its oldest request.
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

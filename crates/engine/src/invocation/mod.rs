//! Requests of Task states that are made outside the store: functions of Lambda, and operations of this server that a
//! workflow calls as `aws-sdk`. Each is a row until its answer is applied, so it is made at least once, as on AWS; what
//! is here makes it after the commit and says what came of it. When one may start is in `apply/service/invocation.rs`.

mod function;
mod sdk;

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_asl::{Action, Detail, Event, EventId, Payload, Resource};
use rampmeter_caller::FunctionCaller;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::arn::Place;
use crate::engine::Engine;
use crate::id::{ExecutionId, StepId};

pub(crate) use function::FunctionRequest;
pub use sdk::{Sdk, SdkAnswer, SdkError, SdkRequest, SdkService};

/// Requests that are under way at once; more wait in the store.
pub(crate) const MOST_IN_FLIGHT: usize = 256;

/// The error of a task, with the name and the text that Step Functions gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskError {
    pub(crate) error: String,
    pub(crate) cause: String,
}

impl TaskError {
    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> TaskError {
        TaskError {
            error: error.into(),
            cause: cause.into(),
        }
    }

    /// A request that an optimised integration refused: `StepFunctions` or the like before the exception's name,
    /// and the text of the SDK that Step Functions calls with.
    pub(crate) fn refused(prefix: &str, service: &str, name: &str, message: &str) -> TaskError {
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

/// Which request: that of the task whose scheduled event is `event`, submitted by `step`. Older ones are smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InvocationKey {
    pub(crate) step: StepId,
    pub(crate) event: EventId,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Invoked {
    /// The answer of the service.
    Done(Value),
    /// The service did not take the request.
    Refused(TaskError),
    /// The service took the request, and what it asked for failed.
    Failed(TaskError),
}

/// What to ask for.
#[derive(Debug)]
pub(crate) enum Request {
    Function(FunctionRequest),
    Sdk(SdkRequest),
}

/// One request on its way out. It is given up when `abandoned` ends.
#[derive(Debug)]
pub(crate) struct OutgoingInvocation {
    pub(crate) key: InvocationKey,
    pub(crate) execution: ExecutionId,
    pub(crate) request: Request,
    pub(crate) abandoned: oneshot::Receiver<()>,
}

/// What the writer knows of requests that are made outside the store.
#[derive(Debug)]
pub(crate) struct Invocations {
    /// Dropping an entry gives the request up.
    pub(crate) in_flight: BTreeMap<InvocationKey, oneshot::Sender<()>>,
    /// The newest that was started.
    pub(crate) after: InvocationKey,
    /// Whether there may be more to start.
    pub(crate) waiting: bool,
    functions: BTreeMap<String, Arc<FunctionCaller>>,
}

impl Invocations {
    /// Everything in the store is to be started.
    pub(crate) fn new(functions: BTreeMap<String, Arc<FunctionCaller>>) -> Invocations {
        Invocations {
            in_flight: BTreeMap::new(),
            after: InvocationKey {
                step: StepId(0),
                event: 0,
            },
            waiting: true,
            functions,
        }
    }

    /// The request that a task makes.
    pub(crate) fn request(
        &self,
        resource: &Resource,
        parameters: &Payload,
        place: &Place,
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
    pub(crate) fn stored_request(
        &self,
        event: &Event,
        place: &Place,
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

impl Request {
    /// Makes the request. `engine` is what an operation of this server is asked of.
    pub(crate) async fn perform(
        self,
        engine: Option<Engine>,
        sdk: Option<Arc<dyn Sdk>>,
    ) -> Invoked {
        match self {
            Request::Function(request) => request.perform().await,
            Request::Sdk(request) => request.perform(engine, sdk).await,
        }
    }
}

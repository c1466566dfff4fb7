//! Requests of Task states that are made outside the store: Lambda functions, and operations of this server that a
//! workflow calls as `aws-sdk`. Each is a row until its result is applied, so it is made at least once, as on AWS; this
//! crate makes it after the commit and reports the result. When one may start is decided by the crate `engine`.

mod function;
mod in_flight;
mod sdk;

use std::sync::Arc;

use rampmeter_store::model::id::ExecutionId;
use rampmeter_store::model::invocation::{InvocationKey, Invoked};
use tokio::sync::oneshot;

pub use function::FunctionRequest;
pub use in_flight::{Invocations, MAX_IN_FLIGHT};
pub use sdk::SdkOperations;
pub use sdk::{SdkAnswer, SdkError, SdkRequest, SdkService};

/// What to invoke.
#[derive(Debug)]
pub enum Request {
    /// A function's stand-in.
    Function(FunctionRequest),
    /// An operation of this server.
    Sdk(SdkRequest),
}

/// One request on its way out. It is abandoned when `abandoned` ends.
#[derive(Debug)]
pub struct OutgoingInvocation {
    /// Its row.
    pub key: InvocationKey,
    /// The execution whose task waits for it.
    pub execution: ExecutionId,
    /// The request itself.
    pub request: Request,
    /// Ends when nobody waits for it any more.
    pub abandoned: oneshot::Receiver<()>,
}

impl Request {
    /// Makes the request. `operations` carries out operations of this server.
    pub async fn perform(self, operations: Option<Arc<dyn SdkOperations>>) -> Invoked {
        match self {
            Request::Function(request) => request.perform().await,
            Request::Sdk(request) => request.perform(operations).await,
        }
    }
}

//! Requests of Task states that are made outside the store: functions of Lambda, and operations of this server that a
//! workflow calls as `aws-sdk`. Each is a row until its answer is applied, so it is made at least once, as on AWS; what
//! is here makes it after the commit and says what came of it. When one may start is decided by the crate `engine`.

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

/// What to ask for.
#[derive(Debug)]
pub enum Request {
    /// Of a function's stand-in.
    Function(FunctionRequest),
    /// Of an operation of this server.
    Sdk(SdkRequest),
}

/// One request on its way out. It is given up when `abandoned` ends.
#[derive(Debug)]
pub struct OutgoingInvocation {
    /// Its row.
    pub key: InvocationKey,
    /// Whose task waits for it.
    pub execution: ExecutionId,
    /// What is asked.
    pub request: Request,
    /// Ends when nobody waits for it any more.
    pub abandoned: oneshot::Receiver<()>,
}

impl Request {
    /// Makes the request. `operations` is what an operation of this server is asked of.
    pub async fn perform(self, operations: Option<Arc<dyn SdkOperations>>) -> Invoked {
        match self {
            Request::Function(request) => request.perform().await,
            Request::Sdk(request) => request.perform(operations).await,
        }
    }
}

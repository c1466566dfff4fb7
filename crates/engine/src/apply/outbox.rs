//! What a transaction wants done once it is on disk: responses to clients, calls to vendors, executions to go on with.
//! Nothing in here happens before the commit; if the commit fails, it never happens.

use std::sync::Arc;

use rampmeter_asl::Selector;
use rampmeter_call::{Request, job::FollowUp};
use rampmeter_caller::{Attempt, Caller};
use rampmeter_dispatch::PermitId;
use rampmeter_evaluation::Evaluation;
use rampmeter_store::model::execution::SyncExecution;
use rampmeter_store::model::figures::EndedExecution;
use rampmeter_store::model::id::{ExecutionId, TargetId};
use rampmeter_store::model::rejected::Rejected;

use crate::command::Reply;
use rampmeter_invocation::OutgoingInvocation;

/// One call that has its permit.
#[derive(Debug)]
pub(crate) struct OutgoingCall {
    pub(crate) target: TargetId,
    pub(crate) permit: PermitId,
    pub(crate) caller: Arc<Caller>,
    pub(crate) request: Request,
    pub(crate) attempt: Attempt,
    /// Set when it is a poll of a job that the vendor has accepted.
    pub(crate) poll: Option<Box<FollowUp>>,
    /// The part of a successful answer's body that is passed on.
    pub(crate) selector: Option<Arc<Selector>>,
}

/// An execution that goes on once something has been evaluated for it.
#[derive(Debug)]
pub(crate) struct Suspension {
    pub(crate) execution: ExecutionId,
    /// What is to be evaluated; `None` while it waits for room, or for its turn.
    pub(crate) evaluation: Option<Evaluation>,
}

/// The effects of one transaction.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) replies: Vec<Box<dyn FnOnce() + Send>>,
    pub(crate) calls: Vec<OutgoingCall>,
    pub(crate) invocations: Vec<OutgoingInvocation>,
    pub(crate) continuing: Vec<ExecutionId>,
    pub(crate) suspended: Vec<Suspension>,
    /// What is evaluated beside the writer, with its number.
    pub(crate) evaluations: Vec<(ExecutionId, u64, Evaluation)>,
    /// Ended executions for which a client may be waiting.
    pub(crate) ended: Vec<(ExecutionId, SyncExecution)>,
    /// Ended executions, to be counted and logged.
    pub(crate) ends: Vec<EndedExecution>,
    /// Bodies that nothing refers to any more, by the permits that name their files.
    pub(crate) unkept: Vec<PermitId>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Outbox")
            .field("replies", &self.replies.len())
            .field("calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// Answers a client after the commit. A client that has gone is no error.
    pub(crate) fn reply<T: Send + 'static>(&mut self, to: Reply<T>, answer: Result<T, Rejected>) {
        self.replies.push(Box::new(move || drop(to.send(answer))));
    }
}

//! What a transaction wants done once it is on disk: answers to clients, calls to vendors, executions to go on with.
//! Nothing in here has happened before the commit; if the commit fails, nothing of it ever does.

use std::sync::Arc;

use rampmeter_caller::{Caller, Outcome, Request};
use rampmeter_dispatch::PermitId;

use crate::command::{Command, Reply};
use crate::id::{ExecutionId, TargetId};
use crate::rejected::Rejected;

/// One call that has its permit.
#[derive(Debug)]
pub(crate) struct OutgoingCall {
    pub(crate) target: TargetId,
    pub(crate) permit: PermitId,
    pub(crate) caller: Arc<Caller>,
    pub(crate) request: Request,
}

/// The effects of one transaction.
#[derive(Default)]
pub(crate) struct Outbox {
    replies: Vec<Box<dyn FnOnce() + Send>>,
    pub(crate) calls: Vec<OutgoingCall>,
    pub(crate) continuing: Vec<ExecutionId>,
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

    /// Performs the effects; returns the commands for the writer's next transaction.
    pub(crate) fn perform(self, send: &SendOff) -> Vec<Command> {
        for reply in self.replies {
            reply();
        }
        for call in self.calls {
            send.call(call);
        }
        self.continuing.into_iter().map(Command::Continue).collect()
    }
}

/// Makes calls on the runtime and hands their outcomes to the writer.
#[derive(Debug, Clone)]
pub(crate) struct SendOff {
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) answers: tokio::sync::mpsc::WeakSender<Command>,
}

impl SendOff {
    fn call(&self, call: OutgoingCall) {
        let answers = self.answers.clone();
        self.runtime.spawn(async move {
            let OutgoingCall {
                target,
                permit,
                caller,
                request,
            } = call;
            let made = tokio::spawn(async move { caller.call(&request).await });
            // A fault of ours in making the call says nothing of what the vendor did.
            let outcome = made.await.unwrap_or_else(|fault| Outcome::Unknown {
                reason: format!("the call ended by a fault of its own: {fault}"),
            });
            let answered = Command::Answered {
                target,
                permit,
                outcome,
            };
            // No writer any more: the call keeps its place, and the next start takes it up as unknown.
            if let Some(answers) = answers.upgrade() {
                drop(answers.send(answered).await);
            }
        });
    }
}

//! What a transaction wants done once it is on disk: answers to clients, calls to vendors, executions to go on with.
//! Nothing in here has happened before the commit; if the commit fails, nothing of it ever does.

use std::path::PathBuf;
use std::sync::Arc;

use rampmeter_asl::Selector;
use rampmeter_caller::follow_up::FollowUp;
use rampmeter_caller::{Attempt, Caller, Outcome, Request};
use rampmeter_dispatch::PermitId;

use crate::command::{Command, Reply};
use crate::engine::{Engine, Stopped};
use crate::id::{ExecutionId, TargetId};
use crate::invocation::{OutgoingInvocation, Sdk};
use crate::query::Reader;
use crate::rejected::Rejected;
use crate::selection::select;

/// One call that has its permit.
#[derive(Debug)]
pub(crate) struct OutgoingCall {
    pub(crate) target: TargetId,
    pub(crate) permit: PermitId,
    pub(crate) caller: Arc<Caller>,
    pub(crate) request: Request,
    pub(crate) attempt: Attempt,
    /// Set when it is a look at the job of a call that the vendor has accepted.
    pub(crate) look: Option<Box<FollowUp>>,
    /// The part of a successful answer's body that is given on.
    pub(crate) selector: Option<Arc<Selector>>,
}

/// The effects of one transaction.
#[derive(Default)]
pub(crate) struct Outbox {
    replies: Vec<Box<dyn FnOnce() + Send>>,
    pub(crate) calls: Vec<OutgoingCall>,
    pub(crate) invocations: Vec<OutgoingInvocation>,
    pub(crate) continuing: Vec<ExecutionId>,
    /// Bodies that nothing refers to any more, by the permits they are called after.
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

    /// Performs the effects; returns the commands for the writer's next transaction.
    pub(crate) fn perform(self, send: &SendOff) -> Vec<Command> {
        for reply in self.replies {
            reply();
        }
        for call in self.calls {
            send.call(call);
        }
        for invocation in self.invocations {
            send.invoke(invocation);
        }
        for id in self.unkept {
            let path = send.blobs.join(id.to_string());
            if let Err(why) = std::fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %why, "a body that nothing refers to stays behind");
            }
        }
        self.continuing.into_iter().map(Command::Continue).collect()
    }
}

/// Makes calls on the runtime and hands their outcomes to the writer.
#[derive(Debug, Clone)]
pub(crate) struct SendOff {
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) answers: tokio::sync::mpsc::WeakSender<Command>,
    pub(crate) reader: Arc<Reader>,
    pub(crate) stopped: tokio::sync::watch::Receiver<Option<Stopped>>,
    pub(crate) sdk: Option<Arc<dyn Sdk>>,
    /// Where the bodies of answers lie that are too long for the store.
    pub(crate) blobs: PathBuf,
}

impl SendOff {
    /// Makes a request outside the store, until it has its answer or is given up.
    fn invoke(&self, invocation: OutgoingInvocation) {
        let send = self.clone();
        self.runtime.spawn(async move {
            let OutgoingInvocation {
                key,
                execution,
                request,
                abandoned,
            } = invocation;
            let sdk = send.sdk.clone();
            let made = request.perform(send.engine(), sdk);
            let invoked = tokio::select! {
                _ = abandoned => return,
                invoked = made => invoked,
            };
            let answered = Command::Invoked {
                key,
                execution,
                invoked,
            };
            // No writer any more: the next start makes the request again.
            if let Some(answers) = send.answers.upgrade() {
                drop(answers.send(answered).await);
            }
        });
    }

    /// The engine, unless everybody has let go of it. Not kept, for whoever keeps it keeps the writer running.
    fn engine(&self) -> Option<Engine> {
        let commands = self.answers.upgrade()?;
        let reader = Arc::clone(&self.reader);
        Some(Engine::of_parts(commands, reader, self.stopped.clone()))
    }

    fn call(&self, call: OutgoingCall) {
        let answers = self.answers.clone();
        let place = self.blobs.join(call.permit.to_string());
        self.runtime.spawn(async move {
            let OutgoingCall {
                target,
                permit,
                caller,
                request,
                attempt,
                look,
                selector,
            } = call;
            let made = tokio::spawn(async move {
                let outcome = caller.attempt_storing(&request, &attempt, &place).await;
                match selector {
                    None => outcome,
                    Some(selector) => {
                        let selecting = tokio::task::spawn_blocking(move || {
                            select(caller.profile(), look.as_deref(), &selector, outcome)
                        });
                        selecting.await.expect("selecting ends")
                    }
                }
            });
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

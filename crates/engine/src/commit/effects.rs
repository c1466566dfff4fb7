//! Performs what a transaction wanted done, once it is on disk: answers clients, makes calls and requests on the runtime and
//! hands their outcomes to the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use rampmeter_call::Outcome;
use rampmeter_evaluation::{Attempt, Evaluation, Workers, select};
use rampmeter_store::model::id::ExecutionId;

use crate::apply::outbox::{Outbox, OutgoingCall};
use crate::command::Command;
use rampmeter_invocation::{OutgoingInvocation, SdkOperations};

/// Makes calls on the runtime and hands their outcomes to the writer.
#[derive(Debug, Clone)]
pub(crate) struct EffectRunner {
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) answers: tokio::sync::mpsc::WeakSender<Command>,
    pub(crate) sdk: Option<Arc<dyn SdkOperations>>,
    /// Threads that evaluate what would hold the writer up.
    pub(crate) workers: Arc<Workers>,
    /// Where the bodies of answers that are too long for the store lie.
    pub(crate) blobs: PathBuf,
}

impl EffectRunner {
    /// Performs the effects; returns the commands for the writer's next transaction.
    pub(crate) fn perform(&self, outbox: Outbox) -> Vec<Command> {
        for reply in outbox.replies {
            reply();
        }
        for call in outbox.calls {
            self.call(call);
        }
        for invocation in outbox.invocations {
            self.invoke(invocation);
        }
        for (execution, number, evaluation) in outbox.evaluations {
            self.evaluate(execution, number, evaluation);
        }
        for id in outbox.unkept {
            let path = self.blobs.join(id.to_string());
            if let Err(why) = std::fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %why, "a body that nothing refers to stays behind");
            }
        }
        outbox
            .continuing
            .into_iter()
            .map(Command::Continue)
            .collect()
    }

    /// Evaluates beside the writer, with as much work as it takes within a state's bounds.
    fn evaluate(&self, execution: ExecutionId, number: u64, evaluation: Evaluation) {
        let answers = self.answers.clone();
        self.workers.submit(Box::new(move |reach| {
            let made = catch_unwind(AssertUnwindSafe(|| evaluation.evaluate(reach)));
            let evaluated = match made {
                Ok(None) => return Attempt::TakesMore,
                Ok(evaluated) => evaluated,
                // The panic has written its message to standard error.
                Err(_) => None,
            };
            // The writer has ended: the next start evaluates again.
            if let Some(answers) = answers.upgrade() {
                drop(answers.blocking_send(Command::Evaluated {
                    execution,
                    number,
                    evaluated,
                }));
            }
            Attempt::Done
        }));
    }

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
            let made = request.perform(sdk);
            let invoked = tokio::select! {
                _ = abandoned => return,
                invoked = made => invoked,
            };
            let answered = Command::Invoked {
                key,
                execution,
                invoked,
            };
            // The writer has ended: the next start makes the request again.
            if let Some(answers) = send.answers.upgrade() {
                drop(answers.send(answered).await);
            }
        });
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
                poll,
                selector,
            } = call;
            let made = tokio::spawn(async move {
                let outcome = caller.attempt_storing(&request, &attempt, &place).await;
                match selector {
                    None => outcome,
                    Some(selector) => {
                        let selecting = tokio::task::spawn_blocking(move || {
                            let endpoint = request.endpoint.as_deref();
                            let (profile, poll) = (caller.profile(), poll.as_deref());
                            select(profile, endpoint, poll, &selector, outcome)
                        });
                        selecting.await.expect("selecting ends")
                    }
                }
            });
            // Our own panic while making the call says nothing about what the vendor did.
            let outcome = made.await.unwrap_or_else(|fault| Outcome::Unknown {
                reason: format!("the call ended by a fault of its own: {fault}"),
                gateway: None,
            });
            let answered = Command::Answered {
                target,
                permit,
                outcome,
            };
            // The writer has ended: the call keeps its slots, and the next start takes it up as unknown.
            if let Some(answers) = answers.upgrade() {
                drop(answers.send(answered).await);
            }
        });
    }
}

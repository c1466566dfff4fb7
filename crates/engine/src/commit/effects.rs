//! Performs what a transaction wanted done, once it is on disk: answers clients, makes calls and requests on the runtime and
//! hands their outcomes to the writer.

use std::path::PathBuf;
use std::sync::Arc;

use rampmeter_call::Outcome;

use crate::apply::outbox::{Outbox, OutgoingCall};
use crate::command::Command;
use crate::commit::selection::select;
use rampmeter_invocation::{OutgoingInvocation, SdkOperations};

/// Makes calls on the runtime and hands their outcomes to the writer.
#[derive(Debug, Clone)]
pub(crate) struct EffectRunner {
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) answers: tokio::sync::mpsc::WeakSender<Command>,
    pub(crate) sdk: Option<Arc<dyn SdkOperations>>,
    /// Where the bodies of answers lie that are too long for the store.
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
            // No writer any more: the next start makes the request again.
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
                look,
                selector,
            } = call;
            let made = tokio::spawn(async move {
                let outcome = caller.attempt_storing(&request, &attempt, &place).await;
                match selector {
                    None => outcome,
                    Some(selector) => {
                        let selecting = tokio::task::spawn_blocking(move || {
                            let endpoint = request.endpoint.as_deref();
                            let (profile, look) = (caller.profile(), look.as_deref());
                            select(profile, endpoint, look, &selector, outcome)
                        });
                        selecting.await.expect("selecting ends")
                    }
                }
            });
            // A fault of ours in making the call says nothing of what the vendor did.
            let outcome = made.await.unwrap_or_else(|fault| Outcome::Unknown {
                reason: format!("the call ended by a fault of its own: {fault}"),
                gateway: None,
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

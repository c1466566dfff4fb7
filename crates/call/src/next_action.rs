//! What follows from the outcome of a call by the rules of its target: it is over, it failed, or it is attempted
//! again after a while. This is the one place that says so; engine, worker on AWS and simulator do what it says. What an answer means is
//! said by `caller`; what becomes of permits, messages and tasks is the hosts' business. Jobs are in `job_action`.

use std::time::Duration;

use crate::answer::Answer;
use crate::failed::{
    Failed, INVALID_MESSAGE, OUTCOME_UNKNOWN, UNAVAILABLE, UNDELIVERABLE, status_error,
};
use crate::job::Polling;
use crate::on_unknown::OnUnknown;
use crate::outcome::{Outcome, Repeatable, Throttle};
use crate::retry::Retry;

/// Crashes of a host with one call in flight, after which it is taken for their cause. Calls that were in flight by chance
/// share in a crash, so one crash, or a few, say nothing of a call.
const MAX_CRASHES: u32 = 10;

/// What follows from the outcome of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum NextAction {
    /// The vendor did it, and this is its answer.
    Done(Answer),
    /// It failed, and is not attempted again.
    Failed(Failed),
    /// It is attempted again, under the same idempotency key.
    Again {
        /// After so long.
        after: Duration,
        /// Attempts that are used up by then.
        attempts: u32,
        /// Nobody knows whether the vendor did it.
        unknown: bool,
    },
}

/// A call whose attempt has ended, and what its target says about calls that go wrong.
#[derive(Clone, Copy, Debug)]
pub struct CallRules {
    /// How transport failures are repeated.
    pub retry: Retry,
    /// What happens to a call whose answer was lost.
    pub on_unknown: OnUnknown,
    /// How often a job is polled.
    pub polling: Polling,
    /// Attempts that were used up before this one.
    pub attempts: u32,
    /// Any random number: it spreads the waits.
    pub random: u64,
}

impl CallRules {
    /// What follows from an outcome. Whether it tells of a job is asked before (`caller`'s `Profile::job_of`).
    #[must_use]
    pub fn after(&self, outcome: Outcome) -> NextAction {
        match outcome {
            Outcome::Success(answer) => NextAction::Done(answer),
            Outcome::Final {
                answer,
                vendor_code,
            } => NextAction::Failed(Failed {
                error: status_error(answer.status),
                answer: Some(answer),
                vendor_code,
                reason: None,
                attempts: self.attempts + 1,
            }),
            // A throttled call uses up no attempt. Where a window refused it, the whole target is closed for a time and
            // the call keeps its turn; where too many were in flight, the call itself waits a little.
            Outcome::Throttled { kind, .. } => self.again(match kind {
                Throttle::Window => Duration::ZERO,
                Throttle::Concurrency => self.retry.back_off(1, self.random),
            }),
            // Nothing of the call was sent: it keeps its turn.
            Outcome::Repeatable {
                reason: Repeatable::GotReady,
                ..
            } => self.again(Duration::ZERO),
            Outcome::Repeatable {
                reason,
                answer,
                vendor_code,
            } => {
                let at_once = reason.may_go_on_at_once();
                let maybe_done = reason == Repeatable::MaybeDone;
                let reason = match reason {
                    Repeatable::ConnectFailed(why) | Repeatable::SignInFailed(why) => Some(why),
                    _ => None,
                };
                let failed = Failed {
                    answer,
                    vendor_code,
                    ..self.failed(UNAVAILABLE, 1, reason)
                };
                match self.on_unknown {
                    OnUnknown::Fail if maybe_done => NextAction::Failed(Failed {
                        error: OUTCOME_UNKNOWN.to_owned(),
                        ..failed
                    }),
                    _ => self.repeat(failed, at_once, maybe_done),
                }
            }
            Outcome::Unknown { reason } => self.unknown(reason),
            Outcome::Unresolved { reason } => {
                NextAction::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
            Outcome::Invalid { reason } => {
                NextAction::Failed(self.failed(INVALID_MESSAGE, 0, Some(reason)))
            }
        }
    }

    /// What follows when the host has ended so many times while the call was in flight, just now among them. A crash of
    /// ours uses up no attempt of the call.
    #[must_use]
    pub fn after_crash(&self, host: &str, crashes: u32) -> NextAction {
        if crashes >= MAX_CRASHES {
            let reason = format!("the {host} ended {crashes} times while the call was in flight");
            return NextAction::Failed(self.failed(UNDELIVERABLE, 0, Some(reason)));
        }
        match self.on_unknown {
            OnUnknown::Fail => {
                let reason = format!("the {host} ended while the call was in flight");
                NextAction::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
            OnUnknown::Retry | OnUnknown::Reconcile => NextAction::Again {
                after: self.retry.back_off(1, self.random),
                attempts: self.attempts,
                unknown: true,
            },
        }
    }

    pub(crate) fn failed(&self, error: &str, used: u32, reason: Option<String>) -> Failed {
        Failed {
            error: error.to_owned(),
            answer: None,
            vendor_code: None,
            reason,
            attempts: self.attempts + used,
        }
    }

    fn again(&self, after: Duration) -> NextAction {
        NextAction::Again {
            after,
            attempts: self.attempts,
            unknown: false,
        }
    }

    /// The vendor may or may not have done it.
    fn unknown(&self, reason: String) -> NextAction {
        let used_up = self.attempts + 1 >= self.retry.max_attempts;
        let reason = Some(reason);
        match self.on_unknown {
            OnUnknown::Fail => NextAction::Failed(self.failed(OUTCOME_UNKNOWN, 0, reason)),
            // One of the attempts may have done it: nobody is told that none did.
            OnUnknown::Retry | OnUnknown::Reconcile if used_up => {
                NextAction::Failed(self.failed(OUTCOME_UNKNOWN, 1, reason))
            }
            OnUnknown::Retry | OnUnknown::Reconcile => {
                self.repeat(self.failed(UNAVAILABLE, 1, reason), false, true)
            }
        }
    }

    /// Uses up an attempt: the call is tried again, or has failed where it was the last.
    fn repeat(&self, failed: Failed, at_once: bool, unknown: bool) -> NextAction {
        let attempts = failed.attempts;
        if attempts >= self.retry.max_attempts {
            return NextAction::Failed(failed);
        }
        let after = if at_once {
            Duration::ZERO
        } else {
            self.retry.back_off(attempts, self.random)
        };
        NextAction::Again {
            after,
            attempts,
            unknown,
        }
    }
}

#[cfg(test)]
mod tests;

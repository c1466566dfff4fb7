//! What follows from the outcome of a call, and from that of a look at its job, by the rules of its target: it is over, it
//! failed, or it is tried again after a while. Pure, and the same on both hosts; what an answer means is said by
//! `caller`, and what becomes of permits, messages and tasks is the hosts' business.

use std::time::{Duration, SystemTime};

use rampmeter_caller::follow_up::{FollowUp, Look};
use rampmeter_caller::{Answer, Outcome, Repeatable, Throttle};

use crate::target::{OnUnknown, Target};

/// The message is no call.
pub const INVALID_MESSAGE: &str = "Rampmeter.InvalidMessage";
/// Attempts are used up.
pub const UNAVAILABLE: &str = "Rampmeter.Unavailable";
/// Nobody knows whether the vendor did it: the answer was lost and the target says not to repeat, or the vendor does not
/// tell what became of a job.
pub const OUTCOME_UNKNOWN: &str = "Rampmeter.OutcomeUnknown";
/// A job failed, and the vendor tells no HTTP status of it.
pub const JOB_FAILED: &str = "Rampmeter.JobFailed";
/// It could not be delivered: it came back again and again, or the host ended with it again and again.
pub const UNDELIVERABLE: &str = "Rampmeter.Undeliverable";

/// What follows from the outcome of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Consequence {
    /// The vendor did it, and this is its answer.
    Done(Answer),
    /// It failed, and is not tried again.
    Failed(Failed),
    /// It is tried again, under the same idempotency key.
    Again {
        /// After so long.
        after: Duration,
        /// Attempts that are used up by then.
        attempts: u32,
        /// Nobody knows whether the vendor did it.
        unknown: bool,
    },
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The name of the error, for the workflow.
    pub error: String,
    /// The vendor's answer, where there is one.
    pub answer: Option<Answer>,
    /// The vendor's own error code, where there is one.
    pub vendor_code: Option<String>,
    /// Why, in words, where the answer does not say it.
    pub reason: Option<String>,
    /// Attempts that are used up.
    pub attempts: u32,
}

/// What follows from a look at a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Looked {
    /// The job is done, and this is the answer of the call.
    Done(Answer),
    /// It failed, or nobody knows what became of it.
    Failed(Failed),
    /// It is looked at again.
    Again {
        /// Where.
        follow_up: FollowUp,
        /// After so long.
        after: Duration,
    },
}

/// A job that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    /// Where it was looked at.
    pub follow_up: &'a FollowUp,
    /// Looks at it, this one included.
    pub looks: u32,
    /// How long ago the vendor accepted it.
    pub age: Duration,
    /// The least pause between two looks, whatever the target says.
    pub least_pause: Duration,
}

/// A call and the rules for it.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Its target.
    pub target: &'a Target,
    /// Attempts that were used up before this one.
    pub attempts: u32,
    /// Any random number: it spreads the waits.
    pub random: u64,
}

impl Rules<'_> {
    /// What follows from an outcome. One that tells of a job is asked for that before (`Outcome::follow_up`).
    #[must_use]
    pub fn call(&self, outcome: Outcome) -> Consequence {
        match outcome {
            Outcome::Success(answer) => Consequence::Done(answer),
            Outcome::Final {
                answer,
                vendor_code,
            } => Consequence::Failed(Failed {
                error: format!("Http.StatusCode.{}", answer.status),
                answer: Some(answer),
                vendor_code,
                reason: None,
                attempts: self.attempts + 1,
            }),
            // A throttled call uses up no attempt. Where a window refused it, the whole target is closed for a time and
            // the call keeps its turn; where too many were in flight, the call itself waits a little.
            Outcome::Throttled { kind, .. } => self.again(match kind {
                Throttle::Window => Duration::ZERO,
                Throttle::Concurrency => self.target.retry.back_off(1, self.random),
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
                let reason = match reason {
                    Repeatable::ConnectFailed(why) | Repeatable::SignInFailed(why) => Some(why),
                    _ => None,
                };
                let failed = Failed {
                    answer,
                    vendor_code,
                    ..self.failed(UNAVAILABLE, 1, reason)
                };
                self.repeat(failed, at_once, false)
            }
            Outcome::Unknown { reason } => self.unknown(reason),
            Outcome::Unresolved { reason } => {
                Consequence::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
            Outcome::Invalid { reason } => {
                Consequence::Failed(self.failed(INVALID_MESSAGE, 0, Some(reason)))
            }
        }
    }

    /// What follows when the host ended while the call was in flight. A crash of ours uses up no attempt of the call.
    #[must_use]
    pub fn lost_in_flight(&self, host: &str) -> Consequence {
        match self.target.on_unknown {
            OnUnknown::Fail => {
                let reason = format!("the {host} ended while the call was in flight");
                Consequence::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
            OnUnknown::Retry | OnUnknown::Reconcile => Consequence::Again {
                after: self.target.retry.back_off(1, self.random),
                attempts: self.attempts,
                unknown: true,
            },
        }
    }

    /// What follows from the outcome of a look at a job. `now` is the wall clock: vendors name times by it.
    #[must_use]
    pub fn look(&self, watch: &Watch<'_>, outcome: Outcome, now: SystemTime) -> Looked {
        let (profile, job) = (&self.target.profile, &watch.follow_up.job);
        let given_up = watch.age >= profile.polling.give_up;
        let usual = profile.polling.pause(watch.looks).max(watch.least_pause);
        let failed = |error: &str, answer: Answer, vendor_code| {
            Looked::Failed(Failed {
                answer: Some(answer),
                vendor_code,
                ..self.failed(error, 1, Some(format!("job {job} failed")))
            })
        };
        match watch.follow_up.look(profile, outcome, now) {
            Look::Pending { .. } | Look::Next { .. } | Look::Missed(_) if given_up => {
                let reason = format!("job {job} has not ended for too long");
                Looked::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
            Look::Pending { after } => Looked::Again {
                follow_up: FollowUp {
                    misses: 0,
                    ..watch.follow_up.clone()
                },
                after: usual.max(after.unwrap_or_default()),
            },
            Look::Next { follow_up, at_once } => Looked::Again {
                follow_up,
                after: if at_once { Duration::ZERO } else { usual },
            },
            Look::Missed(outcome) => {
                let misses = watch.follow_up.misses.saturating_add(1);
                Looked::Again {
                    follow_up: FollowUp {
                        misses,
                        ..watch.follow_up.clone()
                    },
                    after: self.after_miss(&outcome, misses),
                }
            }
            Look::Done(answer) => Looked::Done(answer),
            Look::Final {
                answer,
                vendor_code,
            } => failed(
                &format!("Http.StatusCode.{}", answer.status),
                answer,
                vendor_code,
            ),
            Look::Failed {
                answer,
                vendor_code,
            } => failed(JOB_FAILED, answer, vendor_code),
            Look::Lost { reason } => Looked::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason))),
        }
    }

    /// How long to wait after a look that came to nothing.
    fn after_miss(&self, outcome: &Outcome, misses: u32) -> Duration {
        match outcome {
            // The target is closed; or the look only got ready, or has a new token now.
            Outcome::Throttled {
                kind: Throttle::Window,
                ..
            } => Duration::ZERO,
            Outcome::Repeatable { reason, .. } if reason.may_go_on_at_once() => Duration::ZERO,
            _ => self.target.retry.back_off(misses, self.random),
        }
    }

    fn failed(&self, error: &str, used: u32, reason: Option<String>) -> Failed {
        Failed {
            error: error.to_owned(),
            answer: None,
            vendor_code: None,
            reason,
            attempts: self.attempts + used,
        }
    }

    fn again(&self, after: Duration) -> Consequence {
        Consequence::Again {
            after,
            attempts: self.attempts,
            unknown: false,
        }
    }

    /// The vendor may or may not have done it.
    fn unknown(&self, reason: String) -> Consequence {
        let used_up = self.attempts + 1 >= self.target.retry.max_attempts;
        let reason = Some(reason);
        match self.target.on_unknown {
            OnUnknown::Fail => Consequence::Failed(self.failed(OUTCOME_UNKNOWN, 0, reason)),
            // Whoever wants to know what happened is not told that nothing did.
            OnUnknown::Reconcile if used_up => {
                Consequence::Failed(self.failed(OUTCOME_UNKNOWN, 1, reason))
            }
            OnUnknown::Retry | OnUnknown::Reconcile => {
                self.repeat(self.failed(UNAVAILABLE, 1, reason), false, true)
            }
        }
    }

    /// Uses up an attempt: the call is tried again, or has failed where it was the last.
    fn repeat(&self, failed: Failed, at_once: bool, unknown: bool) -> Consequence {
        let retry = &self.target.retry;
        let attempts = failed.attempts;
        if attempts >= retry.max_attempts {
            return Consequence::Failed(failed);
        }
        let after = if at_once {
            Duration::ZERO
        } else {
            retry.back_off(attempts, self.random)
        };
        Consequence::Again {
            after,
            attempts,
            unknown,
        }
    }
}

#[cfg(test)]
mod tests;

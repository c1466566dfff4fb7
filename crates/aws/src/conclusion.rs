//! What follows from the outcome of a call: what its task is told, or when it is tried again, and what becomes of its
//! permit. Pure. The names of errors and the form of causes are those of the embedded host.

use std::time::{Duration, SystemTime};

use rampmeter_caller::allowance::Unit;
use rampmeter_caller::cause::{Failure, cause};
use rampmeter_caller::{Answer, Outcome, Repeatable, Throttle, allowance};
use rampmeter_config::{OnUnknown, Target};
use rampmeter_dispatch::Throttle as GateThrottle;
use serde::{Deserialize, Serialize};

use crate::drain::Ending;

/// The message is no call.
pub(crate) const INVALID_MESSAGE: &str = "Rampmeter.InvalidMessage";
/// Attempts are used up.
const UNAVAILABLE: &str = "Rampmeter.Unavailable";
/// A job failed, and the vendor tells no HTTP status of it.
pub(crate) const JOB_FAILED: &str = "Rampmeter.JobFailed";
/// The answer was lost and the target says not to repeat; or the vendor does not tell what became of a job.
pub(crate) const OUTCOME_UNKNOWN: &str = "Rampmeter.OutcomeUnknown";
/// Received again and again, and never concluded.
pub(crate) const UNDELIVERABLE: &str = "Rampmeter.Undeliverable";
/// AWS's own, for an output that is too large.
const DATA_LIMIT: &str = "States.DataLimitExceeded";
/// The longest output of a task, in bytes.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>
const LONGEST_OUTPUT: usize = 262_144;

/// The longest time for which a header alone closes a target: a vendor that means longer will say so again.
const LONGEST_BY_HEADER: Duration = Duration::from_secs(60 * 60);

/// What a task is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Told {
    Success {
        /// JSON.
        output: String,
    },
    Failure {
        error: String,
        cause: String,
    },
}

impl Told {
    /// A failure without an answer.
    pub(crate) fn failure(error: &str, reason: &str, attempts: u32) -> Told {
        Told::of_failure(error, None, None, Some(reason), attempts)
    }

    /// A failure with what is known of it.
    pub(crate) fn of_failure(
        error: &str,
        answer: Option<&Answer>,
        vendor_code: Option<&str>,
        reason: Option<&str>,
        attempts: u32,
    ) -> Told {
        let failure = Failure {
            answer,
            vendor_code,
            reason,
            attempts,
        };
        Told::Failure {
            error: error.to_owned(),
            cause: cause(&failure),
        }
    }
}

/// What follows from an outcome.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Conclusion {
    /// The call is over.
    Over(Told),
    /// It is tried again after a wait, with so many attempts used up.
    Again {
        after: Duration,
        attempts: u32,
        /// Nobody knows whether the vendor did it.
        unknown: bool,
    },
}

/// What follows from an outcome after so many attempts, and what becomes of the permit. `random` is any random number.
pub(crate) fn conclude(
    outcome: Outcome,
    target: &Target,
    attempts: u32,
    random: u64,
) -> (Ending, Conclusion) {
    let call = Call {
        target,
        attempts,
        random,
    };
    let answered = answered(&outcome);
    match outcome {
        Outcome::Success(answer) => (answered, Conclusion::Over(success(&answer))),
        Outcome::Final {
            answer,
            vendor_code,
        } => {
            let error = format!("Http.StatusCode.{}", answer.status);
            let told = call.failed(&error, 1, Some(&answer), vendor_code.as_deref(), None);
            (answered, told)
        }
        Outcome::Throttled {
            kind, retry_after, ..
        } => {
            let (kind, after) = match kind {
                Throttle::Concurrency => {
                    (GateThrottle::Concurrency, target.retry.back_off(1, random))
                }
                // The whole target is closed for a time; the call keeps its turn.
                Throttle::Window => (GateThrottle::Window { retry_after }, Duration::ZERO),
            };
            (Ending::Refused(kind), call.again(after))
        }
        Outcome::Repeatable {
            reason: Repeatable::GotReady,
            ..
        } => (answered, call.again(Duration::ZERO)),
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
            let code = vendor_code.as_deref();
            let mut then = call.repeat(answer.as_ref(), code, reason.as_deref(), false);
            if let Conclusion::Again { after, .. } = &mut then
                && at_once
            {
                *after = Duration::ZERO;
            }
            (answered, then)
        }
        Outcome::Unknown { reason } => (Ending::Lost, call.unknown(&reason)),
        Outcome::Unresolved { reason } => {
            let told = call.failed(OUTCOME_UNKNOWN, 0, None, None, Some(&reason));
            (answered, told)
        }
        Outcome::Invalid { reason } => {
            let told = call.failed(INVALID_MESSAGE, 0, None, None, Some(&reason));
            (answered, told)
        }
    }
}

/// What becomes of the permit of a look at a job.
pub(crate) fn ending_of_look(outcome: &Outcome) -> Ending {
    match outcome {
        // The vendor may still be at work on the look itself.
        Outcome::Unknown { .. } => Ending::Lost,
        Outcome::Throttled {
            kind, retry_after, ..
        } => Ending::Refused(match kind {
            Throttle::Concurrency => GateThrottle::Concurrency,
            Throttle::Window => GateThrottle::Window {
                retry_after: *retry_after,
            },
        }),
        _ => answered(outcome),
    }
}

/// What becomes of the permit of a call that was answered.
pub(crate) fn answered(outcome: &Outcome) -> Ending {
    used_up_for(outcome).map_or(Ending::Answered, Ending::UsedUp)
}

/// For how long the vendor has no calls left, if an answer that refused nobody says so.
fn used_up_for(outcome: &Outcome) -> Option<Duration> {
    if matches!(outcome, Outcome::Throttled { .. }) {
        return None;
    }
    // Some vendors name a reset by the wall clock.
    let mut allowances = outcome.allowances(SystemTime::now());
    allowances.retain(|allowance| allowance.unit == Unit::Calls);
    allowance::pause(&allowances).map(|pause| pause.min(LONGEST_BY_HEADER))
}

/// What follows when an environment ended while a call was in flight and the target says not to repeat.
pub(crate) fn lost_in_flight(attempts: u32) -> Told {
    let reason = "the worker ended while the call was in flight";
    Told::failure(OUTCOME_UNKNOWN, reason, attempts)
}

/// What a task is told of a call that the vendor did.
pub(crate) fn success(answer: &Answer) -> Told {
    let output = answer.to_task_output().to_string();
    if output.len() <= LONGEST_OUTPUT {
        Told::Success { output }
    } else {
        Told::Failure {
            error: DATA_LIMIT.to_owned(),
            cause: format!(
                "The output of the call has {} bytes; a state may have {LONGEST_OUTPUT}.",
                output.len()
            ),
        }
    }
}

struct Call<'a> {
    target: &'a Target,
    attempts: u32,
    random: u64,
}

impl Call<'_> {
    fn again(&self, after: Duration) -> Conclusion {
        Conclusion::Again {
            after,
            attempts: self.attempts,
            unknown: false,
        }
    }

    fn failed(
        &self,
        error: &str,
        used: u32,
        answer: Option<&Answer>,
        vendor_code: Option<&str>,
        reason: Option<&str>,
    ) -> Conclusion {
        let attempts = self.attempts + used;
        let told = Told::of_failure(error, answer, vendor_code, reason, attempts);
        Conclusion::Over(told)
    }

    /// The vendor may or may not have done it.
    fn unknown(&self, reason: &str) -> Conclusion {
        let used_up = self.attempts + 1 >= self.target.retry.max_attempts;
        match self.target.on_unknown {
            OnUnknown::Fail => self.failed(OUTCOME_UNKNOWN, 0, None, None, Some(reason)),
            // Whoever wants to know what happened is not told that nothing did.
            OnUnknown::Reconcile if used_up => {
                self.failed(OUTCOME_UNKNOWN, 1, None, None, Some(reason))
            }
            OnUnknown::Retry | OnUnknown::Reconcile => self.repeat(None, None, Some(reason), true),
        }
    }

    /// Uses up an attempt.
    fn repeat(
        &self,
        answer: Option<&Answer>,
        vendor_code: Option<&str>,
        reason: Option<&str>,
        unknown: bool,
    ) -> Conclusion {
        let attempts = self.attempts + 1;
        if attempts >= self.target.retry.max_attempts {
            return self.failed(UNAVAILABLE, 1, answer, vendor_code, reason);
        }
        Conclusion::Again {
            after: self.target.retry.back_off(attempts, self.random),
            attempts,
            unknown,
        }
    }
}

#[cfg(test)]
mod tests;

//! Jobs: calls that the vendor accepted and works on in the background. What is remembered of one, and what follows from
//! a look at it. Pure; what an answer says of a job is read by `caller`, and errors and causes are the embedded host's.
//! A job is looked at when its message is received again: how often, decides how long the message is hidden.

use std::time::{Duration, SystemTime};

use rampmeter_asl::Selector;
use rampmeter_caller::follow_up::{FollowUp, Look};
use rampmeter_caller::{Outcome, Throttle};
use rampmeter_config::Target;
use rampmeter_dispatch::Time;
use serde::{Deserialize, Serialize};

use crate::conclusion::{self, JOB_FAILED, OUTCOME_UNKNOWN, Told};
use crate::selection;

/// An old job is looked at again after at least this part of its age. Each look is a receive of its message, and SQS
/// gives up a message after a thousand: so a job of two weeks takes 350 looks, and not 40,000.
const PART_OF_AGE: u32 = 40;

/// What is remembered of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) follow_up: FollowUp,
    /// When it was accepted, in milliseconds since the epoch.
    since: i64,
    looks: u32,
}

/// What follows from a look.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Looked {
    /// The call is over.
    Over(Told),
    /// The job goes on, and is looked at again after a while.
    Again { job: Job, after: Duration },
}

impl Job {
    /// A job that has just been accepted.
    pub(crate) fn accepted(follow_up: FollowUp, now: Time) -> Job {
        Job {
            follow_up,
            since: now.as_millis(),
            looks: 0,
        }
    }

    /// How long to wait for its next look.
    pub(crate) fn pause(&self, target: &Target, now: Time) -> Duration {
        let usual = target.profile.polling.pause(self.looks);
        usual.max(self.age(now) / PART_OF_AGE)
    }

    /// What follows from the outcome of a look. `attempts` of the call itself; `random` is any random number.
    pub(crate) fn looked(
        mut self,
        outcome: Outcome,
        (target, selector): (&Target, Option<&Selector>),
        attempts: u32,
        (now, wall): (Time, SystemTime),
        random: u64,
    ) -> Looked {
        self.looks = self.looks.saturating_add(1);
        let given_up = self.age(now) >= target.profile.polling.give_up;
        let name = self.follow_up.job.clone();
        let lost = |reason: &str| Told::failure(OUTCOME_UNKNOWN, reason, attempts);
        let failed = |error: &str, answer, vendor_code: Option<String>| {
            let reason = format!("job {name} failed");
            let code = vendor_code.as_deref();
            Told::of_failure(error, Some(answer), code, Some(&reason), attempts + 1)
        };
        let usual = self.pause(target, now);
        let shown = self.follow_up.look(&target.profile, outcome, wall);
        let after = match shown {
            Look::Pending { .. } | Look::Next { .. } | Look::Missed(_) if given_up => {
                return Looked::Over(lost(&format!("job {name} has not ended for too long")));
            }
            Look::Pending { after } => {
                self.follow_up.misses = 0;
                usual.max(after.unwrap_or_default())
            }
            Look::Next { follow_up, at_once } => {
                self.follow_up = follow_up;
                if at_once { Duration::ZERO } else { usual }
            }
            Look::Missed(outcome) => {
                let misses = self.follow_up.misses.saturating_add(1);
                self.follow_up.misses = misses;
                after_miss(&outcome, target.retry.back_off(misses, random))
            }
            Look::Done(answer) => {
                let outcome = selection::select(selector, Outcome::Success(answer));
                let answer = outcome.answer().expect("a success has an answer");
                return Looked::Over(conclusion::success(answer));
            }
            Look::Final {
                answer,
                vendor_code,
            } => {
                let error = format!("Http.StatusCode.{}", answer.status);
                return Looked::Over(failed(&error, &answer, vendor_code));
            }
            Look::Failed {
                answer,
                vendor_code,
            } => return Looked::Over(failed(JOB_FAILED, &answer, vendor_code)),
            Look::Lost { reason } => return Looked::Over(lost(&reason)),
        };
        Looked::Again { job: self, after }
    }

    fn age(&self, now: Time) -> Duration {
        now.saturating_since(Time::from_millis(self.since))
    }
}

/// How long to wait after a look that came to nothing.
fn after_miss(outcome: &Outcome, back_off: Duration) -> Duration {
    match outcome {
        // The target is closed; or the look only got ready, or has a new token now.
        Outcome::Throttled {
            kind: Throttle::Window,
            ..
        } => Duration::ZERO,
        Outcome::Repeatable { reason, .. } if reason.may_go_on_at_once() => Duration::ZERO,
        _ => back_off,
    }
}

#[cfg(test)]
mod tests;

//! What follows from a poll of a job, a call that the vendor has accepted and works on in the background, by the rules of
//! its target. What a poll shows is decided by `caller`.

use std::time::Duration;

use rampmeter_dispatch::Whose;

use crate::answer::Answer;
use crate::failed::{Failed, JOB_FAILED, OUTCOME_UNKNOWN, status_error};
use crate::job::{FollowUp, PollResult};
use crate::judgement::Judgement;
use crate::next_action::CallRules;
use crate::outcome::Outcome;

/// What follows from a poll of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobAction {
    /// The job is done, and this is the answer of the call.
    Done(Answer),
    /// It failed, or nobody knows what became of it.
    Failed(Failed),
    /// It is polled again.
    Again {
        /// Where.
        follow_up: FollowUp,
        /// After this delay.
        after: Duration,
    },
}

/// A job that was polled.
#[derive(Clone, Copy, Debug)]
pub struct PolledJob<'a> {
    /// Where it was polled.
    pub follow_up: &'a FollowUp,
    /// Polls of it, this one included.
    pub polls: u32,
    /// How long ago the vendor accepted it.
    pub age: Duration,
    /// The minimum delay between two polls, whatever the target says.
    pub least_pause: Duration,
}

impl CallRules {
    /// What follows from what a poll shows.
    #[must_use]
    pub fn after_poll(
        &self,
        job: &PolledJob<'_>,
        result: PollResult,
        judgement: Judgement,
    ) -> JobAction {
        let name = &job.follow_up.job;
        let given_up = job.age >= self.polling.give_up;
        let usual = self.polling.pause(job.polls).max(job.least_pause);
        match result {
            PollResult::Pending { .. } | PollResult::Next { .. } | PollResult::Missed(_)
                if given_up =>
            {
                let reason = format!("job {name} has not ended for too long");
                JobAction::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
            PollResult::Pending { after } => JobAction::Again {
                follow_up: with_misses(job.follow_up, 0),
                after: usual.max(after.unwrap_or_default()),
            },
            PollResult::Next { follow_up, at_once } => JobAction::Again {
                follow_up,
                after: if at_once { Duration::ZERO } else { usual },
            },
            PollResult::Missed(outcome) => {
                let misses = job.follow_up.misses.saturating_add(1);
                JobAction::Again {
                    follow_up: with_misses(job.follow_up, misses),
                    after: self.after_miss(&outcome, misses, judgement),
                }
            }
            PollResult::Done(answer) => JobAction::Done(answer),
            PollResult::Final {
                answer,
                vendor_code,
            } => {
                let error = status_error(answer.status);
                self.job_failed(&error, name, answer, vendor_code)
            }
            PollResult::Failed {
                answer,
                vendor_code,
            } => self.job_failed(JOB_FAILED, name, answer, vendor_code),
            PollResult::Lost { reason } => {
                JobAction::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
        }
    }

    fn job_failed(
        &self,
        error: &str,
        job: &str,
        answer: Answer,
        vendor_code: Option<String>,
    ) -> JobAction {
        JobAction::Failed(Failed {
            answer: Some(answer),
            vendor_code,
            ..self.failed(error, 1, Some(format!("job {job} failed")))
        })
    }

    /// How long to wait after a poll that failed.
    fn after_miss(&self, outcome: &Outcome, misses: u32, judgement: Judgement) -> Duration {
        let is_accounts = judgement.whose == Whose::Account;
        match outcome {
            // The target is closed; or the poll only got ready, or has a new access token now.
            _ if is_accounts && judgement.closed_for.is_some() => Duration::ZERO,
            Outcome::Throttled { retry_after, .. } => {
                let own = self.retry.back_off(misses, self.random);
                own.max(retry_after.unwrap_or_default())
            }
            Outcome::Repeatable { reason, .. } if reason.may_go_on_at_once() => Duration::ZERO,
            _ => self.retry.back_off(misses, self.random),
        }
    }
}

fn with_misses(follow_up: &FollowUp, misses: u32) -> FollowUp {
    FollowUp {
        misses,
        ..follow_up.clone()
    }
}

#[cfg(test)]
mod tests;

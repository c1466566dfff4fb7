//! What follows from the outcome of a call by the rules of its target: it is over, it failed, or it is attempted again after
//! a while. This is the one place that decides it; the engine, the worker on AWS and the simulator carry it out. What an
//! answer means is decided by `caller`; what becomes of permits, messages and tasks is the hosts' business. Jobs are in
//! `job_action`.

use std::time::Duration;

use rampmeter_dispatch::Whose;

use crate::answer::Answer;
use crate::failed::{
    Failed, INVALID_MESSAGE, OUTCOME_UNKNOWN, THROTTLED, UNAVAILABLE, UNDELIVERABLE,
    WAITED_TOO_LONG, status_error,
};
use crate::job::Polling;
use crate::judgement::Judgement;
use crate::on_unknown::OnUnknown;
use crate::outcome::{Outcome, Repeatable, Throttle};
use crate::retry::Retry;

/// Crashes of a host with one call in flight after which the call is taken for their cause. A crash also affects calls
/// that were in flight by chance, so one crash, or a few, say nothing about a call.
const MAX_CRASHES: u32 = 10;

/// How often in a row a call that alone is answered 401 is attempted again: what looks like its own trouble may be the first
/// sign of a revoked access token.
const MORE_TRIES_UNAUTHORIZED: u32 = 2;

/// What follows from the outcome of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum NextAction {
    /// The vendor did it, and this is its answer.
    Done(Answer),
    /// It failed, and is not attempted again.
    Failed(Failed),
    /// It is attempted again, under the same idempotency key.
    Again {
        /// After this delay.
        after: Duration,
        /// Attempts that are used up by then.
        attempts: u32,
        /// How often in a row the vendor has refused it by then because of itself, as far as could
        /// be told.
        refusals: u32,
        /// It goes behind its lane.
        set_back: bool,
        /// Nobody knows whether the vendor did it.
        unknown: bool,
    },
}

/// A call whose attempt has ended, and what its target says about calls that go wrong.
#[derive(Clone, Copy, Debug)]
pub struct CallRules {
    /// How transport failures are retried.
    pub retry: Retry,
    /// What happens to a call whose answer was lost.
    pub on_unknown: OnUnknown,
    /// How often a job is polled.
    pub polling: Polling,
    /// Attempts that were used up before this one.
    pub attempts: u32,
    /// How often in a row the vendor refused it before this one.
    pub refusals: u32,
    /// Any random number: it spreads the delays.
    pub random: u64,
}

impl CallRules {
    /// What follows from an outcome and from what the gate says about it. Whether the outcome is an accepted job is checked
    /// before (`Profile::job_of` of `caller`).
    #[must_use]
    pub fn after(&self, outcome: Outcome, judgement: Judgement) -> NextAction {
        let is_accounts = judgement.whose == Whose::Account;
        match outcome {
            Outcome::Success(answer) => NextAction::Done(answer),
            Outcome::Final { answer, .. } if answer.status == 401 && is_accounts => {
                self.troubled(judgement, false)
            }
            // This may be the account's trouble after all: other calls will show it before this one
            // is back.
            Outcome::Final { answer, .. }
                if answer.status == 401 && self.refusals < MORE_TRIES_UNAUTHORIZED =>
            {
                let refusals = self.refusals + 1;
                self.put_off(self.retry.back_off(refusals, self.random), refusals, false)
            }
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
            Outcome::Throttled {
                kind,
                retry_after,
                answer,
                vendor_code,
                ..
            } => {
                let failed = Failed {
                    answer: Some(answer),
                    vendor_code,
                    ..self.failed(THROTTLED, 0, None)
                };
                self.throttled(kind, retry_after, judgement, failed)
            }
            Outcome::Repeatable {
                reason,
                answer,
                vendor_code,
            } => {
                let failed = Failed {
                    answer,
                    vendor_code,
                    ..self.failed(UNAVAILABLE, 1, None)
                };
                self.repeatable(reason, judgement, failed)
            }
            Outcome::Unknown { .. } if is_accounts && self.on_unknown != OnUnknown::Fail => {
                NextAction::Again {
                    after: self.retry.back_off(1, self.random),
                    attempts: self.attempts,
                    refusals: self.refusals,
                    set_back: judgement.was_probe,
                    unknown: true,
                }
            }
            Outcome::Unknown { reason, gateway } => {
                behind_others(self.unknown(reason), gateway.is_some())
            }
            Outcome::Unresolved { reason } => {
                NextAction::Failed(self.failed(OUTCOME_UNKNOWN, 0, Some(reason)))
            }
            Outcome::Invalid { reason } => {
                NextAction::Failed(self.failed(INVALID_MESSAGE, 0, Some(reason)))
            }
        }
    }

    /// It may succeed another time; `failed` is the result if there is none.
    fn repeatable(&self, reason: Repeatable, judgement: Judgement, failed: Failed) -> NextAction {
        let is_accounts = judgement.whose == Whose::Account;
        let may_repeat = self.may_repeat(&reason);
        let maybe_done = reason == Repeatable::MaybeDone;
        let at_once = reason.may_go_on_at_once();
        match reason {
            // Nothing of the call was sent: it keeps its turn.
            Repeatable::GotReady => self.put_off(Duration::ZERO, self.refusals, false),
            Repeatable::PerhapsAtWork(left) => NextAction::Again {
                after: left.min(self.retry.max),
                attempts: self.attempts,
                refusals: self.refusals,
                set_back: false,
                unknown: true,
            },
            Repeatable::ConnectFailed(_) | Repeatable::SignInFailed(_) if is_accounts => {
                // While the target is closed it waits in its turn, otherwise a little.
                let wait = match judgement.closed_for {
                    Some(_) => Duration::ZERO,
                    None => self.retry.back_off(1, self.random),
                };
                self.put_off(wait, self.refusals, false)
            }
            // If the vendor may have done it already, whose trouble it is decides only whether an attempt
            // is used up.
            _ if is_accounts && may_repeat => self.troubled(judgement, maybe_done),
            _ if !may_repeat => NextAction::Failed(Failed {
                error: OUTCOME_UNKNOWN.to_owned(),
                ..failed
            }),
            reason => {
                let status = failed.answer.as_ref().map(|answer| answer.status);
                let perhaps_away = matches!(status, Some(502..=504));
                let reason = match reason {
                    Repeatable::ConnectFailed(why)
                    | Repeatable::SignInFailed(why)
                    | Repeatable::FetchLost { reason: why, .. } => Some(why),
                    _ => None,
                };
                let failed = Failed { reason, ..failed };
                behind_others(self.repeat(failed, at_once, maybe_done), perhaps_away)
            }
        }
    }

    /// What follows when the host has ended this many times while the call was in flight, including just now. A crash
    /// of ours uses up no attempt of the call.
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
                refusals: 0,
                set_back: false,
                unknown: true,
            },
        }
    }

    /// How a call fails that has waited for so long, as long as its target allows. Where the vendor may have done it at an earlier
    /// attempt, nobody is told that it did not. `last` is what the vendor is away for, if it is.
    #[must_use]
    pub fn waited_too_long(
        &self,
        waited: Duration,
        maybe_done: bool,
        last: Option<&str>,
    ) -> Failed {
        let error = if maybe_done {
            OUTCOME_UNKNOWN
        } else {
            WAITED_TOO_LONG
        };
        let seconds = waited.as_secs();
        let mut reason =
            format!("it waited for {seconds} s, as long as `max_wait` of its target allows");
        if maybe_done {
            reason.push_str("; the vendor may have done it at an earlier attempt");
        }
        if let Some(last) = last {
            reason.push_str(&format!("; the vendor is away: {last}"));
        }
        self.failed(error, 0, Some(reason))
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

    /// It comes back after a while, with no attempt used up.
    fn put_off(&self, after: Duration, refusals: u32, set_back: bool) -> NextAction {
        NextAction::Again {
            after,
            attempts: self.attempts,
            refusals,
            set_back,
            unknown: false,
        }
    }

    /// The account's trouble, shown by an answer. The call keeps its turn, unless it was a probe: if it were the only one to
    /// be refused, it would keep the target closed forever.
    fn troubled(&self, judgement: Judgement, unknown: bool) -> NextAction {
        NextAction::Again {
            after: Duration::ZERO,
            attempts: self.attempts,
            refusals: self.refusals,
            set_back: judgement.was_probe,
            unknown,
        }
    }

    /// A call that the vendor may have done already is sent again only if the target allows it.
    fn may_repeat(&self, reason: &Repeatable) -> bool {
        *reason != Repeatable::MaybeDone || self.on_unknown != OnUnknown::Fail
    }

    /// Too much was asked: of the account, then its target closes or takes fewer calls at once; or of something that this
    /// call alone needs: then it is set back behind its lane, for longer each time, until it has been refused too often.
    fn throttled(
        &self,
        kind: Throttle,
        retry_after: Option<Duration>,
        judgement: Judgement,
        failed: Failed,
    ) -> NextAction {
        if judgement.whose == Whose::Account {
            let (least, refusals) = match kind {
                Throttle::Window => (Duration::ZERO, self.refusals),
                // The next one does not lower the ceiling further.
                Throttle::Concurrency => {
                    (self.retry.back_off(1, self.random), self.refusals.max(1))
                }
            };
            return self.put_off(least, refusals, judgement.was_probe);
        }
        let refusals = self.refusals + u32::from(judgement.is_proven);
        if judgement.is_proven && refusals >= self.retry.max_throttles {
            return NextAction::Failed(failed);
        }
        let own = self.retry.back_off(refusals, self.random);
        self.put_off(own.max(retry_after.unwrap_or_default()), refusals, true)
    }

    /// The vendor may or may not have done it.
    fn unknown(&self, reason: String) -> NextAction {
        let used_up = self.attempts + 1 >= self.retry.max_attempts;
        let reason = Some(reason);
        match self.on_unknown {
            OnUnknown::Fail => NextAction::Failed(self.failed(OUTCOME_UNKNOWN, 0, reason)),
            // The vendor may have done it at the last attempt, so nobody may be told that it did
            // not.
            _ if used_up => NextAction::Failed(self.failed(OUTCOME_UNKNOWN, 1, reason)),
            OnUnknown::Retry | OnUnknown::Reconcile => {
                self.repeat(self.failed(OUTCOME_UNKNOWN, 1, reason), false, true)
            }
        }
    }

    /// Uses up an attempt: the call is attempted again, or has failed if this was the last.
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
            refusals: 0,
            set_back: false,
            unknown,
        }
    }
}

/// The same, but behind the other calls of its lane if the vendor may be away: they will show it.
fn behind_others(next: NextAction, perhaps_away: bool) -> NextAction {
    match next {
        NextAction::Again {
            after,
            attempts,
            refusals,
            unknown,
            ..
        } => NextAction::Again {
            after,
            attempts,
            refusals,
            set_back: perhaps_away,
            unknown,
        },
        next => next,
    }
}

#[cfg(test)]
mod tests;

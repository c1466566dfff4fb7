//! A call has ended: free or hold its places, and resume the workflow, repeat the call, or give it up.
//! What an answer means was said by `caller`; here is what follows from it.

use std::time::Duration;

use rampmeter_asl::{Payload, Stimulus};
use rampmeter_caller::cause::{Failure, cause};
use rampmeter_caller::{Answer, Outcome, Repeatable, Throttle};
use rampmeter_config::OnUnknown;
use rampmeter_dispatch::{PermitId, Throttle as GateThrottle};

use super::advance::Advanced;
use super::audit::CallAudit;
use super::send::INVALID_MESSAGE;
use super::service::http;
use crate::id::TargetId;
use crate::store::StoreError;
use crate::target::InFlight;
use crate::turn::Turn;

/// Attempts are used up.
const UNAVAILABLE: &str = "Rampmeter.Unavailable";
/// The call was in flight every time the server crashed.
const UNDELIVERABLE: &str = "Rampmeter.Undeliverable";
/// The answer was lost and the target says not to repeat.
pub(super) const OUTCOME_UNKNOWN: &str = "Rampmeter.OutcomeUnknown";

/// Crashes of the server with one call in flight, after which it is taken for their cause. Calls that were in flight
/// by chance share in a crash, so one crash, or a few, say nothing of a call.
const MOST_CRASHES: u32 = 10;

impl Turn<'_> {
    /// Applies the outcome of a call.
    pub(crate) fn answered(
        &mut self,
        target: TargetId,
        permit: PermitId,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let call = self.target(target).in_flight.remove(&permit);
        let mut call = call.expect("a call in flight is answered once");
        if let Some(look) = call.look.take() {
            return self.looked(target, permit, call, &look, outcome);
        }
        call.message.receive_count += 1;
        call.message.first_started_at = call.message.first_started_at.or(Some(call.started_at));
        let took = self.now.saturating_since(call.started_at);
        self.target(target)
            .figures
            .note_answer(call.priority, took, &outcome);
        if !matches!(outcome, Outcome::Unknown { .. } | Outcome::Invalid { .. }) {
            self.target(target).note_latency(took);
        }
        if let Outcome::Throttled {
            kind, retry_after, ..
        } = &outcome
        {
            self.note_throttle(target, permit, *kind, *retry_after)?;
        }
        if let Outcome::Unknown { reason } = outcome {
            self.hold(target, permit, &call)?;
            return self.unknown(target, call, &reason);
        }
        if let Some(job) = outcome.follow_up(&self.target(target).config.profile) {
            return self.accepted(target, permit, &call, job);
        }
        self.free(target, permit)?;
        self.heed_allowances(target, &outcome)?;
        match outcome {
            Outcome::Success(answer) => self.succeed(target, &call, &answer),
            Outcome::Final {
                answer,
                vendor_code,
            } => {
                let error = format!("Http.StatusCode.{}", answer.status);
                let code = vendor_code.as_deref();
                call.message.attempts += 1;
                self.give_up(target, &call, &error, Some(&answer), code, None)
            }
            Outcome::Throttled { kind, .. } => self.return_throttled(target, &call, kind),
            // Nothing of the call was sent: it keeps its turn.
            Outcome::Repeatable {
                reason: Repeatable::GotReady,
                ..
            } => self.put_back(&call, Duration::ZERO),
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
                self.repeat(
                    target,
                    call,
                    at_once,
                    answer.as_ref(),
                    vendor_code.as_deref(),
                    reason.as_deref(),
                )
            }
            Outcome::Invalid { reason } => {
                self.give_up(target, &call, INVALID_MESSAGE, None, None, Some(&reason))
            }
            Outcome::Unresolved { reason } => {
                self.give_up(target, &call, OUTCOME_UNKNOWN, None, None, Some(&reason))
            }
            Outcome::Unknown { .. } => unreachable!("handled above"),
        }
    }

    /// Takes up a call that was in flight when an earlier process ended: its permit is held already.
    pub(crate) fn lost_in_crash(
        &mut self,
        target: TargetId,
        mut call: InFlight,
    ) -> Result<(), StoreError> {
        if call.look.is_some() {
            return self.look_lost_in_crash(&call);
        }
        call.message.receive_count += 1;
        call.message.crashes += 1;
        call.message.first_started_at = call.message.first_started_at.or(Some(call.started_at));
        if call.message.crashes >= MOST_CRASHES {
            let reason =
                format!("the server ended {MOST_CRASHES} times while the call was in flight");
            return self.give_up(target, &call, UNDELIVERABLE, None, None, Some(&reason));
        }
        match self.target(target).config.on_unknown {
            OnUnknown::Fail => {
                let reason = "the server ended while the call was in flight";
                self.give_up(target, &call, OUTCOME_UNKNOWN, None, None, Some(reason))
            }
            // A crash of ours uses up no attempt of the call.
            OnUnknown::Retry | OnUnknown::Reconcile => {
                let wait = self.target(target).config.retry.back_off(1, random());
                self.put_back(&call, wait)
            }
        }
    }

    pub(super) fn succeed(
        &mut self,
        target: TargetId,
        call: &InFlight,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        self.store().delete_message(call.message.id)?;
        self.leave_order(target, &call.message)?;
        let output = self.keep_body(call, answer)?.to_task_output();
        let Some((execution, event)) = call.message.task else {
            return self.keep_outcome(target, call, &output);
        };
        let Some(execution) = self.store().execution(execution)? else {
            return Ok(());
        };
        let audit = self.audit(target, call, Some(answer.status));
        let output = Payload::from_value(output);
        let stimulus = Stimulus::TaskSucceeded { event, output };
        if self.advance(execution, stimulus, Some(&audit))? == Advanced::Stale {
            tracing::info!(
                message = call.message.id.0,
                "the answer came after its task had ended"
            );
        }
        Ok(())
    }

    /// The vendor may or may not have done it.
    fn unknown(
        &mut self,
        target: TargetId,
        call: InFlight,
        reason: &str,
    ) -> Result<(), StoreError> {
        let config = &self.target(target).config;
        let used_up = call.message.attempts + 1 >= config.retry.max_attempts;
        match config.on_unknown {
            OnUnknown::Fail => {
                self.give_up(target, &call, OUTCOME_UNKNOWN, None, None, Some(reason))
            }
            // Whoever wants to know what happened is not told that nothing did.
            OnUnknown::Reconcile if used_up => {
                let mut call = call;
                call.message.attempts += 1;
                self.give_up(target, &call, OUTCOME_UNKNOWN, None, None, Some(reason))
            }
            OnUnknown::Retry | OnUnknown::Reconcile => {
                self.repeat(target, call, false, None, None, Some(reason))
            }
        }
    }

    /// Uses up an attempt: the call goes back to its lane, after a back-off unless `at_once`, or is given up.
    fn repeat(
        &mut self,
        target: TargetId,
        mut call: InFlight,
        at_once: bool,
        answer: Option<&Answer>,
        vendor_code: Option<&str>,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        call.message.attempts += 1;
        let retry = &self.target(target).config.retry;
        if call.message.attempts >= retry.max_attempts {
            return self.give_up(target, &call, UNAVAILABLE, answer, vendor_code, reason);
        }
        let wait = if at_once {
            Duration::ZERO
        } else {
            retry.back_off(call.message.attempts, random())
        };
        self.put_back(&call, wait)
    }

    /// A throttled call goes back and uses up no attempt. Where a window refused it, the whole target is closed for a
    /// time and the call keeps its turn; where too many were in flight, the call itself waits a little.
    fn return_throttled(
        &mut self,
        target: TargetId,
        call: &InFlight,
        kind: Throttle,
    ) -> Result<(), StoreError> {
        let wait = match kind {
            Throttle::Window => Duration::ZERO,
            Throttle::Concurrency => self.target(target).config.retry.back_off(1, random()),
        };
        self.put_back(call, wait)
    }

    /// Back to its lane, after a wait. A task with a heartbeat gets one that lasts over the wait: its worker has not
    /// given up.
    pub(super) fn put_back(&mut self, call: &InFlight, wait: Duration) -> Result<(), StoreError> {
        self.store().update_counters(&call.message)?;
        let until = self.now.saturating_add(wait);
        if let Some((execution, event)) = call.message.task
            && let Some(execution) = self.store().execution(execution)?
        {
            // A heartbeat moves a timer and writes no event, so it may be given the time at which it begins to run.
            let now = std::mem::replace(&mut self.now, until);
            let beaten = self.advance(execution, Stimulus::TaskHeartbeat { event }, None);
            self.now = now;
            beaten?;
        }
        if wait.is_zero() {
            return self.make_ready(&call.message);
        }
        self.store().delay(until, call.message.id)
    }

    pub(super) fn give_up(
        &mut self,
        target: TargetId,
        call: &InFlight,
        error: &str,
        answer: Option<&Answer>,
        vendor_code: Option<&str>,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        self.store().update_counters(&call.message)?;
        let kept = answer
            .map(|answer| self.keep_body(call, answer))
            .transpose()?;
        let answer = kept.as_deref();
        let failure = Failure {
            answer,
            vendor_code,
            reason,
            attempts: call.message.attempts,
        };
        let audit = self.audit(target, call, answer.map(|answer| answer.status));
        let (mut error, mut told) = (error.to_owned(), cause(&failure));
        let parameters = match self.parameters_of(&call.message) {
            // The execution ended while its call was out, and is forgotten by now.
            Err(StoreError::Damaged(_)) => None,
            read => read?,
        };
        if let Some(parameters) = parameters
            && http::is_http_task(&parameters)
        {
            (error, told) = http::failure(&error, told, answer);
        }
        self.fail_call(target, &call.message, &error, &told, Some(&audit))
    }

    pub(super) fn free(&mut self, target: TargetId, permit: PermitId) -> Result<(), StoreError> {
        let now = self.now;
        let places = self.target(target).gate.finish(permit, now);
        self.store().delete_permit(permit)?;
        self.store().note_answer_time(now)?;
        self.store().put_places(target, &places)
    }

    /// Keeps the call's places for as long as the vendor may still be at work on it.
    pub(super) fn hold(
        &mut self,
        target: TargetId,
        permit: PermitId,
        call: &InFlight,
    ) -> Result<(), StoreError> {
        let now = self.now;
        let target = self.target(target);
        // The call left a little after its permit, and the time-out ran from then.
        let until = target
            .held_until(call.started_at)
            .max(now.saturating_add(target.config.hold_after_timeout));
        target.gate.hold(permit, until);
        self.store().hold_permit(permit, until)
    }

    pub(super) fn note_throttle(
        &mut self,
        id: TargetId,
        permit: PermitId,
        kind: Throttle,
        retry_after: Option<Duration>,
    ) -> Result<(), StoreError> {
        let now = self.now;
        let jitter = random();
        let target = self.target(id);
        let kind = match kind {
            Throttle::Concurrency => GateThrottle::Concurrency,
            Throttle::Window => GateThrottle::Window { retry_after },
        };
        let report = target.gate.refused(permit, kind, now, jitter);
        target.throttles += 1;
        if report.under_our_limit {
            target.throttles_under_our_limit += 1;
            tracing::warn!(
                target = target.config.name,
                "throttled while under our own limit: somebody else uses the account, or the limit is too high"
            );
        }
        let memory = target.gate.memory();
        self.store().remember(id, &memory)
    }

    fn audit(&mut self, target: TargetId, call: &InFlight, status: Option<u16>) -> String {
        let now = self.now;
        let name = &self.target(target).config.name;
        CallAudit::new(
            name,
            call.priority,
            &call.message,
            Some(call.started_at),
            now,
            status,
        )
        .to_json()
    }
}

pub(super) fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}

//! A call has ended: free or hold its places, and resume the workflow, repeat the call, or give it up.
//! What an answer means was said by `caller`, and what follows from it by `call`; here it is done.

use std::time::Duration;

use rampmeter_asl::{Payload, Stimulus};
use rampmeter_call::http_task;
use rampmeter_call::{
    Answer, CallRules, Failed, NextAction, Outcome, PermitEnd,
    cause::{Failure, cause},
};
use rampmeter_dispatch::{PermitId, Priority, Throttle};
use rampmeter_store::CallAudit;
use rampmeter_store::StoreError;
use rampmeter_store::message_parameters;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{PermitRow, Readable, StoreFailure, readable};

use crate::apply::calls::context::CallContext;
use crate::apply::calls::job::AcceptedJob;
use crate::apply::subject::Subject;
use crate::memory::in_flight::InFlight;

impl CallContext<'_> {
    /// Applies the outcome of a call: first what is known of the account, then what follows for the call. A call whose rows
    /// cannot be read is set aside; its places are free or held as any other's.
    pub(crate) fn answered(
        &mut self,
        target: TargetId,
        permit: PermitId,
        outcome: Outcome,
    ) -> Result<(), StoreFailure> {
        let call = self.target(target).in_flight.remove(&permit);
        let mut call = call.expect("a call in flight is answered once");
        let id = call.message.id;
        if let Some(look) = call.look.take() {
            self.jobs().settle_look(target, permit, &call, &outcome)?;
            self.with_message(id, |calls| {
                Ok(calls.jobs().looked(target, call, &look, outcome)?)
            })?;
            return Ok(());
        }
        call.message.receive_count += 1;
        call.message.first_started_at = call.message.first_started_at.or(Some(call.started_at));
        let job = self.settle_call(target, permit, &call, &outcome)?;
        self.with_message(id, |calls| {
            if let Some(job) = job {
                return Ok(calls.jobs().watch(target, &call, job)?);
            }
            let next = calls.rules_of(target, &call).after(outcome);
            Ok(calls.follow(target, call, next)?)
        })?;
        Ok(())
    }

    /// Frees or holds the places of a call, and takes from its outcome what it says of the account. Answers the job that the
    /// call has become, with the permit that it keeps.
    fn settle_call(
        &mut self,
        target: TargetId,
        permit: PermitId,
        call: &InFlight,
        outcome: &Outcome,
    ) -> Result<Option<AcceptedJob>, StoreFailure> {
        let took = self.now().saturating_since(call.started_at);
        self.target(target)
            .figures
            .note_answer(call.priority, took, outcome);
        if !matches!(outcome, Outcome::Unknown { .. } | Outcome::Invalid { .. }) {
            self.target(target).note_latency(took);
        }
        let end = PermitEnd::of(outcome);
        if let PermitEnd::Refused(throttle) = end {
            self.note_throttle(target, permit, throttle)?;
        }
        if end == PermitEnd::Held {
            self.hold(target, permit, call)?;
        } else if let Some(job) = self.target(target).config.profile.job_of(outcome) {
            return self.jobs().accepted(target, permit, job).map(Some);
        } else {
            self.free(target, permit)?;
            self.heed_rate_headers(target, outcome)?;
        }
        Ok(None)
    }

    /// The rules by which something follows for a call.
    pub(crate) fn rules_of(&mut self, target: TargetId, call: &InFlight) -> CallRules {
        let config = &self.target(target).config;
        config.call_rules(call.message.attempts, random())
    }

    /// Does what follows.
    fn follow(
        &mut self,
        target: TargetId,
        mut call: InFlight,
        next: NextAction,
    ) -> Result<(), StoreError> {
        match next {
            NextAction::Done(answer) => self.succeed(target, &call, &answer),
            NextAction::Failed(failed) => self.give_up(target, call, &failed),
            NextAction::Again {
                after, attempts, ..
            } => {
                call.message.attempts = attempts;
                self.put_back(&call, after)
            }
        }
    }

    /// Takes up a call that was in flight when an earlier process ended: its permit is held already.
    pub(crate) fn take_up(&mut self, permit: &PermitRow) -> Result<(), StoreFailure> {
        self.with_message(permit.message, |calls| {
            let Some(message) = calls.store.messages.message(permit.message)? else {
                return Ok(());
            };
            let job = calls.store.calls.job(permit.message)?;
            let lane = Priority::ALL.get(usize::from(permit.lane)).copied();
            let call = InFlight {
                message,
                priority: lane.ok_or_else(|| StoreError::damaged("a permit of no lane"))?,
                started_at: permit.started_at,
                look: job.map(|job| Box::new(job.follow_up)),
            };
            Ok(calls.lost_in_crash(permit.target, call)?)
        })?;
        Ok(())
    }

    fn lost_in_crash(&mut self, target: TargetId, mut call: InFlight) -> Result<(), StoreError> {
        if call.look.is_some() {
            return self.jobs().look_lost_in_crash(&call);
        }
        call.message.receive_count += 1;
        call.message.crashes += 1;
        call.message.first_started_at = call.message.first_started_at.or(Some(call.started_at));
        let rules = self.rules_of(target, &call);
        let next = rules.after_crash("server", call.message.crashes);
        self.follow(target, call, next)
    }

    pub(crate) fn succeed(
        &mut self,
        target: TargetId,
        call: &InFlight,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        self.store.messages.delete_message(call.message.id)?;
        self.lanes().leave_order(target, &call.message)?;
        let output = self.keep_body(call, answer)?.to_task_output();
        let Some((execution, event)) = call.message.task else {
            return self.keep_outcome(target, call, &output);
        };
        let audit = self.audit(target, call, Some(answer.status));
        let output = Payload::from_value(output);
        let stimulus = Stimulus::TaskSucceeded { event, output };
        self.tell_of_call(execution, stimulus, self.now(), Some(audit));
        Ok(())
    }

    /// Back to its lane, after a wait. A task with a heartbeat gets one that lasts over the wait: its worker has not
    /// given up.
    pub(crate) fn put_back(&mut self, call: &InFlight, wait: Duration) -> Result<(), StoreError> {
        self.store.messages.update_counters(&call.message)?;
        let until = self.now().saturating_add(wait);
        if let Some((execution, event)) = call.message.task {
            self.tell_of_call(execution, Stimulus::TaskHeartbeat { event }, until, None);
        }
        if wait.is_zero() {
            return self.lanes().make_ready(&call.message);
        }
        self.store.messages.delay(until, call.message.id)
    }

    /// Fails the task of a call, and keeps the call as a dead letter.
    pub(crate) fn give_up(
        &mut self,
        target: TargetId,
        mut call: InFlight,
        failed: &Failed,
    ) -> Result<(), StoreError> {
        call.message.attempts = failed.attempts;
        let call = &call;
        self.store.messages.update_counters(&call.message)?;
        let kept = failed.answer.as_ref();
        let kept = kept
            .map(|answer| self.keep_body(call, answer))
            .transpose()?;
        let answer = kept.as_deref();
        let failure = Failure {
            answer,
            vendor_code: failed.vendor_code.as_deref(),
            reason: failed.reason.as_deref(),
            attempts: failed.attempts,
        };
        let audit = self.audit(target, call, answer.map(|answer| answer.status));
        let (mut error, mut told) = (failed.error.clone(), cause(&failure));
        let parameters = match readable(message_parameters(
            self.queue.store.executions,
            &call.message,
        ))? {
            Readable::Whole(parameters) => parameters,
            // The execution ended while its call was out, and is forgotten by now.
            Readable::Damaged(_) => None,
        };
        if let Some(parameters) = parameters
            && http_task::is_http_task(parameters.value())
        {
            (error, told) = http_task::failure(&error, told, answer);
        }
        self.fail_call(target, &call.message, &error, &told, Some(audit))
    }

    pub(crate) fn free(&mut self, target: TargetId, permit: PermitId) -> Result<(), StoreFailure> {
        let now = self.now();
        let places = self.target(target).gate.finish(permit, now);
        self.store.calls.end_permit(permit, now)?;
        self.store.calls.note_answer_time(now)?;
        self.store.calls.put_places(target, &places)
    }

    /// Keeps the call's places for as long as the vendor may still be at work on it.
    pub(crate) fn hold(
        &mut self,
        target: TargetId,
        permit: PermitId,
        call: &InFlight,
    ) -> Result<(), StoreFailure> {
        let now = self.now();
        let target = self.target(target);
        // The call left a little after its permit, and the time-out ran from then.
        let until = target
            .held_until(call.started_at)
            .max(now.saturating_add(target.config.hold_after_timeout));
        target.gate.hold(permit, until);
        self.store.calls.hold_permit(permit, until)
    }

    pub(crate) fn note_throttle(
        &mut self,
        id: TargetId,
        permit: PermitId,
        throttle: Throttle,
    ) -> Result<(), StoreFailure> {
        let now = self.now();
        let jitter = random();
        let target = self.target(id);
        let report = target.gate.feedback(now).refused(permit, throttle, jitter);
        target.throttles += 1;
        if report.under_our_limit {
            target.throttles_under_our_limit += 1;
            tracing::warn!(
                target = target.config.name,
                "throttled while under our own limit: somebody else uses the account, or the limit is too high"
            );
        }
        let memory = target.gate.memory();
        self.store.calls.remember(id, &memory)
    }

    fn audit(&mut self, target: TargetId, call: &InFlight, status: Option<u16>) -> String {
        let now = self.now();
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

pub(crate) fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}

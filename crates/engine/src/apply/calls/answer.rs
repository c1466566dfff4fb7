//! A call's answer is here: free or hold its slots, then resume the workflow, repeat the call, or give it up. `caller`
//! decided what the answer means and `call` what follows from it; here it is carried out.

use std::time::Duration;

use rampmeter_asl::{Payload, Stimulus};
use rampmeter_call::http_task;
use rampmeter_call::{
    Answer, CallRules, EndedRequest, Failed, Judgement, NextAction, Outcome, PermitEnd,
    cause::{Failure, cause},
};
use rampmeter_dispatch::{PermitId, Priority, WindowRow};
use rampmeter_index::InFlight;
use rampmeter_store::CallAudit;
use rampmeter_store::StoreError;
use rampmeter_store::message_parameters;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{PermitRow, Readable, StoreFailure, TargetErrorRow, readable};

use crate::apply::calls::context::CallContext;
use crate::apply::calls::job::AcceptedJob;
use crate::apply::calls::max_wait::Waits;
use crate::apply::subject::Subject;

/// What has become of a call's request.
enum CallEnd {
    /// The vendor goes on with it as a job.
    Job(AcceptedJob),
    /// It is over, and this is what the gate says of its outcome.
    Ended(Judgement),
}

impl CallContext<'_> {
    /// Applies the outcome of a call: first what it says about the account, then what follows for the call. A call
    /// whose rows cannot be read is set aside; its slots are freed or held like any other's.
    pub(crate) fn answered(
        &mut self,
        target: TargetId,
        permit: PermitId,
        outcome: Outcome,
    ) -> Result<(), StoreFailure> {
        let now = self.now();
        let call = self.target(target).in_flight.remove(&permit);
        let mut call = call.expect("a call in flight is answered once");
        let id = call.message.id;
        if call.cancelled {
            self.end_permit(target, permit, &call, &outcome)?;
            return Ok(());
        }
        if let Some(poll) = call.poll.take() {
            let judgement = self.jobs().settle_poll(target, permit, &call, &outcome)?;
            self.with_message(id, |calls| {
                Ok(calls
                    .jobs()
                    .polled(target, call, &poll, outcome, judgement)?)
            })?;
            return Ok(());
        }
        call.message.receive_count += 1;
        call.message.first_started_at = call.message.first_started_at.or(Some(call.started_at));
        if outcome.may_have_been_done() {
            // What answers, be it with an error, is at work no more.
            let until = match outcome {
                Outcome::Unknown { .. } => self.target(target).at_work_until(&call, now),
                _ => now,
            };
            call.message.lost_until = call.message.lost_until.max(Some(until));
        }
        let end = self.settle_call(target, permit, &call, &outcome)?;
        self.with_message(id, |calls| {
            let judgement = match end {
                CallEnd::Job(job) => return Ok(calls.jobs().watch(target, &call, job)?),
                CallEnd::Ended(judgement) => judgement,
            };
            let next = calls.rules_of(target, &call).after(outcome, judgement);
            Ok(calls.follow(target, call, next)?)
        })?;
        Ok(())
    }

    /// Frees or holds the slots of a call, and takes from its outcome what it says about the account.
    fn settle_call(
        &mut self,
        target: TargetId,
        permit: PermitId,
        call: &InFlight,
        outcome: &Outcome,
    ) -> Result<CallEnd, StoreFailure> {
        let took = self.now().saturating_since(call.started_at);
        self.target(target)
            .figures
            .note_answer(call.priority, took, outcome);
        if !matches!(outcome, Outcome::Unknown { .. } | Outcome::Invalid { .. }) {
            self.target(target).note_latency(took);
        }
        let endpoint = call.endpoint.as_deref();
        let profile = &self.target(target).config.profile;
        if let Some(job) = profile.job_of(endpoint, outcome) {
            self.target(target).errors.went_well();
            return self.jobs().accepted(target, permit, job).map(CallEnd::Job);
        }
        let judgement = self.end_permit(target, permit, call, outcome)?;
        if !PermitEnd::of(outcome).keeps_its_slots() {
            self.heed_rate_headers(target, outcome)?;
        }
        Ok(CallEnd::Ended(judgement))
    }

    /// The rules that decide the next action of a call.
    pub(crate) fn rules_of(&mut self, target: TargetId, call: &InFlight) -> CallRules {
        let config = &self.target(target).config;
        let (attempts, refusals) = (call.message.attempts, call.message.refusals);
        config.call_rules(attempts, refusals, random(), call.on_unknown)
    }

    /// Carries out the next action.
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
                after,
                attempts,
                refusals,
                set_back,
                unknown: _,
            } => {
                call.message.attempts = attempts;
                call.message.refusals = refusals;
                if set_back {
                    self.lanes().lose_turn(&mut call.message)?;
                }
                let mut waits = Waits { calls: self };
                if waits.has_waited_too_long(target, &call.message) {
                    waits.calls.store.messages.update_counters(&call.message)?;
                    return waits.fail_for_its_wait(target, &call.message);
                }
                self.put_back(&call, after)
            }
        }
    }

    /// Takes up a call that was in flight when an earlier process ended. Its permit is already held.
    pub(crate) fn take_up(&mut self, permit: &PermitRow) -> Result<(), StoreFailure> {
        self.with_message(permit.message, |calls| {
            let Some(message) = calls.store.messages.message(permit.message)? else {
                return Ok(());
            };
            // A call that was cancelled in flight is a dead letter by now.
            let queue = calls.queue.memory.queues.get(message.queue);
            if queue.is_none_or(|queue| queue.lane.is_none()) {
                return Ok(());
            }
            let job = calls.store.calls.job(permit.message)?;
            let on_unknown = calls.permits().on_unknown_of(permit.target, &message)?;
            let lane = Priority::ALL.get(usize::from(permit.lane)).copied();
            let call = InFlight {
                message,
                priority: lane.ok_or_else(|| StoreError::damaged("a permit of no lane"))?,
                // No answer can come any more.
                endpoint: None,
                started_at: permit.started_at,
                on_unknown,
                poll: job.map(|job| Box::new(job.follow_up)),
                cancelled: false,
            };
            Ok(calls.lost_in_crash(permit.target, call)?)
        })?;
        Ok(())
    }

    fn lost_in_crash(&mut self, target: TargetId, mut call: InFlight) -> Result<(), StoreError> {
        if call.poll.is_some() {
            return self.jobs().poll_lost_in_crash(&call);
        }
        call.message.receive_count += 1;
        call.message.crashes += 1;
        call.message.first_started_at = call.message.first_started_at.or(Some(call.started_at));
        let now = self.now();
        let until = self.target(target).at_work_until(&call, now);
        call.message.lost_until = call.message.lost_until.max(Some(until));
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

    /// Puts a call back into its lane after a wait. A task with a heartbeat is given one that outlasts the wait: its
    /// worker, which is us, has not given up.
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
            // The execution ended while its call was in flight, and retention has deleted it.
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
        self.write_freed(target, permit, &places)
    }

    fn write_freed(
        &self,
        target: TargetId,
        permit: PermitId,
        places: &[WindowRow],
    ) -> Result<(), StoreFailure> {
        let now = self.now();
        self.store.calls.end_permit(permit, now)?;
        self.store.calls.note_answer_time(now)?;
        self.store.calls.put_slots(target, places)
    }

    /// Ends the permit of a request, be it a call or a poll: its slots are freed, or kept for as long as the vendor may
    /// still be working on it. What the gate learns from it is written in the same transaction.
    pub(crate) fn end_permit(
        &mut self,
        id: TargetId,
        permit: PermitId,
        call: &InFlight,
        outcome: &Outcome,
    ) -> Result<Judgement, StoreFailure> {
        let now = self.now();
        let target = self.target(id);
        let held_until = target.at_work_until(call, now);
        let request = EndedRequest {
            permit,
            call: call.message.id.0,
            refusals: call.message.refusals,
            held_until,
            now,
            jitter: random(),
        };
        let reply = PermitEnd::of(outcome).settle(&mut target.gate, &request);
        target.note_outcome(outcome, now);
        if let Some(report) = &reply.throttle {
            target.note_throttle(report);
        }
        if reply.is_held {
            self.store.calls.hold_permit(permit, held_until)?;
        } else {
            self.write_freed(id, permit, &reply.rows)?;
        }
        if reply.learned {
            self.remember(id)?;
        }
        self.calendars().heed_date(id, call, outcome)?;
        Ok(reply.judgement)
    }

    /// Writes down what the gate of a target has learned, and the target's latest errors.
    fn remember(&mut self, id: TargetId) -> Result<(), StoreFailure> {
        let target = self.target(id);
        let memory = target.gate.memory();
        let error = target.errors.last().map(|(last, since)| TargetErrorRow {
            at: last.at,
            since: since.unwrap_or(last.at),
            words: last.words.clone(),
        });
        self.store.calls.remember(id, &memory)?;
        if let Some(error) = error {
            self.store.calls.put_target_error(id, &error)?;
        }
        Ok(())
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

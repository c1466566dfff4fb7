//! Jobs: calls that the vendor accepted and works on in the background. The place of a job is on disk in the transaction
//! that ends its request, and from then on the call is not sent again; it is looked at, each look a call of its own under
//! a permit, until it has ended. What a look shows was said by `caller`; here is what follows from it.

use std::time::{Duration, SystemTime};

use rampmeter_caller::follow_up::{FollowUp, Look};
use rampmeter_caller::{Answer, Outcome, Throttle};
use rampmeter_dispatch::PermitId;

use super::answer::{OUTCOME_UNKNOWN, random};
use crate::id::TargetId;
use crate::store::{JobRow, StoreError};
use crate::target::InFlight;
use crate::turn::Turn;

/// The job of a call failed, and the vendor tells no HTTP status of it.
const JOB_FAILED: &str = "Rampmeter.JobFailed";

impl Turn<'_> {
    /// The vendor has accepted a call and goes on with it. In limits that count jobs it keeps its place.
    pub(super) fn accepted(
        &mut self,
        id: TargetId,
        permit: PermitId,
        call: &InFlight,
        follow_up: FollowUp,
    ) -> Result<(), StoreError> {
        let now = self.now;
        let target = self.target(id);
        target.jobs += 1;
        let counted = target.gate.counts_jobs();
        let wait = target.config.profile.polling.pause(0);
        if counted {
            let places = target.gate.accepted(permit, now);
            self.store().put_places(id, &places)?;
        } else {
            self.free(id, permit)?;
        }
        tracing::debug!(
            message = call.message.id.0,
            job = follow_up.job,
            "the vendor accepted the call as a job"
        );
        self.store().insert_job(&JobRow {
            message: call.message.id,
            target: id,
            task: call.message.task,
            permit: counted.then_some(permit),
            since: now,
            looks: 0,
            follow_up,
        })?;
        self.put_back(call, wait)
    }

    /// Applies what a look at a job showed.
    pub(super) fn looked(
        &mut self,
        id: TargetId,
        permit: PermitId,
        call: InFlight,
        look: &FollowUp,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let took = self.now.saturating_since(call.started_at);
        self.target(id).figures.looks += 1;
        match &outcome {
            // The vendor may still be at work on the look itself.
            Outcome::Unknown { .. } => self.hold(id, permit, &call)?,
            Outcome::Throttled {
                kind, retry_after, ..
            } => {
                self.note_throttle(id, permit, *kind, *retry_after)?;
                self.free(id, permit)?;
            }
            _ => {
                self.target(id).note_latency(took);
                self.free(id, permit)?;
            }
        }
        let job = self.store().job(call.message.id)?;
        let mut job = job.expect("the job of a look lasts until the look has ended");
        job.looks += 1;
        let given_up =
            self.now.saturating_since(job.since) >= self.target(id).config.profile.polling.give_up;
        let profile = &self.target(id).config.profile;
        let shown = look.look(profile, outcome, SystemTime::now());
        let wait = match shown {
            Look::Pending { .. } | Look::Next { .. } | Look::Missed(_) if given_up => {
                let reason = format!("job {} has not ended for too long", look.job);
                return self.end_lost(id, &call, &job, &reason);
            }
            Look::Pending { after } => {
                job.follow_up.misses = 0;
                let pause = profile.polling.pause(job.looks);
                pause.max(after.unwrap_or_default())
            }
            Look::Next { follow_up, at_once } => {
                let pause = profile.polling.pause(job.looks);
                job.follow_up = follow_up;
                if at_once { Duration::ZERO } else { pause }
            }
            Look::Missed(outcome) => {
                let wait = self.wait_after_miss(id, &outcome, job.follow_up.misses);
                job.follow_up.misses = job.follow_up.misses.saturating_add(1);
                wait
            }
            Look::Done(answer) => return self.end_done(id, &call, &job, &answer),
            Look::Final {
                answer,
                vendor_code,
            } => {
                let error = format!("Http.StatusCode.{}", answer.status);
                return self.end_failed(id, call, &job, &error, &answer, vendor_code.as_deref());
            }
            Look::Failed {
                answer,
                vendor_code,
            } => {
                let code = vendor_code.as_deref();
                return self.end_failed(id, call, &job, JOB_FAILED, &answer, code);
            }
            Look::Lost { reason } => return self.end_lost(id, &call, &job, &reason),
        };
        self.store().update_job(&job)?;
        self.put_back(&call, wait)
    }

    /// A look was in flight when an earlier process ended: it is made again.
    pub(super) fn look_lost_in_crash(&mut self, call: &InFlight) -> Result<(), StoreError> {
        self.put_back(call, Duration::ZERO)
    }

    /// A job is looked at no more: what it kept is free.
    pub(super) fn forget_job(&mut self, id: TargetId, job: &JobRow) -> Result<(), StoreError> {
        if let Some(permit) = job.permit
            && self.target(id).gate.is_open(permit)
        {
            self.free(id, permit)?;
        }
        self.target(id).jobs -= 1;
        self.store().delete_job(job.message)
    }

    fn end_done(
        &mut self,
        id: TargetId,
        call: &InFlight,
        job: &JobRow,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        self.forget_job(id, job)?;
        self.succeed(id, call, answer)
    }

    fn end_failed(
        &mut self,
        id: TargetId,
        mut call: InFlight,
        job: &JobRow,
        error: &str,
        answer: &Answer,
        vendor_code: Option<&str>,
    ) -> Result<(), StoreError> {
        self.forget_job(id, job)?;
        if !self.still_wanted(&call.message)? {
            return self.drop_unwanted(id, &call);
        }
        call.message.attempts += 1;
        let reason = format!("job {} failed", job.follow_up.job);
        self.give_up(id, &call, error, Some(answer), vendor_code, Some(&reason))
    }

    fn end_lost(
        &mut self,
        id: TargetId,
        call: &InFlight,
        job: &JobRow,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.forget_job(id, job)?;
        if !self.still_wanted(&call.message)? {
            return self.drop_unwanted(id, call);
        }
        self.give_up(id, call, OUTCOME_UNKNOWN, None, None, Some(reason))
    }

    /// The task had ended long before its job.
    fn drop_unwanted(&mut self, id: TargetId, call: &InFlight) -> Result<(), StoreError> {
        self.store().delete_message(call.message.id)?;
        self.leave_order(id, &call.message)
    }

    fn wait_after_miss(&mut self, id: TargetId, outcome: &Outcome, misses: u32) -> Duration {
        match outcome {
            // The gate is closed; or the look only got ready, or has a new token now.
            Outcome::Throttled {
                kind: Throttle::Window,
                ..
            } => Duration::ZERO,
            Outcome::Repeatable { reason, .. } if reason.may_go_on_at_once() => Duration::ZERO,
            _ => {
                let retry = &self.target(id).config.retry;
                retry.back_off(misses.saturating_add(1), random())
            }
        }
    }
}

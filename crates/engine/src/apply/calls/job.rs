//! Jobs: calls that the vendor accepted and works on in the background. A job is written in the transaction that ends
//! its request, and from then on the call is not sent again: it is polled until it has ended, each poll a request of
//! its own under a permit. `caller` decided what a poll showed and `call` what follows from it; here it is carried out.

use std::time::{Duration, SystemTime};

use rampmeter_call::{JobAction, Judgement, Outcome, PermitEnd, PolledJob, job::FollowUp};
use rampmeter_dispatch::PermitId;
use rampmeter_index::InFlight;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{JobRow, StoreError, StoreFailure};

use crate::apply::calls::context::{CallContext, CallStore};
use crate::apply::subject::Subject;

/// A job that a vendor has accepted.
#[derive(Debug)]
pub(crate) struct AcceptedJob {
    /// The permit that it keeps, where a limit counts jobs.
    permit: Option<PermitId>,
    follow_up: FollowUp,
}

/// Calls that vendors have accepted and work on.
#[derive(Debug)]
pub(crate) struct Jobs<'a, 't> {
    pub(crate) calls: &'a mut CallContext<'t>,
    pub(crate) store: CallStore<'t>,
}

impl<'t> CallContext<'t> {
    pub(crate) fn jobs(&mut self) -> Jobs<'_, 't> {
        Jobs {
            store: self.store,
            calls: self,
        }
    }
}

impl Jobs<'_, '_> {
    /// The vendor has accepted a call and goes on with it. In limits that count jobs it keeps its slot.
    pub(crate) fn accepted(
        &mut self,
        id: TargetId,
        permit: PermitId,
        follow_up: FollowUp,
    ) -> Result<AcceptedJob, StoreFailure> {
        let now = self.calls.now();
        let target = self.calls.target(id);
        let counted = target.gate.counts_jobs();
        if counted {
            let places = target.gate.accepted(permit, now);
            self.store.calls.put_slots(id, &places)?;
            self.store.calls.count_call_of(permit, now)?;
        } else {
            self.calls.free(id, permit)?;
        }
        Ok(AcceptedJob {
            permit: counted.then_some(permit),
            follow_up,
        })
    }

    /// Writes a job down, and schedules its next poll.
    pub(crate) fn watch(
        &mut self,
        id: TargetId,
        call: &InFlight,
        job: AcceptedJob,
    ) -> Result<(), StoreError> {
        let AcceptedJob { permit, follow_up } = job;
        tracing::debug!(
            message = call.message.id.0,
            job = follow_up.job,
            "the vendor accepted the call as a job"
        );
        self.store.calls.insert_job(&JobRow {
            message: call.message.id,
            target: id,
            task: call.message.task,
            permit,
            since: self.calls.now(),
            polls: 0,
            follow_up,
        })?;
        let target = self.calls.target(id);
        target.jobs += 1;
        let wait = target.config.profile.polling.pause(0);
        self.calls.put_back(call, wait)
    }

    /// Frees or holds the slots of a poll, and takes from its outcome what it says about the account.
    pub(crate) fn settle_poll(
        &mut self,
        id: TargetId,
        permit: PermitId,
        call: &InFlight,
        outcome: &Outcome,
    ) -> Result<Judgement, StoreFailure> {
        let took = self.calls.now().saturating_since(call.started_at);
        self.calls.target(id).figures.polls += 1;
        if PermitEnd::of(outcome) == PermitEnd::Free {
            self.calls.target(id).note_latency(took);
        }
        self.calls.end_permit(id, permit, call, outcome)
    }

    /// Carries out what follows from a poll's result.
    pub(crate) fn polled(
        &mut self,
        id: TargetId,
        call: InFlight,
        poll: &FollowUp,
        outcome: Outcome,
        judgement: Judgement,
    ) -> Result<(), StoreError> {
        let job = self.store.calls.job(call.message.id)?;
        let mut job = job.ok_or_else(|| {
            StoreError::damaged(format!(
                "the job of message {} is missing",
                call.message.id.0
            ))
        })?;
        job.polls += 1;
        let polled = PolledJob {
            follow_up: poll,
            polls: job.polls,
            age: self.calls.now().saturating_since(job.since),
            least_pause: Duration::ZERO,
        };
        let rules = self.calls.rules_of(id, &call);
        let profile = &self.calls.target(id).config.profile;
        let result = profile.poll_result(poll, outcome, SystemTime::now());
        match rules.after_poll(&polled, result, judgement) {
            JobAction::Done(answer) => {
                self.forget_job(id, &job)?;
                self.calls.succeed(id, &call, &answer)
            }
            JobAction::Failed(failed) => {
                self.forget_job(id, &job)?;
                if self.calls.still_wanted(&call.message)? {
                    self.calls.give_up(id, call, &failed)
                } else {
                    self.drop_unwanted(id, &call)
                }
            }
            JobAction::Again { follow_up, after } => {
                job.follow_up = follow_up;
                self.store.calls.update_job(&job)?;
                self.calls.put_back(&call, after)
            }
        }
    }

    /// A poll was in flight when an earlier process ended: the job is polled again.
    pub(crate) fn poll_lost_in_crash(&mut self, call: &InFlight) -> Result<(), StoreError> {
        self.calls.put_back(call, Duration::ZERO)
    }

    /// Stops polling a job, and frees what it kept.
    pub(crate) fn forget_job(&mut self, id: TargetId, job: &JobRow) -> Result<(), StoreError> {
        if let Some(permit) = job.permit
            && self.calls.target(id).gate.is_open(permit)
        {
            self.calls.free(id, permit)?;
        }
        self.calls.target(id).jobs -= 1;
        self.store.calls.delete_job(job.message)
    }

    /// The task had ended long before its job.
    fn drop_unwanted(&mut self, id: TargetId, call: &InFlight) -> Result<(), StoreError> {
        self.store.messages.delete_message(call.message.id)?;
        self.calls.lanes().leave_order(id, &call.message)
    }
}

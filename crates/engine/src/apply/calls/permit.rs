//! Gives permits: asks each gate which lane may start, takes that lane's first call, and writes the permit before
//! anything leaves. The gate decides which lane; the lane's order decides which call.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rampmeter_asl::Selector;
use rampmeter_call::{CallMessage, OnUnknown, Request, job::FollowUp};
use rampmeter_caller::Attempt;
use rampmeter_dispatch::{Charges, Decision, Priority, Time};
use rampmeter_index::InFlight;
use rampmeter_store::message_body;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::MessageNumber;
use rampmeter_store::model::id::{TargetId, idempotency_key, message_id};
use rampmeter_store::{MessageRow, PermitRow, StoreError};
use rampmeter_store::{Readable, StoreFailure, readable};
use rampmeter_succession::holds_for;

use crate::apply::calls::context::{CallContext, CallStore};
use crate::apply::calls::send::INVALID_MESSAGE;
use crate::apply::outbox::OutgoingCall;
use crate::apply::subject::Subject;

/// What a call asks for.
struct Wanted {
    request: Request,
    /// The part of the answer's body that is passed on.
    selector: Option<Arc<Selector>>,
    /// Set when it is a poll of a job that the vendor has accepted.
    poll: Option<Box<FollowUp>>,
}

/// What a message asks for.
enum Asked {
    Call(Box<Wanted>),
    /// It is not a call, for this reason.
    Nothing(String),
}

/// Permits given in one transaction, so that a wide limit cannot occupy the writer.
const PERMITS_AT_ONCE: usize = 256;

/// The permits with which calls start.
#[derive(Debug)]
pub(crate) struct Permits<'a, 't> {
    pub(crate) calls: &'a mut CallContext<'t>,
    pub(crate) store: CallStore<'t>,
}

impl<'t> CallContext<'t> {
    pub(crate) fn permits(&mut self) -> Permits<'_, 't> {
        Permits {
            store: self.store,
            calls: self,
        }
    }
}

impl Permits<'_, '_> {
    /// Starts every call that may start. Returns whether it stopped at its own bound.
    pub(crate) fn start_calls(&mut self) -> Result<bool, StoreFailure> {
        if self.calls.is_draining() {
            return Ok(false);
        }
        let targets: Vec<TargetId> = self.calls.memory.targets.keys().copied().collect();
        let mut unfinished = false;
        for target in targets {
            unfinished |= self.start_calls_of(target)?;
        }
        Ok(unfinished)
    }

    fn start_calls_of(&mut self, id: TargetId) -> Result<bool, StoreFailure> {
        let now = self.calls.now();
        let mut unfinished = true;
        for _ in 0..PERMITS_AT_ONCE {
            if let Readable::Damaged(damaged) = readable(self.calls.lanes().settle(id))? {
                self.calls
                    .note_damaged(DamagedKind::Row, damaged.to_string(), &damaged)?;
                return Ok(false);
            }
            let target = self.calls.target(id);
            let waiting = target.waiting();
            match target.gate.decide(waiting, now) {
                Decision::Start(priority) => self.start_first(id, priority)?,
                Decision::NotBefore(at) => {
                    target.wake = at;
                    unfinished = false;
                    break;
                }
                Decision::Idle => {
                    target.wake = None;
                    unfinished = false;
                    break;
                }
            }
        }
        let target = self.calls.target(id);
        if target.aside != [0; 3] {
            let freed = target.gate.view(now).next_freed();
            target.wake = [target.wake, freed].into_iter().flatten().min();
        }
        target.note_contention(now);
        // The end of a hold frees a slot even when nothing waits now; it must be written on time.
        if target.gate.held() > 0 {
            let change = target.gate.view(now).next_change();
            target.wake = [target.wake, change].into_iter().flatten().min();
        }
        Ok(unfinished)
    }

    /// Starts the first call of a lane. A message that cannot be read is set aside.
    fn start_first(&mut self, id: TargetId, priority: Priority) -> Result<(), StoreFailure> {
        let head = self.calls.target(id).heads[priority.index()].take();
        let charges = head.map_or(Charges::NOTHING, |head| head.charges);
        let queue = self.calls.target(id).queues[priority.index()];
        let first = match readable(self.store.lanes.first_in_turn(queue))? {
            Readable::Whole(Some(first)) => first,
            // The count in memory differs from the table.
            Readable::Whole(None) => return self.calls.recall(),
            Readable::Damaged(_) => {
                self.store.lanes.mend_turns()?;
                readable(self.store.lanes.give_turns(queue))?;
                return self.calls.recall();
            }
        };
        let has_tariffs = self.calls.target(id).has_tariffs();
        let is_known = !has_tariffs || head.is_some_and(|head| head.message == first.1);
        let started = self.calls.with_message(first.1, |calls| {
            Ok(calls.permits().start(id, priority, first)?)
        })?;
        match started.flatten() {
            // The gate was asked about another call, or about one whose message could not be read.
            Some((message, _)) if !is_known => {
                panic!("call c-{} would start without its charges", message.id.0);
            }
            Some(ready) => self.give_permit(id, (priority, charges), ready),
            None => Ok(()),
        }
    }

    /// Takes a call out of its lane. `None` when it is not to be made: it is parked, nobody waits for it, or it is not
    /// a call.
    fn start(
        &mut self,
        id: TargetId,
        priority: Priority,
        first: (u64, MessageNumber),
    ) -> Result<Option<(MessageRow, Wanted)>, StoreError> {
        let Some((message, job)) = self.calls.lanes().take_first(id, priority, first)? else {
            return Ok(None);
        };
        let number = message.id;
        // A job that has a slot in a limit is watched to its end, whether or not anybody waits for it.
        let counts = job.as_ref().is_some_and(|job| job.permit.is_some());
        if !counts && !self.calls.still_wanted(&message)? {
            tracing::debug!(
                message = number.0,
                "no workflow waits for this call any more"
            );
            self.store.messages.delete_message(number)?;
            if let Some(job) = &job {
                self.calls.jobs().forget_job(id, job)?;
            }
            self.calls.lanes().leave_order(id, &message)?;
            return Ok(None);
        }
        let asked = match readable(self.request_of(id, &message))? {
            Readable::Whole(asked) => asked,
            Readable::Damaged(why) => Asked::Nothing(why.to_string()),
        };
        if let Some(job) = job {
            let wanted = Wanted {
                request: job.follow_up.request(),
                selector: match asked {
                    Asked::Call(wanted) => wanted.selector,
                    Asked::Nothing(_) => None,
                },
                poll: Some(Box::new(job.follow_up)),
            };
            return Ok(Some((message, wanted)));
        }
        match asked {
            Asked::Call(wanted) => Ok(Some((message, *wanted))),
            Asked::Nothing(reason) => {
                self.calls
                    .fail_call(id, &message, INVALID_MESSAGE, &reason, None)?;
                Ok(None)
            }
        }
    }

    /// What happens to a message's call if its answer is lost. A message that is not a call is not sent again.
    pub(crate) fn on_unknown_of(
        &mut self,
        target: TargetId,
        message: &MessageRow,
    ) -> Result<OnUnknown, StoreError> {
        Ok(match self.request_of(target, message)? {
            Asked::Call(wanted) => {
                let config = &self.calls.target(target).config;
                config.on_unknown_of(&wanted.request)
            }
            Asked::Nothing(_) => OnUnknown::Fail,
        })
    }

    /// The call that a message asks for.
    fn request_of(&mut self, target: TargetId, message: &MessageRow) -> Result<Asked, StoreError> {
        let body = message_body(self.calls.queue.store.executions, message)?;
        let key = self.idempotency_key_of(message)?;
        let target = self.calls.target(target);
        let call = match CallMessage::parse(&body, &target.config.account) {
            Ok(call) => call,
            Err(invalid) => return Ok(Asked::Nothing(invalid.to_string())),
        };
        let selector = match &call.response_selector {
            // It was parsed once already, when the message was sent.
            Some(path) => Selector::parse(path).ok().map(Arc::new),
            None => target.selector.clone(),
        };
        Ok(Asked::Call(Box::new(Wanted {
            request: call.into_request(&key),
            selector,
            poll: None,
        })))
    }

    /// The same for every attempt of one entry into a state, and for every attempt of one message without a task.
    fn idempotency_key_of(&mut self, message: &MessageRow) -> Result<String, StoreError> {
        if let (Some((execution, _)), Some(entered)) = (message.task, message.entered)
            && let Some(arn) = self
                .store
                .executions
                .execution_arn(execution, self.calls.arns)?
        {
            return Ok(idempotency_key(&arn, entered));
        }
        Ok(message_id(self.calls.seal.key(), message.id))
    }

    fn give_permit(
        &mut self,
        id: TargetId,
        (priority, charges): (Priority, Charges),
        (mut message, wanted): (MessageRow, Wanted),
    ) -> Result<(), StoreFailure> {
        let Wanted {
            request,
            selector,
            poll,
        } = wanted;
        let now: Time = self.calls.now();
        let permit = self.calls.memory.permit_numbers.take(self.calls.ledger)?;
        let target = self.calls.target(id);
        let mut waiting = target.waiting().charged(priority, charges);
        if poll.is_some() {
            waiting = waiting.with_poll(priority);
        }
        let places = target.gate.start(permit, priority, waiting, now);
        let charges = charges.kept(target.gate.tariffs());
        let caller = Arc::clone(&target.caller);
        let on_unknown = target.config.on_unknown_of(&request);
        let holds_for = Some(holds_for(&target.config));
        let attempt = match poll {
            Some(_) => Attempt::default(),
            None => attempt_of(on_unknown, &message, now),
        };
        let number = message.id;
        if poll.is_none() && message.receive_count == 0 {
            let waited = now.saturating_since(message.sent_at);
            target.figures.note_wait(priority, waited);
        }
        // A call in flight keeps no body in memory: its row has it.
        message.body = None;
        target.in_flight.insert(
            permit,
            InFlight {
                message,
                priority,
                endpoint: request.endpoint.clone(),
                started_at: now,
                on_unknown,
                poll: poll.clone(),
                cancelled: false,
            },
        );
        self.store.calls.insert_permit(&PermitRow {
            id: permit,
            target: id,
            lane: u8::try_from(priority.index()).expect("there are three lanes"),
            message: number,
            started_at: now,
            held_until: None,
            holds_for,
            charges,
        })?;
        self.store.calls.put_slots(id, &places)?;
        self.calls.journal_mut().out.calls.push(OutgoingCall {
            target: id,
            permit,
            caller,
            request,
            attempt,
            poll,
            selector,
        });
        Ok(())
    }
}

impl CallContext<'_> {
    /// Whether the call is still wanted: its task still waits. A message without a task token is always wanted.
    pub(crate) fn still_wanted(&self, message: &MessageRow) -> Result<bool, StoreError> {
        let Some((execution, event)) = message.task else {
            return Ok(true);
        };
        self.waits_for(execution, event)
    }
}

/// What the caller should know of the earlier attempts: when the first began, whether one of them may have taken effect, and
/// for how long the vendor may still be at work on it. A first attempt states its start by the same clock as its repeats
/// will, for a vendor may compare them.
fn attempt_of(on_unknown: OnUnknown, message: &MessageRow, now: Time) -> Attempt {
    let first = message.first_started_at.unwrap_or(now);
    let micros = u64::try_from(first.as_micros()).unwrap_or_default();
    let lost = message.lost_until;
    Attempt {
        first_sent: Some(SystemTime::UNIX_EPOCH + Duration::from_micros(micros)),
        ask_first: on_unknown == OnUnknown::Reconcile && lost.is_some(),
        lost_before: lost.is_some(),
        at_work_for: lost.map_or(Duration::ZERO, |until| until.saturating_since(now)),
    }
}

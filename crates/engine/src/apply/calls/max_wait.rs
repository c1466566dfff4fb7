//! Calls that have waited for as long as `max_wait` of their target allows: for a vendor that is away, a limit, a pause or the next
//! attempt, whatever holds them. They fail without being sent any more, and their workflows go another way. One that is in
//! flight is let end.

use rampmeter_call::OnUnknown;
use rampmeter_call::cause::{Failure, cause};
use rampmeter_store::model::id::{MessageNumber, TargetId};
use rampmeter_store::{MessageRow, Readable, StoreError, StoreFailure, readable};

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

/// Calls failed in one transaction; the rest follows in the next.
const FAILED_AT_ONCE: u32 = 256;

/// The waits of calls that may not wait for ever.
#[derive(Debug)]
pub(crate) struct Waits<'a, 't> {
    pub(crate) calls: &'a mut CallContext<'t>,
}

impl Waits<'_, '_> {
    /// Fails the calls that have waited too long. Answers whether there are more of them.
    pub(crate) fn end_waits(&mut self) -> Result<bool, StoreFailure> {
        let now = self.calls.now();
        let targets = self.calls.memory.targets.iter();
        let targets = targets.filter_map(|(id, target)| Some((*id, target.config.max_wait?)));
        let targets: Vec<_> = targets.collect();
        let mut unfinished = false;
        for (id, max_wait) in targets {
            let sent_by = now.saturating_sub(max_wait);
            let late = self
                .calls
                .store
                .lanes
                .take_waiting_calls(id, sent_by, FAILED_AT_ONCE);
            // A row that cannot be read is met, and set aside, when its call has its turn.
            let Readable::Whole(late) = readable(late)? else {
                continue;
            };
            unfinished |= late.len() == FAILED_AT_ONCE as usize;
            for number in late {
                self.calls
                    .with_message(number, |calls| Ok(Waits { calls }.end_wait(id, number)?))?;
            }
        }
        Ok(unfinished)
    }

    /// Ends the wait of one call. The vendor works on it already if it is in flight or a job: then it waits for nothing of ours.
    fn end_wait(&mut self, id: TargetId, number: MessageNumber) -> Result<(), StoreError> {
        let Some(message) = self.calls.store.messages.message(number)? else {
            return Ok(());
        };
        let lane = self.calls.queue.memory.queues.get(message.queue);
        let Some(lane) = lane.and_then(|queue| queue.lane) else {
            return Ok(());
        };
        let is_in_flight = self.calls.target(id).in_flight.has_message(number);
        if is_in_flight || self.calls.lanes().is_job(id, number)? {
            return Ok(());
        }
        self.calls.lanes().withdraw(id, lane, &message)?;
        self.fail_for_its_wait(id, &message)
    }

    /// Whether a call that is about to wait again has waited for long enough.
    pub(crate) fn has_waited_too_long(&mut self, id: TargetId, message: &MessageRow) -> bool {
        let now = self.calls.now();
        let max_wait = self.calls.target(id).config.max_wait;
        max_wait.is_some_and(|longest| now.saturating_since(message.sent_at) >= longest)
    }

    /// Fails a call that stands in no lane any more.
    pub(crate) fn fail_for_its_wait(
        &mut self,
        id: TargetId,
        message: &MessageRow,
    ) -> Result<(), StoreError> {
        let waited = self.calls.now().saturating_since(message.sent_at);
        let target = self.calls.target(id);
        let troubled = target.gate.trouble().is_some();
        let last = target.errors.last().filter(|_| troubled);
        let last = last.map(|(last, _)| last.words.clone());
        let (attempts, refusals) = (message.attempts, message.refusals);
        let rules = target
            .config
            .call_rules(attempts, refusals, 0, OnUnknown::Fail);
        let failed = rules.waited_too_long(waited, message.lost_until.is_some(), last.as_deref());
        let told = cause(&Failure {
            answer: None,
            vendor_code: None,
            reason: failed.reason.as_deref(),
            attempts: failed.attempts,
        });
        self.calls
            .fail_call(id, message, &failed.error, &told, None)
    }
}

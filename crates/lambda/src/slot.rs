//! The simple form: one call for each slot of the function, and reserved concurrency is the limit. There is no table,
//! so everything rests on what one environment can know by itself. A slot that was handed a message of a lower lane
//! first serves what waits in higher lanes, and after `max_deferrals` its own; earlier receives of its message count as
//! deferrals. Attempts are counted within one invocation.

use std::sync::Arc;
use std::time::Duration;

use rampmeter_call::{Judgement, PermitEnd};
use rampmeter_dispatch::{DeferralBound, Priority, Time};

use crate::call::{Attempted, Call, Fate};
use crate::clock::Clock;
use crate::ending::{Ending, WentWrong};
use crate::event::Message;
use crate::keeper::Keeper;
use crate::service::table::CallRecord;
use crate::worker::Worker;

/// What a call needs besides its timeout: to leave, and for its task to be told.
const AROUND_A_CALL: Duration = Duration::from_secs(20);
/// The longest time for which a slot waits for one call; for longer waits the message goes back to its queue.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// One slot and its time.
pub(crate) struct Slot {
    pub(crate) worker: Arc<Worker>,
    pub(crate) clock: Clock,
    pub(crate) deadline: Time,
}

impl Slot {
    /// Serves a message in its turn, and returns what became of it.
    pub(crate) async fn serve(&self, own: &Message) -> Fate {
        let keeper = Keeper::default();
        let keeping = keeper.start(Arc::clone(&self.worker));
        keeper.keep(own);
        if let Err(error) = self
            .worker
            .queues
            .hide(own, crate::service::queues::HIDDEN)
            .await
        {
            tracing::warn!(%error, "a message stays hidden for long after a crash");
        }
        let fate = self.serve_in_turn(own, &keeper).await;
        keeping.abort();
        self.worker.metrics.flush();
        fate
    }

    async fn serve_in_turn(&self, own: &Message, keeper: &Keeper) -> Fate {
        let bound = self.worker.target.rules.max_deferrals.of(own.lane);
        let mut passed = own.receive_count.saturating_sub(1);
        while self.has_time_for_a_call(Duration::ZERO) {
            let higher = if is_due(bound, passed) {
                None
            } else {
                self.higher(own.lane).await
            };
            let Some(higher) = higher else {
                return self.call(own).await;
            };
            keeper.keep(&higher);
            self.call(&higher).await;
            keeper.let_go(&higher.id);
            passed += 1;
        }
        self.as_call(own).hand_back(Duration::ZERO).await
    }

    /// The first message of the highest queue above this lane that has one.
    async fn higher(&self, lane: Priority) -> Option<Message> {
        for higher in Priority::ALL.into_iter().filter(|other| *other < lane) {
            match self.worker.queues.receive(higher, 1).await {
                Ok(mut messages) => {
                    if let Some(message) = messages.pop() {
                        return Some(message);
                    }
                }
                Err(error) => tracing::warn!(%error, "a queue gives nothing"),
            }
        }
        None
    }

    /// Makes a call, with further attempts where they help and there is time.
    async fn call(&self, message: &Message) -> Fate {
        let mut message = message.clone();
        let segment = self.worker.tracer.begin(&mut message, self.clock.now());
        let call = Call {
            segment: segment.as_ref(),
            ..self.as_call(&message)
        };
        let fate = self.attempts(&call).await;
        let tracer = &self.worker.tracer;
        tracer.end(segment.as_ref(), message.lane, self.clock.now());
        fate
    }

    async fn attempts(&self, call: &Call<'_>) -> Fate {
        let mut record = CallRecord::default();
        loop {
            // There is no gate here that could say that it is the account's trouble.
            let ended = |ending| {
                if let Ending::Wrong(WentWrong {
                    end: PermitEnd::Throttled { .. },
                    ..
                }) = ending
                {
                    self.worker.metrics.add("Throttle", 1);
                }
                std::future::ready(Judgement::CALL)
            };
            let (after, next) = match call.attempt(record, ended).await {
                Attempted::Over { token, told } | Attempted::Noted { token, told } => {
                    return call.conclude(token.as_deref(), told, false).await;
                }
                Attempted::Gone => return call.forget().await,
                Attempted::Back { after } => return call.hand_back(after).await,
                Attempted::Again { after, record } => (after, *record),
            };
            if after > MAX_WAIT || !self.has_time_for_a_call(after) {
                return call.hand_back(after).await;
            }
            tokio::time::sleep(after).await;
            record = next;
        }
    }

    fn as_call<'a>(&'a self, message: &'a Message) -> Call<'a> {
        Call {
            worker: &self.worker,
            clock: self.clock,
            message,
            leave_before: Time::MAX,
            give_up_at: self.deadline,
            segment: None,
        }
    }

    fn has_time_for_a_call(&self, after: Duration) -> bool {
        let needed = after + self.worker.target.timeout + AROUND_A_CALL;
        self.clock.now().saturating_add(needed) < self.deadline
    }
}

fn is_due(bound: DeferralBound, passed: u32) -> bool {
    match bound {
        DeferralBound::AtMost(most) => passed >= most.get(),
        DeferralBound::Unlimited => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_was_passed_as_often_as_it_may_be_is_next() {
        let bound = DeferralBound::at_most(3).unwrap();
        assert!(!is_due(bound, 2));
        assert!(is_due(bound, 3));
        assert!(!is_due(DeferralBound::Unlimited, u32::MAX));
    }
}

//! The calls in flight of one target, found by their permit, their message and their task.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_asl::EventId;
use rampmeter_call::OnUnknown;
use rampmeter_call::job::FollowUp;
use rampmeter_dispatch::{PermitId, Priority, Time};
use rampmeter_store::MessageRow;
use rampmeter_store::model::id::{ExecutionId, MessageNumber};

/// One call in flight.
#[derive(Debug, Clone)]
pub struct InFlight {
    /// The message that asks for it, without its body: the row has that.
    pub message: MessageRow,
    /// The lane that it left.
    pub priority: Priority,
    /// The endpoint of its target that it went to; none for the target's own base URL.
    pub endpoint: Option<String>,
    /// When its permit was given.
    pub started_at: Time,
    /// What happens to it if its answer is lost.
    pub on_unknown: OnUnknown,
    /// Set when it is a poll of the job of a call that the vendor has accepted.
    pub poll: Option<Box<FollowUp>>,
    /// A person cancelled it: nobody waits for its answer.
    pub cancelled: bool,
}

/// All calls in flight of a target.
#[derive(Debug, Default)]
pub struct CallsInFlight {
    calls: BTreeMap<PermitId, InFlight>,
    messages: BTreeSet<(MessageNumber, PermitId)>,
    tasks: BTreeSet<(ExecutionId, EventId, PermitId)>,
}

impl CallsInFlight {
    /// The call of a permit.
    #[must_use]
    pub fn get(&self, permit: &PermitId) -> Option<&InFlight> {
        self.calls.get(permit)
    }

    /// Adds a call that has left under a permit.
    pub fn insert(&mut self, permit: PermitId, call: InFlight) {
        self.messages.insert((call.message.id, permit));
        if let Some((execution, event)) = call.message.task {
            self.tasks.insert((execution, event, permit));
        }
        self.calls.insert(permit, call);
    }

    /// Removes the call of a permit: it has its outcome.
    pub fn remove(&mut self, permit: &PermitId) -> Option<InFlight> {
        let call = self.calls.remove(permit)?;
        self.messages.remove(&(call.message.id, *permit));
        if let Some((execution, event)) = call.message.task {
            self.tasks.remove(&(execution, event, *permit));
        }
        Some(call)
    }

    /// Each of them, in the order of their permits.
    pub fn values(&self) -> impl Iterator<Item = &InFlight> {
        self.calls.values()
    }

    /// Whether none is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Notes that a person cancelled the call of a permit. Returns whether that is new.
    pub fn cancel(&mut self, permit: PermitId) -> bool {
        let call = self.calls.get_mut(&permit);
        call.is_some_and(|call| !std::mem::replace(&mut call.cancelled, true))
    }

    /// The permit of this call's request in flight.
    #[must_use]
    pub fn permit_of(&self, message: MessageNumber) -> Option<PermitId> {
        let all = (message, PermitId::MIN)..=(message, PermitId::MAX);
        self.messages.range(all).next().map(|(_, permit)| *permit)
    }

    /// The endpoint that the request of this call went to, if one is in flight and it is not the target's own
    /// base URL.
    #[must_use]
    pub fn endpoint_of(&self, message: MessageNumber) -> Option<&str> {
        let call = self.calls.get(&self.permit_of(message)?)?;
        call.endpoint.as_deref()
    }

    /// Whether a request of this call is in flight.
    #[must_use]
    pub fn has_message(&self, message: MessageNumber) -> bool {
        self.permit_of(message).is_some()
    }

    /// Whether the call of this task is in flight.
    #[must_use]
    pub fn has_task(&self, execution: ExecutionId, event: EventId) -> bool {
        let all = (execution, event, PermitId::MIN)..=(execution, event, PermitId::MAX);
        self.tasks.range(all).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rampmeter_store::model::id::QueueId;

    fn call(message: i64, task: Option<(ExecutionId, EventId)>) -> InFlight {
        InFlight {
            message: MessageRow {
                id: MessageNumber(message),
                queue: QueueId(1),
                task,
                entered: None,
                stored: None,
                body: None,
                key: None,
                sent_at: Time::default(),
                first_started_at: None,
                receive_count: 0,
                attempts: 0,
                crashes: 0,
                refusals: 0,
                lost_until: None,
                turn: 1,
                group: None,
                ordering: None,
            },
            priority: Priority::High,
            endpoint: None,
            started_at: Time::default(),
            on_unknown: OnUnknown::Retry,
            poll: None,
            cancelled: false,
        }
    }

    #[test]
    fn a_call_is_found_by_its_message_and_its_task_until_it_is_answered() {
        let mut calls = CallsInFlight::default();
        calls.insert(1, call(7, Some((ExecutionId(3), 5))));
        calls.insert(2, call(8, None));
        assert!(calls.has_message(MessageNumber(7)) && calls.has_message(MessageNumber(8)));
        assert!(calls.has_task(ExecutionId(3), 5));
        assert!(!calls.has_task(ExecutionId(3), 6) && !calls.has_message(MessageNumber(9)));
        assert_eq!(calls.remove(&1).unwrap().message.id, MessageNumber(7));
        assert!(!calls.has_message(MessageNumber(7)) && !calls.has_task(ExecutionId(3), 5));
        assert!(calls.remove(&1).is_none());
        assert_eq!(calls.values().count(), 1);
    }
}

//! The queues whose messages start executions, in the writer's memory: `[workflows.X] source`. What a message starts is in
//! `apply::workflow::source`.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_store::model::id::QueueId;

/// All source queues.
#[derive(Debug, Default)]
pub struct Sources {
    /// The name of the state machine by queue.
    workflows: BTreeMap<QueueId, String>,
    /// Queues that may have messages.
    woken: BTreeSet<QueueId>,
    /// The queue that was served last.
    last: Option<QueueId>,
}

impl Sources {
    /// Makes a queue the source of a workflow. It may hold messages from before.
    pub fn add(&mut self, queue: QueueId, workflow: String) {
        self.workflows.insert(queue, workflow);
        self.woken.insert(queue);
    }

    /// The workflow that the messages of a queue start, if they start one.
    pub fn workflow_of(&self, queue: QueueId) -> Option<&str> {
        self.workflows.get(&queue).map(String::as_str)
    }

    /// Notes that a queue has a message.
    pub fn wake(&mut self, queue: QueueId) {
        if self.workflows.contains_key(&queue) {
            self.woken.insert(queue);
        }
    }

    /// The next queue that may have messages, in rotation.
    pub fn next_woken(&mut self) -> Option<QueueId> {
        let after = self.last.and_then(|last| {
            let rest = (std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded);
            self.woken.range(rest).next()
        });
        self.last = after.or_else(|| self.woken.first()).copied();
        self.last
    }

    /// Notes that a queue has no message that can be taken.
    pub fn rest(&mut self, queue: QueueId) {
        self.woken.remove(&queue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_with_messages_take_turns() {
        let mut sources = Sources::default();
        for queue in 1..=3 {
            sources.add(QueueId(queue), format!("w{queue}"));
        }
        sources.rest(QueueId(2));
        let turns: Vec<_> = (0..4).map(|_| sources.next_woken()).collect();
        assert_eq!(turns, [1, 3, 1, 3].map(|queue| Some(QueueId(queue))));
        sources.wake(QueueId(9));
        sources.rest(QueueId(1));
        sources.rest(QueueId(3));
        assert_eq!(
            sources.next_woken(),
            None,
            "a queue that is no source is not woken"
        );
    }
}

//! Which queue belongs to which target and lane. Queues other than those of targets are another issue.

use std::collections::BTreeMap;

use rampmeter_dispatch::Priority;

use crate::id::{QueueId, TargetId};

/// The number that stands for the dead-letter queue where others have the index of their priority.
pub(crate) const DEAD_LANE: u8 = 3;

/// One queue of a target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue {
    pub(crate) id: QueueId,
    pub(crate) target: TargetId,
    /// The priority; `None` for the dead-letter queue.
    pub(crate) lane: Option<Priority>,
}

/// The queues by name.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    by_name: BTreeMap<String, Queue>,
    by_id: BTreeMap<QueueId, Queue>,
}

impl Queues {
    pub(crate) fn add(&mut self, name: String, queue: Queue) {
        self.by_name.insert(name, queue);
        self.by_id.insert(queue.id, queue);
    }

    pub(crate) fn named(&self, name: &str) -> Option<Queue> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn get(&self, id: QueueId) -> Option<Queue> {
        self.by_id.get(&id).copied()
    }
}

/// The names of a target's queues, HIGH first, the dead-letter queue last.
pub(crate) fn names_of(target: &str) -> [(String, Option<Priority>); 4] {
    let lane = |priority: Priority| {
        (
            format!("{target}-{}", priority.as_str().to_lowercase()),
            Some(priority),
        )
    };
    [
        lane(Priority::High),
        lane(Priority::Medium),
        lane(Priority::Batch),
        (format!("{target}-dead"), None),
    ]
}

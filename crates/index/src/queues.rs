//! The queues in the writer's memory: what each is, and which belong to the embedded worker of a target.
//! The messages are in the store; nothing here grows with the backlog.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_config::Target as Config;
use rampmeter_dispatch::{Priority, Time};
use rampmeter_store::model::id::{QueueId, TargetId};
use rampmeter_store::model::sqs::queue::QueueRecord;

/// The number that stands for the dead-letter queue where others have the index of their priority.
pub const DEAD_LANE: u8 = 3;

/// How long the name of a deleted queue cannot be used again, in seconds.
const NAME_RESTS: u64 = 60;

/// One queue of a target, drained by the target's own worker.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    /// Its number.
    pub id: QueueId,
    /// The target that owns it.
    pub target: TargetId,
    /// The priority; `None` for the dead-letter queue.
    pub lane: Option<Priority>,
}

/// All queues, by name and by number.
#[derive(Debug, Default)]
pub struct Queues {
    ids: BTreeMap<String, QueueId>,
    records: BTreeMap<QueueId, QueueRecord>,
    lanes: BTreeMap<QueueId, Queue>,
    /// The queues of targets that a worker elsewhere drains: plain, but not for clients to delete.
    external: BTreeMap<QueueId, TargetId>,
    /// The configuration of the targets that own these queues.
    configs: BTreeMap<TargetId, Arc<Config>>,
    deleted: BTreeMap<String, Time>,
}

impl Queues {
    /// Adds a queue that is new or was found in the store.
    pub fn add(&mut self, record: QueueRecord) {
        self.ids.insert(record.name.clone(), record.id);
        self.records.insert(record.id, record);
    }

    /// Adds a target; its queues are assigned to it after that.
    pub fn add_target(&mut self, id: TargetId, config: Arc<Config>) {
        self.configs.insert(id, config);
    }

    /// The configuration of a target that owns one of these queues.
    ///
    /// # Panics
    /// If the target was never added.
    pub fn config_of(&self, target: TargetId) -> &Config {
        self.configs
            .get(&target)
            .expect("the target of a queue is configured")
    }

    /// Assigns a queue to the embedded worker of its target.
    pub fn add_lane(&mut self, queue: Queue) {
        self.lanes.insert(queue.id, queue);
    }

    /// Notes a queue of a target whose worker is elsewhere.
    pub fn add_external(&mut self, id: QueueId, target: TargetId) {
        self.external.insert(id, target);
    }

    /// Removes a plain queue.
    pub fn remove(&mut self, id: QueueId, now: Time) {
        if let Some(record) = self.records.remove(&id) {
            self.ids.remove(&record.name);
            self.deleted.retain(|_, at| rests_until(*at) > now);
            self.deleted.insert(record.name, now);
        }
    }

    /// Whether a queue with this name was deleted less than a minute ago.
    pub fn was_deleted_recently(&self, name: &str, now: Time) -> bool {
        self.deleted
            .get(name)
            .is_some_and(|at| rests_until(*at) > now)
    }

    /// The queue of an embedded worker with this number.
    pub fn get(&self, id: QueueId) -> Option<Queue> {
        self.lanes.get(&id).copied()
    }

    /// The target of a queue, if it belongs to one.
    pub fn target_of(&self, id: QueueId) -> Option<TargetId> {
        let embedded = self.lanes.get(&id).map(|queue| queue.target);
        embedded.or_else(|| self.external.get(&id).copied())
    }

    /// Whether clients receive from this queue.
    pub fn is_plain(&self, id: QueueId) -> bool {
        self.records.contains_key(&id) && !self.lanes.contains_key(&id)
    }

    /// The queues that clients receive from.
    pub fn plain(&self) -> Vec<QueueId> {
        let plain = self
            .records
            .keys()
            .filter(|id| !self.lanes.contains_key(id));
        plain.copied().collect()
    }

    /// Sets how many messages of each queue are in flight: none in those that are not named.
    pub fn set_received(&mut self, counts: Vec<(QueueId, u64)>) {
        for record in self.records.values_mut() {
            record.in_flight = 0;
        }
        for (id, count) in counts {
            if let Some(record) = self.records.get_mut(&id) {
                record.in_flight = count;
            }
        }
    }

    /// The queue with this name.
    pub fn named(&self, name: &str) -> Option<&QueueRecord> {
        self.records.get(self.ids.get(name)?)
    }

    /// The queue with this number.
    pub fn record(&self, id: QueueId) -> Option<&QueueRecord> {
        self.records.get(&id)
    }

    /// The queue with this number, for changing it.
    pub fn record_mut(&mut self, id: QueueId) -> Option<&mut QueueRecord> {
        self.records.get_mut(&id)
    }

    /// All queues in the order of their names, from one name on.
    pub fn starting_at(&self, name: &str) -> impl Iterator<Item = &QueueRecord> {
        self.ids
            .range(name.to_owned()..)
            .filter_map(|(_, id)| self.records.get(id))
    }
}

fn rests_until(deleted_at: Time) -> Time {
    deleted_at.saturating_add(std::time::Duration::from_secs(NAME_RESTS))
}

/// The names of a target's queues, HIGH first, the dead-letter queue last.
pub fn names_of(target: &str) -> [(String, Option<Priority>); 4] {
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

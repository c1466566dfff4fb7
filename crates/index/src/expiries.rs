//! When each plain queue is next checked for messages whose message retention is over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rampmeter_dispatch::Time;
use rampmeter_store::model::id::QueueId;

/// How often new queues are added: no queue keeps messages for less.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);

/// The checks that are due in the future.
#[derive(Debug, Default)]
pub struct Expiries {
    looks: BTreeSet<(Time, QueueId)>,
    next: BTreeMap<QueueId, Time>,
    round_at: Option<Time>,
}

impl Expiries {
    /// Whether it is time to add the queues that exist.
    pub fn wants_round(&mut self, now: Time) -> bool {
        let wants = self.round_at.is_none_or(|at| at <= now);
        if wants {
            self.round_at = Some(now.saturating_add(BETWEEN_ROUNDS));
        }
        wants
    }

    /// Adds a queue, if it is not there.
    pub fn add(&mut self, queue: QueueId, now: Time) {
        if !self.next.contains_key(&queue) {
            self.look_at(queue, now);
        }
    }

    /// Takes the queue whose check is due.
    pub fn take_due(&mut self, now: Time) -> Option<QueueId> {
        let (_, queue) = self.looks.pop_first().filter(|(at, queue)| {
            let due = *at <= now;
            if !due {
                self.looks.insert((*at, *queue));
            }
            due
        })?;
        self.next.remove(&queue);
        Some(queue)
    }

    /// Schedules the next check of a queue.
    pub fn look_at(&mut self, queue: QueueId, at: Time) {
        if let Some(before) = self.next.insert(queue, at) {
            self.looks.remove(&(before, queue));
        }
        self.looks.insert((at, queue));
    }

    /// When the next check is due.
    pub fn first(&self) -> Option<Time> {
        let look = self.looks.first().map(|(at, _)| *at);
        [look, self.round_at].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    #[test]
    fn each_queue_is_looked_at_in_its_time() {
        let mut expiries = Expiries::default();
        assert!(expiries.wants_round(at(0)) && !expiries.wants_round(at(59)));
        for queue in [1, 2] {
            expiries.add(QueueId(queue), at(0));
        }
        assert_eq!(expiries.take_due(at(0)), Some(QueueId(1)));
        expiries.look_at(QueueId(1), at(6));
        expiries.add(QueueId(1), at(1));
        assert_eq!(expiries.take_due(at(5)), Some(QueueId(2)));
        assert_eq!(expiries.take_due(at(5)), None);
        assert_eq!(expiries.first(), Some(at(6)));
        assert_eq!(expiries.take_due(at(6)), Some(QueueId(1)));
        assert_eq!(expiries.first(), Some(at(60)), "and the next round");
    }
}

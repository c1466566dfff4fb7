//! The receives that wait for a message (long polls), in the writer's memory: bounded, and gone with the process,
//! as are the connections behind them. Nothing polls in a loop: a message or the deadline wakes them.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_dispatch::Time;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::ReceivedMessage;
use tokio::sync::oneshot;

/// Where the messages of a receive go.
type Reply = oneshot::Sender<Result<Vec<ReceivedMessage>, Rejected>>;

/// Receives that may wait at the same time; any further one gets an empty response at once.
const MAX_WAITING: usize = 20_000;

/// How a receive takes messages, once its parameters have been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taking {
    /// The queue.
    pub queue: QueueId,
    /// How many messages at most.
    pub most: usize,
    /// How long the messages stay invisible to others.
    pub invisible: std::time::Duration,
    /// Digest of the ReceiveRequestAttemptId.
    pub attempt: Option<[u8; 16]>,
}

/// One receive that waits.
#[derive(Debug)]
pub struct WaitingReceive {
    /// How it takes messages.
    pub taking: Taking,
    /// Where they go.
    pub reply: Reply,
    deadline: Time,
    number: u64,
}

/// All waiting receives. In each queue, the one that has waited longest is served first.
#[derive(Debug, Default)]
pub struct WaitingReceives {
    next: u64,
    receives: BTreeMap<(QueueId, u64), WaitingReceive>,
    deadlines: BTreeSet<(Time, QueueId, u64)>,
    /// Queues that have had messages since their receives were last served.
    woken: BTreeSet<QueueId>,
}

impl WaitingReceives {
    /// Lets a receive wait.
    ///
    /// # Errors Its reply, if there are too many.
    pub fn add(&mut self, taking: Taking, deadline: Time, reply: Reply) -> Result<(), Reply> {
        if self.receives.len() >= MAX_WAITING {
            return Err(reply);
        }
        let number = self.next;
        self.next += 1;
        self.put_back(WaitingReceive {
            taking,
            reply,
            deadline,
            number,
        });
        Ok(())
    }

    /// Lets a receive that was taken out go on waiting, at its old position.
    pub fn put_back(&mut self, waiting: WaitingReceive) {
        let key = (waiting.taking.queue, waiting.number);
        self.deadlines.insert((waiting.deadline, key.0, key.1));
        self.receives.insert(key, waiting);
    }

    /// Notes that a queue has a message, if a receive waits for one.
    pub fn wake(&mut self, queue: QueueId) {
        if self.first_of(queue).is_some() {
            self.woken.insert(queue);
        }
    }

    /// A queue that has messages again.
    #[must_use]
    pub fn woken(&self) -> Option<QueueId> {
        self.woken.first().copied()
    }

    /// Notes that nothing can be done for the receives of a queue until it has a message again.
    pub fn rest(&mut self, queue: QueueId) {
        self.woken.remove(&queue);
    }

    fn first_of(&self, queue: QueueId) -> Option<(QueueId, u64)> {
        let all = (queue, 0)..=(queue, u64::MAX);
        self.receives.range(all).next().map(|(key, _)| *key)
    }

    /// Takes out the receive of this queue that has waited longest and whose client is still there.
    pub fn take(&mut self, queue: QueueId) -> Option<WaitingReceive> {
        loop {
            let waiting = self.remove(self.first_of(queue)?)?;
            if !waiting.reply.is_closed() {
                return Some(waiting);
            }
        }
    }

    /// Takes out every receive whose time is over.
    pub fn take_due(&mut self, now: Time) -> Vec<WaitingReceive> {
        let mut due = Vec::new();
        while let Some(&(deadline, queue, number)) = self.deadlines.first()
            && deadline <= now
        {
            due.extend(self.remove((queue, number)));
        }
        due
    }

    /// Takes out all receives.
    pub fn take_all(&mut self) -> Vec<WaitingReceive> {
        self.deadlines.clear();
        std::mem::take(&mut self.receives).into_values().collect()
    }

    /// When the first of them must get a response.
    #[must_use]
    pub fn first_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(deadline, _, _)| *deadline)
    }

    fn remove(&mut self, key: (QueueId, u64)) -> Option<WaitingReceive> {
        let waiting = self.receives.remove(&key)?;
        self.deadlines.remove(&(waiting.deadline, key.0, key.1));
        Some(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    fn taking(queue: i64) -> Taking {
        Taking {
            queue: QueueId(queue),
            most: 1,
            invisible: Duration::ZERO,
            attempt: None,
        }
    }

    #[test]
    fn the_one_that_waited_longest_is_served_first_and_a_client_that_has_gone_is_passed_over() {
        let mut waiting = WaitingReceives::default();
        let mut clients = Vec::new();
        for deadline in [30, 20, 10] {
            let (reply, client) = oneshot::channel();
            waiting
                .add(taking(1), Time::from_micros(deadline), reply)
                .unwrap();
            clients.push(client);
        }
        clients.remove(0);
        let served = waiting.take(QueueId(1)).unwrap();
        assert_eq!(served.deadline, Time::from_micros(20));
        assert!(waiting.take(QueueId(2)).is_none());
        assert_eq!(waiting.first_deadline(), Some(Time::from_micros(10)));
        assert_eq!(waiting.take_due(Time::from_micros(10)).len(), 1);
        assert_eq!(waiting.first_deadline(), None);
        assert!(waiting.take(QueueId(1)).is_none());
    }
}

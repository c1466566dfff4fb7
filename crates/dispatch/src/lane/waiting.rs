//! Which lanes have a call waiting, and whether the next one is a poll.

use serde::{Deserialize, Serialize};

use crate::permit::Stage;
use crate::priority::Priority;

/// Which lanes have a call that could start but for the limits. The host knows; the gate does not
/// hold the backlog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Record", into = "Record")]
pub struct Waiting {
    lanes: [bool; 3],
    polls: [bool; 3],
}

impl Waiting {
    /// No lane has a call.
    pub const NONE: Waiting = Waiting::new([false; 3]);
    /// Every lane has a call.
    pub const ALL: Waiting = Waiting::new([true; 3]);

    /// One flag per priority, in the order of [`Priority::ALL`].
    pub const fn new(lanes: [bool; 3]) -> Waiting {
        Waiting {
            lanes,
            polls: [false; 3],
        }
    }

    /// The same, and this lane has a call too.
    #[must_use]
    pub const fn with(mut self, priority: Priority) -> Waiting {
        self.lanes[priority.index()] = true;
        self
    }

    /// The same, and the next call of this lane is a poll: it asks the vendor how far the job of an
    /// earlier call is. A host starts the polls of a lane before its other calls.
    #[must_use]
    pub const fn with_poll(mut self, priority: Priority) -> Waiting {
        self.lanes[priority.index()] = true;
        self.polls[priority.index()] = true;
        self
    }

    /// Whether this lane has a call.
    pub const fn has(self, priority: Priority) -> bool {
        self.lanes[priority.index()]
    }

    /// What the next call of this lane is.
    pub(crate) const fn next(self, priority: Priority) -> Stage {
        if self.polls[priority.index()] {
            Stage::Poll
        } else {
            Stage::Call
        }
    }

    /// Returns whether this lane has a call.
    pub fn set(&mut self, priority: Priority, waits: bool) {
        self.lanes[priority.index()] = waits;
    }

    /// Whether any lane has a call.
    pub fn any(self) -> bool {
        self.lanes.contains(&true)
    }

    /// The lanes that have a call, highest first.
    pub fn lanes(self) -> impl Iterator<Item = Priority> {
        Priority::ALL
            .into_iter()
            .filter(move |priority| self.has(*priority))
    }
}

impl From<[bool; 3]> for Waiting {
    fn from(lanes: [bool; 3]) -> Waiting {
        Waiting::new(lanes)
    }
}

/// How it is written down: the lanes, and the polls where there are any.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Record {
    Lanes([bool; 3]),
    WithPolls { lanes: [bool; 3], polls: [bool; 3] },
}

impl From<Record> for Waiting {
    fn from(record: Record) -> Waiting {
        match record {
            Record::Lanes(lanes) => Waiting::new(lanes),
            Record::WithPolls { lanes, polls } => Waiting { lanes, polls },
        }
    }
}

impl From<Waiting> for Record {
    fn from(waiting: Waiting) -> Record {
        let Waiting { lanes, polls } = waiting;
        if polls.contains(&true) {
            Record::WithPolls { lanes, polls }
        } else {
            Record::Lanes(lanes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_lane_that_waits_comes_first() {
        let waiting = Waiting::NONE.with(Priority::Batch).with(Priority::High);
        assert_eq!(waiting.lanes().next(), Some(Priority::High));
    }
}

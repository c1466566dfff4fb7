//! The three priorities of a target, and which of their lanes have a call waiting.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::permit::Stage;

/// The priority of a call; each has a queue and a lane of its own. Ordered from the most urgent:
/// HIGH is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    /// Somebody waits for it.
    High,
    /// The ordinary course of business.
    Medium,
    /// Whenever there is room.
    Batch,
}

impl Priority {
    /// All priorities, highest first.
    pub const ALL: [Priority; 3] = [Priority::High, Priority::Medium, Priority::Batch];

    /// Its place in [`Priority::ALL`], for arrays with one entry per priority.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in configuration, queue messages and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::High => "HIGH",
            Priority::Medium => "MEDIUM",
            Priority::Batch => "BATCH",
        }
    }

    /// The priorities below this one, highest first.
    pub(crate) fn below(self) -> impl Iterator<Item = Priority> {
        Priority::ALL.into_iter().filter(move |other| *other > self)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A priority that is none of HIGH, MEDIUM and BATCH.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a priority; use HIGH, MEDIUM or BATCH")]
pub struct UnknownPriority(pub String);

impl FromStr for Priority {
    type Err = UnknownPriority;

    fn from_str(text: &str) -> Result<Priority, UnknownPriority> {
        Priority::ALL
            .into_iter()
            .find(|priority| priority.as_str() == text)
            .ok_or_else(|| UnknownPriority(text.to_owned()))
    }
}

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

    /// Says whether this lane has a call.
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
    fn a_priority_is_read_as_it_is_written_and_nothing_else_is_one() {
        for priority in Priority::ALL {
            assert_eq!(priority.to_string().parse(), Ok(priority));
        }
        for wrong in ["high", "", "HIGH ", "LOW"] {
            assert_eq!(
                wrong.parse::<Priority>(),
                Err(UnknownPriority(wrong.to_owned()))
            );
        }
    }

    #[test]
    fn high_comes_first_in_every_order() {
        assert!(Priority::High < Priority::Medium && Priority::Medium < Priority::Batch);
        assert!(Priority::ALL.is_sorted());
        assert_eq!(
            Priority::High.below().collect::<Vec<_>>(),
            [Priority::Medium, Priority::Batch]
        );
        assert_eq!(
            Waiting::NONE
                .with(Priority::Batch)
                .with(Priority::High)
                .lanes()
                .next(),
            Some(Priority::High)
        );
    }
}

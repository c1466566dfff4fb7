//! The three priorities of a target, from the most urgent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

    /// Its position in [`Priority::ALL`], for arrays with one entry per priority.
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
    }
}

//! The most places that the calls of one priority may take: the other side of a reserve, which
//! keeps places for a priority.

use crate::priority::Priority;

/// The most places of a limit that each priority may take by itself; none is bounded by the limit
/// alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The most places for HIGH.
    pub high: Option<u32>,
    /// The most places for MEDIUM.
    pub medium: Option<u32>,
    /// The most places for BATCH.
    pub batch: Option<u32>,
}

impl Share {
    /// The most places of one priority.
    pub const fn of(&self, priority: Priority) -> Option<u32> {
        match priority {
            Priority::High => self.high,
            Priority::Medium => self.medium,
            Priority::Batch => self.batch,
        }
    }

    /// Whether no priority is bounded.
    pub fn is_empty(&self) -> bool {
        Priority::ALL
            .into_iter()
            .all(|priority| self.of(priority).is_none())
    }
}

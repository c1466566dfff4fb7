//! The most slots that the calls of one priority may take: the other side of a reserve, which keeps
//! slots for a priority.

use crate::priority::Priority;

/// The most slots of a limit that each priority may take by itself; none is bounded by the limit
/// alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The most slots for HIGH.
    pub high: Option<u32>,
    /// The most slots for MEDIUM.
    pub medium: Option<u32>,
    /// The most slots for BATCH.
    pub batch: Option<u32>,
    /// For priorities whose share is a percentage of the limit, that percentage, HIGH first: the share follows when the
    /// limit is changed.
    pub hundredths: [Option<u8>; 3],
}

impl Share {
    /// The most slots of one priority.
    pub const fn of(&self, priority: Priority) -> Option<u32> {
        match priority {
            Priority::High => self.high,
            Priority::Medium => self.medium,
            Priority::Batch => self.batch,
        }
    }

    /// This percentage of a limit, rounded down, but never to 0.
    pub fn part(hundredths: u8, max: u64) -> u64 {
        let part = u64::from(hundredths);
        (max * part / 100).max(part.min(1))
    }

    /// The same share of a limit with another maximum.
    pub(super) fn follow(&mut self, max: u64) {
        let places = [&mut self.high, &mut self.medium, &mut self.batch];
        for (places, hundredths) in places.into_iter().zip(self.hundredths) {
            if let Some(hundredths) = hundredths {
                *places = Some(u32::try_from(Share::part(hundredths, max)).unwrap_or(u32::MAX));
            }
        }
    }

    /// Whether no priority is bounded.
    pub fn is_empty(&self) -> bool {
        Priority::ALL
            .into_iter()
            .all(|priority| self.of(priority).is_none())
    }
}

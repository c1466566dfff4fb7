//! Slots kept for a priority and those above it: the one rule that every kind of limit shares.

use crate::priority::Priority;

/// Slots of a limit kept for each priority and those above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserve {
    /// Kept for HIGH.
    pub high: u32,
    /// Kept for MEDIUM and HIGH.
    pub medium: u32,
    /// Always 0 in valid rules: everybody may use what is kept for BATCH.
    pub batch: u32,
}

impl Reserve {
    /// What is kept for one priority and those above it.
    pub const fn of(&self, priority: Priority) -> u32 {
        match priority {
            Priority::High => self.high,
            Priority::Medium => self.medium,
            Priority::Batch => self.batch,
        }
    }

    /// All reserves together.
    pub fn total(&self) -> u64 {
        Priority::ALL
            .into_iter()
            .map(|priority| u64::from(self.of(priority)))
            .sum()
    }

    /// Whether nothing is kept for anybody.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// Slots that a call of `priority` must leave empty: the reserves of strictly higher priorities
    /// that are not filled yet. Calls fill the reserve of their own priority first; what is over
    /// fills the next lower one.
    pub(crate) fn kept_from(&self, priority: Priority, taken: Taken) -> u64 {
        let mut kept = 0;
        let mut over = 0;
        for higher in Priority::ALL.into_iter().filter(|other| *other < priority) {
            let reserve = u64::from(self.of(higher));
            let filling = taken.of(higher) + over;
            kept += reserve.saturating_sub(filling);
            over = filling.saturating_sub(reserve);
        }
        kept
    }
}

/// Slots that are taken, by the priority of the call that took them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken([u64; 3]);

impl Taken {
    pub(crate) fn of(self, priority: Priority) -> u64 {
        self.0[priority.index()]
    }

    pub(crate) fn total(self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, priority: Priority, count: u64) {
        self.0[priority.index()] += count;
    }

    pub(crate) fn remove(&mut self, priority: Priority, count: u64) {
        let left = self.0[priority.index()].checked_sub(count);
        self.0[priority.index()] = left.expect("more places are given back than were taken");
    }

    pub(crate) fn and(self, other: Taken) -> Taken {
        let mut sum = self;
        for priority in Priority::ALL {
            sum.add(priority, other.of(priority));
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(reserve: [u32; 2], taken: [u64; 3], priority: Priority) -> u64 {
        Reserve {
            high: reserve[0],
            medium: reserve[1],
            batch: 0,
        }
        .kept_from(priority, Taken(taken))
    }

    #[test]
    fn nothing_is_kept_from_the_highest_priority() {
        assert_eq!(kept([3, 2], [0, 0, 9], Priority::High), 0);
    }

    #[test]
    fn a_reserve_is_filled_by_its_own_calls_first() {
        assert_eq!(kept([3, 2], [0, 5, 0], Priority::Medium), 3);
        assert_eq!(kept([3, 2], [2, 5, 0], Priority::Medium), 1);
        assert_eq!(kept([3, 2], [0, 1, 0], Priority::Batch), 4);
    }

    #[test]
    fn high_calls_beyond_their_reserve_fill_that_of_medium() {
        assert_eq!(kept([3, 2], [4, 0, 0], Priority::Batch), 1);
        assert_eq!(kept([3, 2], [4, 1, 0], Priority::Batch), 0);
        assert_eq!(kept([3, 2], [9, 0, 0], Priority::Batch), 0);
    }

    #[test]
    fn medium_calls_never_fill_the_reserve_of_high() {
        assert_eq!(kept([3, 2], [0, 9, 9], Priority::Batch), 3);
    }
}

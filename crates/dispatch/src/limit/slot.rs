//! An unreleased slot of a window, and the row that a host persists for it.

use serde::{Deserialize, Serialize};

use crate::priority::Priority;
use crate::time::Time;

/// A unreleased slot as the host persists it: upserted by `(limit, slot)` in the transaction of the
/// decision that made it. A row whose `until` has passed means nothing and may be pruned or
/// overwritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    /// The limit, by name.
    pub limit: String,
    /// The row's number in the limit. Bounded: see [`crate::Limit::most_rows`].
    pub slot: u32,
    /// When the slots are free again.
    pub until: Time,
    /// How many slots.
    pub count: u32,
}

impl WindowRow {
    /// A row of so many slots of one priority; `number` is its own among those of the priority.
    pub(crate) fn of(
        limit: &str,
        priority: Priority,
        number: u32,
        until: Time,
        count: u32,
    ) -> WindowRow {
        let slot = Slot {
            until,
            number,
            priority,
            count,
        };
        row_of(limit, slot)
    }

    /// The priority of its slots; BATCH where the limit does not tell them apart.
    pub fn priority(&self) -> Priority {
        self.priority_and_number().0
    }

    pub(super) fn priority_and_number(&self) -> (Priority, u32) {
        let priority = match self.slot >> NUMBER_BITS {
            1 => Priority::Medium,
            2 => Priority::High,
            _ => Priority::Batch,
        };
        (priority, self.slot & ((1 << NUMBER_BITS) - 1))
    }
}

/// Slots that are free again at one moment: one, or those of a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) until: Time,
    pub(super) number: u32,
    pub(super) priority: Priority,
    pub(super) count: u32,
}

pub(super) fn row_of(limit: &str, slot: Slot) -> WindowRow {
    WindowRow {
        limit: limit.to_owned(),
        slot: row_number(slot),
        until: slot.until,
        count: slot.count,
    }
}

/// The row number of a slot: its own number, with the priority in the two highest bits. BATCH,
/// which fills no reserve, is 0, so that a window without a reserve has the plain numbers.
fn row_number(slot: Slot) -> u32 {
    let code = match slot.priority {
        Priority::Batch => 0,
        Priority::Medium => 1,
        Priority::High => 2,
    };
    code << NUMBER_BITS | slot.number
}

const NUMBER_BITS: u32 = 30;

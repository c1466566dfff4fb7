//! The three lanes of a target: the highest eligible one starts, unless a lower one was passed too
//! often.
//!
//! A lane is eligible when it has a call and every limit admits it; the gate says so. What a lane
//! counts are *deferrals*: starts of higher lanes past it while it was eligible. A lane that
//! reached its bound is *due*, and due lanes go first, the earliest due before the others.
//!
//! With one bound D for both lower lanes it follows that an eligible lane starts within D + 2
//! starts, and that HIGH, while it is eligible, keeps D of every D + 2. The second would not quite
//! hold by the counters alone: a start of MEDIUM in its turn also brings BATCH closer, so that two
//! lanes out of step could take three of D + 2 starts. Therefore no third start passes an eligible
//! HIGH within D + 2; the lane that is due goes one start later, which is still within its own
//! bound.
//!
//! A lane that is due goes before HIGH too, and most of what brings BATCH there are starts of MEDIUM. So that HIGH
//! seldom pays for those, BATCH is *pressing* from three quarters of its bound on: it goes before MEDIUM at a start
//! for which HIGH has no call, unless MEDIUM was passed itself since its last start (so that its own bound holds). A
//! due BATCH then passes HIGH only if HIGH wanted every slot for a quarter of the bound.
//!
//! With two bounds each lane has its own, and HIGH that of the smaller. Where BATCH has the smaller
//! one, it also passes MEDIUM in its turns, and the bound of MEDIUM counts starts of HIGH alone.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::lane::Waiting;
use crate::priority::Priority;
use crate::rules::{DeferralBound, MaxDeferrals};

/// The deferral counters of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lanes {
    lanes: [Lane; 3],
    /// Starts so far; numbers the next.
    starts: u64,
    /// The last two starts of lower lanes past an eligible HIGH, the older first.
    past_high: [Option<u64>; 2],
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lane {
    /// Deferrals since its last start.
    deferrals: u64,
    /// The start that brought it to its bound.
    due_since: Option<u64>,
    /// Deferrals in all.
    total: u64,
}

impl Lanes {
    /// Which of the eligible lanes starts now.
    pub(crate) fn first(&self, eligible: Waiting, bounds: &MaxDeferrals) -> Option<Priority> {
        let highest = eligible.lanes().next()?;
        if highest == Priority::High && self.high_has_yielded_enough(bounds) {
            return Some(highest);
        }
        let due = eligible
            .lanes()
            .filter_map(|lane| Some((self.lanes[lane.index()].due_since?, lane)));
        match due.min() {
            Some((_, lane)) => Some(lane),
            None if highest == Priority::Medium && self.batch_is_pressing(eligible, bounds) => {
                Some(Priority::Batch)
            }
            None => Some(highest),
        }
    }

    /// Whether an eligible BATCH should use a start that HIGH does not want.
    fn batch_is_pressing(&self, eligible: Waiting, bounds: &MaxDeferrals) -> bool {
        let [_, medium, batch] = &self.lanes;
        eligible.has(Priority::Batch)
            && medium.deferrals == 0
            && bounds.batch.is_pressed(batch.deferrals)
    }

    /// A call of `started` was given its permit, while the lanes in `eligible` could have started
    /// too.
    pub(crate) fn started(&mut self, started: Priority, eligible: Waiting, bounds: &MaxDeferrals) {
        self.starts += 1;
        for passed in started.below().filter(|lane| eligible.has(*lane)) {
            let lane = &mut self.lanes[passed.index()];
            lane.deferrals += 1;
            lane.total += 1;
            if bounds.of(passed).is_reached(lane.deferrals) {
                lane.due_since.get_or_insert(self.starts);
            }
        }
        let lane = &mut self.lanes[started.index()];
        lane.deferrals = 0;
        lane.due_since = None;
        if started != Priority::High && eligible.has(Priority::High) {
            self.past_high = [self.past_high[1], Some(self.starts)];
        }
    }

    /// A start that [`Lanes::started`] was told about did not happen: the lanes it passed were not
    /// deferred.
    pub(crate) fn not_started(
        &mut self,
        started: Priority,
        eligible: Waiting,
        bounds: &MaxDeferrals,
    ) {
        for passed in started.below().filter(|lane| eligible.has(*lane)) {
            let lane = &mut self.lanes[passed.index()];
            lane.deferrals = lane.deferrals.saturating_sub(1);
            lane.total = lane.total.saturating_sub(1);
        }
        if started != Priority::High && eligible.has(Priority::High) {
            self.past_high = [None, self.past_high[0]];
        }
        self.hold_to(bounds);
    }

    /// Puts other bounds in force: a lane that is within its bound is not due, one that reached it
    /// is.
    pub(crate) fn hold_to(&mut self, bounds: &MaxDeferrals) {
        for priority in Priority::High.below() {
            let lane = &mut self.lanes[priority.index()];
            let due = bounds.of(priority).is_reached(lane.deferrals);
            lane.due_since = due.then(|| lane.due_since.unwrap_or(self.starts));
        }
    }

    /// Deferrals of each lane so far.
    pub(crate) fn totals(&self) -> [u64; 3] {
        [0, 1, 2].map(|lane| self.lanes[lane].total)
    }

    /// Whether two of the last D + 1 starts passed an eligible HIGH, so that the next one is its
    /// own.
    fn high_has_yielded_enough(&self, bounds: &MaxDeferrals) -> bool {
        let Some(bound) = bounds.smallest() else {
            return false;
        };
        let next = self.starts + 1;
        self.past_high[0]
            .is_some_and(|start| next.saturating_sub(start) <= u64::from(bound.get()) + 1)
    }
}

impl DeferralBound {
    fn is_reached(self, deferrals: u64) -> bool {
        match self {
            DeferralBound::AtMost(most) => deferrals >= u64::from(most.get()),
            DeferralBound::Unlimited => false,
        }
    }

    /// Whether three quarters of it are reached.
    fn is_pressed(self, deferrals: u64) -> bool {
        match self {
            DeferralBound::AtMost(most) => 4 * deferrals >= 3 * u64::from(most.get()),
            DeferralBound::Unlimited => false,
        }
    }
}

impl MaxDeferrals {
    fn smallest(&self) -> Option<NonZeroU32> {
        let bounds = [self.medium, self.batch]
            .into_iter()
            .filter_map(|bound| match bound {
                DeferralBound::AtMost(most) => Some(most),
                DeferralBound::Unlimited => None,
            });
        bounds.min()
    }
}

#[cfg(test)]
mod tests;

//! How often a lane may be passed before it goes first.

use std::num::NonZeroU32;

use super::error::RulesError;
use crate::priority::Priority;

/// The bound a lane has unless it is given another.
pub const DEFAULT_MAX_DEFERRALS: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");

/// How many calls of higher lanes may start past an eligible lane before the lane goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeferralBound {
    /// At most this many.
    AtMost(NonZeroU32),
    /// Any number: strict priority.
    Unlimited,
}

impl DeferralBound {
    /// The bound `deferrals`, which must not be 0.
    ///
    /// # Errors
    /// [`RulesError::ZeroDeferrals`] for 0: a lane that may never be passed is not a lower lane.
    pub fn at_most(deferrals: u32) -> Result<DeferralBound, RulesError> {
        NonZeroU32::new(deferrals)
            .map(DeferralBound::AtMost)
            .ok_or(RulesError::ZeroDeferrals)
    }
}

impl Default for DeferralBound {
    fn default() -> DeferralBound {
        DeferralBound::AtMost(DEFAULT_MAX_DEFERRALS)
    }
}

/// The deferral bounds of a target. HIGH has none: nothing passes it but a due lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxDeferrals {
    /// The bound of the MEDIUM lane.
    pub medium: DeferralBound,
    /// The bound of the BATCH lane.
    pub batch: DeferralBound,
}

impl MaxDeferrals {
    /// The same bound for both lanes.
    pub const fn both(bound: DeferralBound) -> MaxDeferrals {
        MaxDeferrals {
            medium: bound,
            batch: bound,
        }
    }

    /// The bound of a lane.
    pub const fn of(&self, priority: Priority) -> DeferralBound {
        match priority {
            Priority::High => DeferralBound::Unlimited,
            Priority::Medium => self.medium,
            Priority::Batch => self.batch,
        }
    }
}

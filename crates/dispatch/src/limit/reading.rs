//! What a limit says about the next call of one priority: the rule that every kind of limit shares.

use std::num::NonZeroU64;

/// What a limit says about the next call of one priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Slots that are taken.
    pub(crate) used: u64,
    /// Slots there are at present.
    pub(crate) max: u64,
    /// Slots the call must leave to higher priorities.
    pub(crate) kept: u64,
    /// Slots the call, which may become a job, must leave to polls.
    pub(crate) kept_for_polls: u64,
    /// Where its priority has a share.
    pub(crate) share: Option<ShareReading>,
}

/// What the share of a priority says about its next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShareReading {
    /// Slots that calls of the priority have.
    pub(crate) used: u64,
    /// The most they may have.
    pub(crate) max: u64,
}

impl Reading {
    /// The rule of every limit: what is taken, this call, and what is kept for higher priorities
    /// fit into it, and the call fits into the share of its priority.
    pub(crate) fn admits(self) -> bool {
        self.missing().is_none() && self.missing_of_share().is_none()
    }

    /// How many slots must be given back before the call fits; none if it fits.
    pub(super) fn missing(self) -> Option<NonZeroU64> {
        NonZeroU64::new((self.used + 1 + self.kept + self.kept_for_polls).saturating_sub(self.max))
    }

    /// Whether nothing but the share of its priority refuses the call.
    pub(crate) fn fits_but_for_its_share(self) -> bool {
        self.missing().is_none() && self.missing_of_share().is_some()
    }

    /// How many slots of its own priority must be given back before the call fits into the share.
    pub(super) fn missing_of_share(self) -> Option<NonZeroU64> {
        let share = self.share?;
        NonZeroU64::new((share.used + 1).saturating_sub(share.max))
    }
}

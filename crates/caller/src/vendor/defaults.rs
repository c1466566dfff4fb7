//! What a target has without a word in its configuration: limits and the way transport failures are repeated.

use std::time::Duration;

/// A limit that a preset suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuggestedLimit {
    /// Its name.
    pub name: &'static str,
    /// What it bounds.
    pub bound: Bound,
    /// Where the number comes from.
    pub note: &'static str,
}

/// What a suggested limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Calls in flight.
    Concurrency(u32),
    /// Calls in every window of a length.
    Window {
        /// Most calls.
        calls: u64,
        /// Length of the window.
        per: Duration,
    },
}

/// How transport failures are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryTable {
    /// Most attempts of one call, the first included.
    pub max_attempts: u32,
    /// Pause before the second attempt; doubled from then on.
    pub initial: Duration,
    /// Longest pause.
    pub max: Duration,
}

impl RetryTable {
    /// Five attempts, a second apart at first, two minutes at most.
    pub const USUAL: RetryTable = RetryTable {
        max_attempts: 5,
        initial: Duration::from_secs(1),
        max: Duration::from_secs(120),
    };
}

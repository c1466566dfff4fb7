//! The limits that a target has if its configuration names none.

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

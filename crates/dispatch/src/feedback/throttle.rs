//! How a vendor refuses a call, and what the gate answers the host that reports it.

use std::time::Duration;

use crate::time::Time;

/// How the vendor refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// Too many calls in flight.
    Concurrency,
    /// Too many calls in a time, or the vendor asks for a pause (429, 503, `Retry-After`).
    Window {
        /// The time the vendor stated, from now on.
        retry_after: Option<Duration>,
    },
}

/// What a throttle changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleReport {
    /// Our own limits of this kind had room when the vendor refused, or there are none: somebody
    /// else uses the account, or the limit is configured too high.
    pub under_our_limit: bool,
    /// The ceiling on calls in flight from now on, if it is below the configured one.
    pub learned_ceiling: Option<u32>,
    /// The target starts nothing before this moment.
    pub closed_until: Option<Time>,
}

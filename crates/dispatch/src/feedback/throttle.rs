//! How a vendor refuses a call, and what the gate tells the host that reports it.

use std::time::Duration;

use super::whose::Whose;
use crate::permit::CallId;
use crate::time::Time;

/// How the vendor refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// Too many calls in flight.
    Concurrency {
        /// The time for which the vendor asks to be left alone, from now on, where it says so.
        retry_after: Option<Duration>,
    },
    /// Too many calls in a time, or the vendor asks for a pause (429, 503, `Retry-After`).
    Window {
        /// The time the vendor stated, from now on.
        retry_after: Option<Duration>,
    },
}

/// A throttle, and what the host knows of the call that met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// How the vendor refused.
    pub throttle: Throttle,
    /// The call, named through all of its attempts.
    pub call: CallId,
    /// How often it was throttled before.
    pub earlier: u32,
    /// Whether the vendor said that nobody may call: its headers name the account, or say that nothing is left. A
    /// `Retry-After` alone does not.
    pub for_all: bool,
    /// It may be the vendor's own trouble as well (a 503 that names no time): it is no sign that the vendor can be reached.
    pub overload: bool,
}

/// What a throttle changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleReport {
    /// The account's: the gate has narrowed what it admits. The call's own: the gate has changed nothing, and the host sets the
    /// call back behind its lane, with a pause that grows with its own throttles.
    pub whose: Whose,
    /// The vendor answered others well since. False for a call that was refused because of itself before, if no other call
    /// shows that it still is: it is set back, and that does not count.
    pub is_proven: bool,
    /// Our own limits of this kind had room when the vendor refused, or there are none: somebody
    /// else uses the account, or the limit is configured too high.
    pub under_our_limit: bool,
    /// The ceiling on calls in flight from now on, if it is below the configured one.
    pub learned_ceiling: Option<u32>,
    /// The target starts nothing before this moment.
    pub closed_until: Option<Time>,
}

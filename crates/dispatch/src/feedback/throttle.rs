//! How a vendor refuses a call, and what the gate answers the host that reports it.

use std::time::Duration;

use crate::permit::CallId;
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
}

/// Whom a throttle holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrottleScope {
    /// The whole target: the gate has narrowed what it admits.
    Target,
    /// This call alone, which the vendor refuses while it answers others and we are under our own limits: the gate has
    /// changed nothing. The host sets the call back behind its lane, with a pause that grows with its own throttles.
    Call,
}

/// What a throttle changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleReport {
    /// Whom it holds back.
    pub scope: ThrottleScope,
    /// Our own limits of this kind had room when the vendor refused, or there are none: somebody
    /// else uses the account, or the limit is configured too high.
    pub under_our_limit: bool,
    /// The ceiling on calls in flight from now on, if it is below the configured one.
    pub learned_ceiling: Option<u32>,
    /// The target starts nothing before this moment.
    pub closed_until: Option<Time>,
}

//! What a drainer is told to hold to, what it says is to be done next, and how that may end.

use std::time::Duration;

use rampmeter_dispatch::{CLOCK_MARGIN, PermitId, Priority, Rules, Time};
use rampmeter_orders::Orders;

use crate::shared::Generation;

/// How long after it was taken a permit may be used: the time to receive a message and to ask for its task.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// Most messages that one receive gives.
pub(crate) const MAX_RECEIVED: usize = 10;

/// What a drainer holds to.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The limits, with the margin of the clocks.
    pub(crate) rules: Rules,
    /// Most calls of all drainers together, whatever the limits say.
    pub(crate) in_flight: u32,
    pub(crate) timeout: Duration,
    pub(crate) hold: Duration,
    /// From when on nothing is started.
    pub(crate) stop_at: Time,
    /// The configuration that all this is of.
    pub(crate) generation: Generation,
}

impl Terms {
    /// How long a permit is kept whose drainer is not heard of any more: nobody can be calling after that.
    pub(super) fn kept(&self) -> Duration {
        GRACE + self.timeout + self.hold + CLOCK_MARGIN
    }
}

/// What is to be done next. Each is followed by telling the drainer how it went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read the item.
    Read,
    /// Write the item, if its version is still this one (none: if there is no item).
    Write {
        state: Vec<u8>,
        version: Option<u64>,
        generation: Generation,
        orders: Orders,
    },
    /// Receive as many messages of this lane as there are permits.
    Receive {
        lane: Priority,
        permits: Vec<PermitId>,
    },
    /// Use this permit for the message that woke the drainer.
    UseHand { permit: PermitId },
    /// The message that woke it is handed back, for so long invisible.
    HandBack { after: Duration },
    /// Until something happens, or this moment.
    Wait(Time),
    /// There is nothing more to do.
    End(End),
}

/// Why a drainer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The queues are empty.
    Idle,
    /// Nothing could start for 20 s.
    Starved,
    /// Its time is over.
    Deadline,
    /// Drainers of a later configuration are at work.
    Succeeded,
    /// The target is closed for longer than a minute.
    Closed {
        /// Nothing can start before this moment.
        until: Time,
    },
}

/// How a write went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Done,
    /// Somebody else wrote first, or nobody knows: what the item says decides.
    Lost,
}

/// What a drainer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) taken: u64,
    pub(crate) given_back: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) conflicts: u64,
    pub(crate) throttles: u64,
    /// Refused although our own limits had room.
    pub(crate) foreign_throttles: u64,
}

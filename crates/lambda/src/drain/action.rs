//! What a drainer is bound by, what it wants done next, and how that may go.

use std::time::Duration;

use rampmeter_dispatch::{CLOCK_MARGIN, PermitId, Priority, Rules, Time};
use rampmeter_orders::Orders;

use crate::shared::Generation;

/// How long after it was taken a permit may be used: the time to receive a message and to ask for its task.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// The most messages that one receive gives.
pub(crate) const MAX_RECEIVED: usize = 10;

/// What a drainer is bound by.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The limits, with the margin of the clocks.
    pub(crate) rules: Rules,
    /// The most calls of all drainers together, whatever the limits say.
    pub(crate) in_flight: u32,
    pub(crate) timeout: Duration,
    pub(crate) hold: Duration,
    /// From when on nothing is started.
    pub(crate) stop_at: Time,
    /// The configuration from which all this comes.
    pub(crate) generation: Generation,
}

impl Terms {
    /// How long a permit is kept after its drainer has vanished: after that its call must be over.
    pub(super) fn kept(&self) -> Duration {
        GRACE + self.timeout + self.hold + CLOCK_MARGIN
    }
}

/// What to do next. Afterwards the drainer is told how it went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Read the item.
    Read,
    /// Write the item, if its version is still this one (`None`: if there is no item).
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
    /// Hand back the message that woke it, hidden for so long.
    HandBack { after: Duration },
    /// Wait until something happens, or until this moment.
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
    /// Drainers of a later configuration have taken over.
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
    /// Another drainer wrote first, or the result is unknown: read the item to find out.
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

//! What became of a permit when its call was over.

use std::time::Duration;

use rampmeter_dispatch::Throttle;

/// What became of a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The vendor answered, or nothing of the call can reach it any more.
    Answered,
    /// The same, and the vendor said that no calls are left for so long.
    UsedUp(Duration),
    /// The vendor refused the call for its limits.
    Refused(Throttle),
    /// Nobody knows what became of the call.
    Lost,
    /// No call left.
    Unused,
}

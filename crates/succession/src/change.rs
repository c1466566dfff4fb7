//! What differs from the last start, and what follows from it. Whoever starts the engine puts it into words.

use std::time::Duration;

/// One difference between the configuration of the last start and this one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigurationChange {
    /// A target has another name: its calls, permits, windows and changed limits have come along.
    TargetRenamed {
        /// Its former name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// A target calls an address that another one called until now: what the vendor still counts for that one counts
    /// here.
    TargetCharged {
        /// Name of the target.
        target: String,
        /// Name of the one whose calls it is charged with.
        with: String,
        /// Calls in flight that it is charged with until their holds end.
        in_flight: u64,
    },
    /// A target that was not configured at the last start is here again, with all that it had.
    TargetBack {
        /// Name of the target.
        target: String,
    },
    /// The queues of a target have another consumer.
    WorkerChanged {
        /// Name of the target.
        target: String,
        /// Whether it is somebody else's worker now, rather than the engine.
        external: bool,
    },
    /// A call that is lost from now on keeps its slots for a different time; those in flight keep theirs for as long as
    /// before.
    HoldChanged {
        /// Name of the target.
        target: String,
        /// Timeout, hold and a second for the commit, until now.
        from: Duration,
        /// The same now.
        to: Duration,
        /// Calls in flight.
        in_flight: u64,
    },
    /// A limit is new.
    LimitNew {
        /// Name of the target.
        target: String,
        /// Name of the limit.
        limit: String,
        /// Calls that it counts already.
        counts: u64,
        /// Its length; none for a limit on calls in flight.
        per: Option<Duration>,
    },
    /// A limit counts something other than the one with its name did.
    LimitCountsOtherwise {
        /// Name of the target.
        target: String,
        /// Name of the limit.
        limit: String,
        /// Calls that it counts already.
        counts: u64,
        /// Its length; none for a limit on calls in flight.
        per: Option<Duration>,
    },
    /// A limit has another name: it goes on counting.
    LimitRenamed {
        /// Name of the target.
        target: String,
        /// Its former name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// A limit allows a different number of calls; what it has counted still counts.
    LimitAllows {
        /// Name of the target.
        target: String,
        /// Name of the limit.
        limit: String,
        /// The former maximum.
        from: u64,
        /// The new maximum.
        to: u64,
    },
    /// A limit is gone.
    LimitGone {
        /// Name of the target.
        target: String,
        /// Its former name.
        limit: String,
    },
}

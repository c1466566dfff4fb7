//! What can hold a call.

use crate::feedback::Trouble;
use crate::pause::Scope;
use crate::priority::Priority;

/// What holds a call that has not ended.
///
/// The first group is the gate's own and speaks of the next call of a lane; the second is the host's and speaks of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nothing: it may start now.
    Nothing,
    /// The calls before it in its lane, the first of which may start now.
    CallsAhead,
    /// A limit all of whose slots are taken.
    Limit {
        /// The limit; if several refuse, the one that will have a free slot last.
        limit: String,
        /// Slots that are taken.
        used: u64,
        /// Slots it has.
        max: u64,
    },
    /// A limit that has slots, and not as many as the call takes. Calls of its lane that take fewer do not pass it.
    Cost {
        /// The limit.
        limit: String,
        /// Slots that are taken.
        used: u64,
        /// Slots it has.
        max: u64,
        /// Slots that the call takes.
        cost: u64,
    },
    /// The slots of a limit that are kept for higher priorities and not taken by them.
    Reserve {
        /// The limit.
        limit: String,
        /// Slots that are taken.
        used: u64,
        /// Slots it has.
        max: u64,
        /// Slots that are kept from this call. As many as `max`: only a higher limit lets it start.
        kept: u64,
    },
    /// The last slot of a limit on requests and jobs together, without which no job could be polled.
    SlotForPolls {
        /// The limit.
        limit: String,
        /// Slots that are taken.
        used: u64,
        /// Slots it has.
        max: u64,
    },
    /// The share that the priority of the call has of a limit.
    Share {
        /// The limit.
        limit: String,
        /// The priority.
        priority: Priority,
        /// Slots that its calls have taken.
        used: u64,
        /// The most that they may take.
        max: u64,
    },
    /// A window that has a slot and is filled evenly: the lower lanes take it a little later.
    Pace {
        /// The limit.
        limit: String,
    },
    /// The ceiling on calls in flight that the vendor's throttles taught; the limit itself has room.
    LearnedCeiling {
        /// The limit that it is below.
        limit: String,
        /// Calls in flight.
        used: u64,
        /// The ceiling at present.
        ceiling: u64,
        /// The configured maximum of the limit.
        max: u64,
    },
    /// The account's own trouble: one probe at a time goes out. The next one leaves when the explanation says, or
    /// is in flight.
    Trouble {
        /// What is wrong.
        kind: Trouble,
        /// Probes that failed so far.
        probes: u32,
    },
    /// The vendor, which asked for a pause or refused calls without saying for how long.
    VendorPause,
    /// The reopening after such a pause: as many calls are in flight as may be.
    Ramp {
        /// How many that is.
        width: u32,
    },
    /// A lane that goes first: a higher one, or a lower one that is due.
    Lane(Priority),
    /// A pause by hand.
    Pause {
        /// Of the target or of one lane.
        scope: Scope,
        /// Why, where the host knows.
        reason: Option<String>,
    },
    /// A planned pause.
    PlannedPause {
        /// The lane that it stops.
        lane: Priority,
        /// Why, where the configuration says so.
        reason: Option<String>,
    },

    /// Another call of the same OrderingKey, which goes first.
    OrderingKey {
        /// That call, as people name it.
        call: String,
    },
    /// The backoff before its next attempt.
    BackOff {
        /// What ended its last attempt, in a few words.
        after: Option<String>,
    },
    /// The delay that it was sent with.
    Delay,
    /// The vendor, which refuses this call while it answers others: it is set back.
    SetBack {
        /// How often in a row it was refused.
        refusals: u32,
    },
    /// It is in flight: its answer is awaited.
    InFlight,
    /// Its answer was lost: its slots are held as long as the vendor may be at work.
    Unknown,
    /// The vendor works on it as a job.
    Job {
        /// The job, as the vendor names it.
        job: String,
        /// How often it was polled.
        polls: u32,
    },
    /// The host starts nothing more: it is about to stop.
    Draining,
    /// The configuration has no such target any more.
    NoTarget {
        /// Its name.
        target: String,
    },
}

impl Holder {
    /// A short name, for a label or a field: one of a fixed few, in snake_case.
    pub const fn name(&self) -> &'static str {
        match self {
            Holder::Nothing => "nothing",
            Holder::CallsAhead => "calls_ahead",
            Holder::Limit { .. } => "limit",
            Holder::Cost { .. } => "cost",
            Holder::Reserve { .. } => "reserve",
            Holder::SlotForPolls { .. } => "place_for_polls",
            Holder::Share { .. } => "share",
            Holder::Pace { .. } => "pace",
            Holder::LearnedCeiling { .. } => "learned_ceiling",
            Holder::Trouble { kind, .. } => kind.as_str(),
            Holder::VendorPause => "vendor_pause",
            Holder::Ramp { .. } => "ramp",
            Holder::Lane(_) => "lane",
            Holder::Pause { .. } => "pause",
            Holder::PlannedPause { .. } => "planned_pause",
            Holder::OrderingKey { .. } => "ordering_key",
            Holder::BackOff { .. } => "back_off",
            Holder::Delay => "delay",
            Holder::SetBack { .. } => "set_back",
            Holder::InFlight => "in_flight",
            Holder::Unknown => "unknown",
            Holder::Job { .. } => "job",
            Holder::Draining => "draining",
            Holder::NoTarget { .. } => "no_target",
        }
    }

    /// The limit that holds the call, if one does.
    pub fn limit(&self) -> Option<&str> {
        match self {
            Holder::Limit { limit, .. }
            | Holder::Cost { limit, .. }
            | Holder::Reserve { limit, .. }
            | Holder::SlotForPolls { limit, .. }
            | Holder::Share { limit, .. }
            | Holder::Pace { limit }
            | Holder::LearnedCeiling { limit, .. } => Some(limit),
            _ => None,
        }
    }

    /// Whether the holder never lets go by itself: a person must raise a limit, end a pause or name the target again.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Holder::Reserve {
                used, max, kept, ..
            } => *used == 0 && kept >= max,
            Holder::Pause { .. } | Holder::NoTarget { .. } => true,
            _ => false,
        }
    }
}

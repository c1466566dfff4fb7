//! Targets and their limits as people see them.

use rampmeter_dispatch::{Explanation, Priority, Time};
use rampmeter_time::UnixMillis;

/// One target as people see it.
#[derive(Debug, Clone)]
pub struct TargetState {
    /// Name of the target.
    pub name: String,
    /// Its limits as they are now.
    pub limits: Vec<LimitState>,
    /// Calls waiting per priority, HIGH first; counted in the lane's queue.
    pub waiting: [u64; 3],
    /// Permits that are out.
    pub in_flight: u64,
    /// Permits of calls whose outcome is unknown: their slots are held.
    pub held: u64,
    /// Deferrals per priority since the process started, HIGH first (always 0 for HIGH).
    pub deferrals: [u64; 3],
    /// What is paused: `target`, or names of priorities.
    pub paused: Vec<&'static str>,
    /// The planned pauses that are in force.
    pub planned_pauses: Vec<PlannedPauseState>,
    /// The mean time from permit to answer, in milliseconds; absent before the first answer.
    pub mean_call: Option<u64>,
    /// Throttles from the vendor since the process started.
    pub throttles: u64,
    /// How many of those came while we were below our own limits: someone else uses the account.
    pub throttles_under_our_limit: u64,
    /// Calls that were sent under the idempotency key of another call since the process started.
    pub reused_keys: u64,
    /// How often an answer's headers closed the target before a throttle, since the process started.
    pub closed_by_headers: u64,
    /// What the vendor, or its absence, does to the whole target: a vendor pause, the ramp after it, trouble; absent while
    /// the target is open.
    pub vendor: Option<Explanation>,
    /// What went wrong recently; absent if nothing has since the process started.
    pub errors: Option<TargetErrors>,
    /// Why the first waiting call of each lane has not started, HIGH first; absent where none waits.
    pub first: [Option<Explanation>; 3],
    /// The moment that the explanations apply to.
    pub at: Time,
    /// The vendor's limits as its answers state them.
    pub vendor_limits: Vec<VendorLimitState>,
    /// Spans of engine time in which a call would have been eligible but for a concurrency limit: the newest 1,024. The last
    /// one is still open if its end is absent.
    pub contended: Vec<(Time, Option<Time>)>,
}

/// A planned pause that stops a lane now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPauseState {
    /// The lane.
    pub priority: Priority,
    /// When it ends.
    pub until: Time,
    /// Why; may be empty.
    pub reason: String,
}

/// What went wrong with the calls of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetErrors {
    /// The last error, in words.
    pub last: String,
    /// When it came.
    pub at: Time,
    /// When the first error since the last good answer came; absent if the last answer was good.
    pub since: Option<Time>,
    /// Errors in the last minute.
    pub in_last_minute: u64,
}

/// One limit of a vendor, as its last answer stated it.
#[derive(Debug, Clone)]
pub struct VendorLimitState {
    /// The vendor's name for it; empty where it has none.
    pub name: String,
    /// `concurrency` or `window`.
    pub kind: &'static str,
    /// The maximum.
    pub limit: Option<u64>,
    /// Length of the window in milliseconds.
    pub per_ms: Option<u64>,
    /// How many were left.
    pub remaining: Option<u64>,
    /// When more become available.
    pub resets_at: Option<UnixMillis>,
    /// If the configuration allows more than the vendor: what both say.
    pub disagreement: Option<String>,
}

/// The state of one limit.
#[derive(Debug, Clone)]
pub struct LimitState {
    /// Name of the limit, unique within its target.
    pub name: String,
    /// `concurrency`, `window` or `calendar`.
    pub kind: &'static str,
    /// Length of the window, or the approximate length of the calendar period, in milliseconds; absent for a concurrency
    /// limit.
    pub per_ms: Option<u64>,
    /// Slots taken, held ones included.
    pub used: u64,
    /// The maximum in force.
    pub max: u64,
    /// Slots reserved for each priority and those above it, HIGH first.
    pub reserved: [u32; 3],
    /// The most slots for each priority, HIGH first; absent where only the limit itself bounds it.
    pub shares: [Option<u32>; 3],
    /// How the slots of a window are taken: `even` or `burst`; absent for anything but a window.
    pub pace: Option<&'static str>,
    /// Slots of calls whose outcome is unknown.
    pub held: u64,
    /// The ceiling that the vendor's throttles taught, while it is below the configured one.
    pub learned_ceiling: Option<u32>,
    /// The configured maximum, if a person changed it.
    pub configured: Option<u64>,
    /// When the change ends by itself.
    pub expires_at: Option<UnixMillis>,
    /// Calls per second that the limit admits at the measured mean time of a call; absent before the first answer.
    pub reaches_per_second: Option<f64>,
    /// The most calls that the vendor may count in one window, if that is more than `max`: with `count_from = "send"`, calls
    /// in flight when the window began are counted too.
    pub vendor_may_count: Option<u64>,
    /// Calls per second that a window amounts to: its calls divided by its length. Absent for calls in flight.
    pub nominal_per_second: Option<f64>,
}

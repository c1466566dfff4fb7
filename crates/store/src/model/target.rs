//! Targets and their limits as people see them.

use rampmeter_dispatch::{Explanation, Priority, Time};
use rampmeter_time::UnixMillis;

/// One target as people see it.
#[derive(Debug, Clone)]
pub struct TargetState {
    /// Name of the target.
    pub name: String,
    /// Its limits as they stand.
    pub limits: Vec<LimitState>,
    /// Calls waiting per priority, HIGH first. Counted in the queue.
    pub waiting: [u64; 3],
    /// Permits out.
    pub in_flight: u64,
    /// Permits of calls whose outcome is unknown: their places are held.
    pub held: u64,
    /// Deferrals per priority since the process started, HIGH first (always 0 there).
    pub deferrals: [u64; 3],
    /// What is paused: `target`, or priorities.
    pub paused: Vec<&'static str>,
    /// The pauses by the calendar that are in force.
    pub planned_pauses: Vec<PlannedPauseState>,
    /// The mean time from permit to answer, in milliseconds; absent before the first answer.
    pub mean_call: Option<u64>,
    /// Throttles that the vendor answered since the process started.
    pub throttles: u64,
    /// Of those, how many while we were under our own limits: someone else uses the account.
    pub throttles_under_our_limit: u64,
    /// Calls that went out under the idempotency key of another call since the start.
    pub reused_keys: u64,
    /// How often an answer's headers closed the target before a throttle, since the process started.
    pub closed_by_headers: u64,
    /// What the vendor, or its absence, makes of the whole target: a pause, the ramp after it, trouble; absent while it is
    /// open.
    pub vendor: Option<Explanation>,
    /// What went wrong lately; absent if nothing did since the process started.
    pub errors: Option<TargetErrors>,
    /// Why the first call that waits in each lane has not started, HIGH first; absent where none waits.
    pub first: [Option<Explanation>; 3],
    /// The moment that the explanations are of.
    pub at: Time,
    /// The vendor's limits as its answers state them.
    pub vendor_limits: Vec<VendorLimitState>,
    /// Spans of engine time during which a call was eligible but for a concurrency
    /// limit: the newest 1,024, the last one still open when its end is absent.
    pub contended: Vec<(Time, Option<Time>)>,
}

/// A pause by the calendar that stops a lane now.
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
    /// When the first error came since the last good answer; absent if the last answer was good.
    pub since: Option<Time>,
    /// Errors in the last minute.
    pub in_last_minute: u64,
}

/// One limit of a vendor's, as its last answer stated it.
#[derive(Debug, Clone)]
pub struct VendorLimitState {
    /// The vendor's name for it; empty where it has none.
    pub name: String,
    /// `concurrency` or `window`.
    pub kind: &'static str,
    /// How many there are in all.
    pub limit: Option<u64>,
    /// Length of the window in milliseconds.
    pub per_ms: Option<u64>,
    /// How many were left.
    pub remaining: Option<u64>,
    /// When more come.
    pub resets_at: Option<UnixMillis>,
    /// Where the configuration allows more than the vendor: what both say.
    pub disagreement: Option<String>,
}

/// One limit as it stands.
#[derive(Debug, Clone)]
pub struct LimitState {
    /// Name of the limit, unique within its target.
    pub name: String,
    /// `concurrency`, `window` or `calendar`.
    pub kind: &'static str,
    /// Length of the window, or about that of the calendar's period, in milliseconds; absent for a concurrency limit.
    pub per_ms: Option<u64>,
    /// Places taken, held ones included.
    pub used: u64,
    /// Places configured.
    pub max: u64,
    /// Places kept for each priority and those above it, HIGH first.
    pub reserved: [u32; 3],
    /// The most places for each priority, HIGH first; absent where the limit alone bounds it.
    pub shares: [Option<u32>; 3],
    /// How the places of a window are taken: `even` or `burst`; absent for what is no window.
    pub pace: Option<&'static str>,
    /// Places of calls whose outcome is unknown.
    pub held: u64,
    /// The ceiling that the vendor's throttles taught, while it is below the configured one.
    pub learned_ceiling: Option<u32>,
    /// The maximum that the configuration says, where a person changed it.
    pub configured: Option<u64>,
    /// When the change ends by itself.
    pub expires_at: Option<UnixMillis>,
    /// Calls a second that the limit lets through at the mean time of a call measured; absent before the first answer.
    pub reaches_per_second: Option<f64>,
    /// The most calls that the vendor may count in one window, where that is more than `max`: with
    /// `count_from = "send"`, calls in flight when the window began are counted too.
    pub vendor_may_count: Option<u64>,
    /// Calls a second that a window stands for: its calls by its length. Absent for calls in flight.
    pub nominal_per_second: Option<f64>,
    /// How it counts where it does not count every call once: which calls, how many places each, and by which key.
    pub counts: Option<String>,
    /// Where it is kept by a key, how many keys have places taken; `used` is then that of the fullest.
    pub keys: Option<u64>,
}

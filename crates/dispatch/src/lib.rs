//! Which call may start now: limits, permits, priorities, deferrals.
//!
//! A [`Gate`] decides for one target. It is pure: moments, ids and random numbers arrive as
//! arguments, so that a recorded list of inputs replays to the same state; both hosts and the
//! simulation use it as it is. It does not hold the backlog, does not order the calls within a lane
//! and makes no calls.
//!
//! A host drives it so, each step in one transaction with what it persists:
//!
//! ```
//! use std::time::Duration;
//! use rampmeter_dispatch::{Decision, Gate, Limit, Priority, Rules, Time, Waiting};
//!
//! let minute = Duration::from_secs(60);
//! let limits = vec![Limit::concurrency("account", 1), Limit::window("minute", 600, minute)];
//! let rules = Rules { limits, ..Rules::default() };
//! rules.validate()?;
//! let now = Time::from_millis(0);
//! let mut gate = Gate::new(rules, now);
//!
//! let waiting = Waiting::NONE.with(Priority::Batch);
//! assert_eq!(gate.decide(waiting, now), Decision::Start(Priority::Batch));
//! let rows = gate.start(1, Priority::Batch, waiting, now);
//! assert!(rows.is_empty()); // persist the permit and the rows, then make the call
//!
//! // Only the answer frees the slot.
//! assert_eq!(gate.decide(waiting, now), Decision::NotBefore(None));
//!
//! let answered = Time::from_millis(350);
//! let rows = gate.finish(1, answered); // persist the rows, forget the permit
//! assert_eq!(rows[0].until, answered.saturating_add(minute));
//! # Ok::<(), rampmeter_dispatch::RulesError>(())
//! ```
//!
//! At every wake-up [`Gate::release_holds`] comes before [`Gate::decide`], and `decide` and `start`
//! alternate until the answer is no [`Decision::Start`]. After a restart, [`Gate::restore`] takes
//! the open permits and the rows, and [`Gate::recall`] the rest.

mod time;

mod calendar;
mod priority;

mod rules;

mod permit;

mod feedback;
mod lane;
mod limit;
mod pause;

mod gate;

mod shared;

pub use calendar::{Calendar, ResetDay};
pub use feedback::{
    FIRST_PAUSE, MAX_PAUSE, QUIET_INTERVAL, RAMP_ENDS_AT, Throttle, ThrottleReport,
};
pub use gate::{Decision, Disagreement, Gate, LimitUsage, Memory, Quota, Released, Verdict};
pub use lane::{FairOrder, Waiting};
pub use limit::{MAX_BUCKETS, MAX_EXACT_CALLS, WindowRow};
pub use pause::Scope;
pub use permit::{OpenPermit, PermitId};
pub use priority::{Priority, UnknownPriority};
pub use rules::{
    CountFrom, Counts, DEFAULT_MAX_DEFERRALS, DeferralBound, Limit, LimitKind, MAX_WINDOW,
    MIN_WINDOW, MaxDeferrals, Reserve, Rules, RulesError, Share,
};
pub use shared::{
    CLOCK_MARGIN, Ceiling as SharedCeiling, MAX_SHARED_BUCKETS, MAX_SHARED_BYTES, Shared, TooLarge,
    Undecodable,
};
pub use time::Time;

// The former names, until no host uses them any more.
pub use feedback::{MAX_PAUSE as LONGEST_PAUSE, RAMP_ENDS_AT as TRICKLE_ENDS_AT};
pub use lane::FairOrder as Turns;
pub use limit::{MAX_BUCKETS as MOST_BUCKETS, MAX_EXACT_CALLS as EXACT_CALLS};
pub use rules::{MAX_WINDOW as LONGEST_WINDOW, MIN_WINDOW as SHORTEST_WINDOW};
pub use shared::{MAX_SHARED_BUCKETS as MOST_SHARED_BUCKETS, MAX_SHARED_BYTES as LARGEST};

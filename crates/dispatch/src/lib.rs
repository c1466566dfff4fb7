//! Which call may start now: limits, permits, priorities, deferrals.
//!
//! A [`Gate`] decides for one target. It is pure: moments, ids and random numbers arrive as
//! arguments, so that a recorded list of inputs replays to the same state; all three hosts (engine,
//! worker on AWS, simulator) use it as it is. It does not hold the backlog, does not order the calls
//! within a lane and makes no calls.
//!
//! A host drives it like this, each step in one transaction with what it persists:
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
//! # How a call ends
//!
//! The host says what it knows about the end of a call, and the gate says whose trouble it is:
//!
//! | what happened | what the host calls | what comes back |
//! |---|---|---|
//! | an answer, good or bad, that is the call's own affair | [`Gate::finish`] | the rows to persist |
//! | accepted, and a job goes on | [`Gate::accepted`], later [`Gate::finish`] | the same |
//! | a throttle | [`Feedback::throttled`], then [`Gate::finish`] | [`Whose::Account`]: back to its turn, the gate narrows what it admits. [`Whose::Call`]: the host sets this call back behind its lane, each time longer |
//! | the vendor cannot be reached, or refuses to sign us in | [`Feedback::troubled`], then [`Gate::not_sent`] if the call never left, else [`Gate::finish`] | [`Whose::Account`]: the call goes back to its turn and has used up no attempt. [`Whose::Call`]: nobody else met it so far |
//! | no answer | [`Gate::hold`] | at the end of the hold, [`Gate::release_holds`] |
//! | the permit was not used | [`Gate::give_back`] | the rows to persist |
//!
//! While the target is closed for the account's trouble, [`Gate::decide`] admits one call at a time as a probe, after pauses
//! that grow; the first good answer opens it with a ramp. [`Gate::trouble`] is what a host shows about it, with the text of
//! the last error, which the host keeps itself. After each of these calls, persist [`Gate::memory`] if a restart must not
//! forget it.
//!
//! Lanes may also pause by the calendar ([`PlannedPause`]): nothing about that is persisted.
//!
//! A window is filled as fast as it frees its slots, or evenly ([`Pace`]), so that HIGH finds a slot soon.
//!
//! [`GateView::explanation`] says why a call waits; what only the host knows about a call, it expresses with the same type.
//!
//! # When it is asked
//!
//! At every wake-up [`Gate::release_holds`] comes before [`Gate::decide`], and `decide` and `start`
//! alternate until the decision is not [`Decision::Start`]. After a restart, [`Gate::restore`]
//! takes the open permits and the rows, and [`Gate::recall`] the rest.

mod time;

mod calendar;
mod calendar_clock;
mod priority;
mod planned_pause;

mod rules;

mod permit;

mod feedback;
mod lane;
mod limit;
mod pause;

mod explain;

mod gate;

mod shared;

mod waiting_calls;

pub use calendar::{Calendar, ResetDay};
pub use calendar_clock::CalendarClock;
pub use explain::{Explanation, Holder, Position, Start};
pub use feedback::{
    FIRST_PAUSE, MAX_PAUSE, QUIET_INTERVAL, RAMP_ENDS_AT, Refusal, TROUBLED_CALLS, Throttle,
    ThrottleReport, Trouble, TroubleReport, TroubleState, Troubled, Whose,
};
pub use gate::{
    Decision, Disagreement, Feedback, Gate, GateView, LimitUsage, Memory, Quota, Released,
};
pub use lane::{FairOrder, Waiting};
pub use limit::{CountedCalls, MAX_BUCKETS, MAX_EXACT_CALLS, WindowRow};
pub use pause::Scope;
pub use permit::{CallId, OpenPermit, PermitId};
pub use planned_pause::PlannedPause;
pub use priority::{Priority, UnknownPriority};
pub use rules::{
    AppliesTo, BASE_URL, By, CallTraits, Charge, Charges, Cost, CountFrom, Counts,
    DEFAULT_MAX_DEFERRALS, DeferralBound, KeptCharge, Key, Limit, LimitKind, Line, MAX_PROBE_PAUSE,
    MAX_TARIFFS, MAX_WINDOW, MIN_WINDOW, MaxDeferrals, MaxProbePause, Pace, Reserve, Rules,
    RulesError, Share, Tariff,
};
pub use shared::{
    CLOCK_MARGIN, Ceiling as SharedCeiling, MAX_SHARED_BUCKETS, MAX_SHARED_BYTES, Shared, TooLarge,
    Undecodable,
};
pub use time::Time;
pub use waiting_calls::WaitingCalls;

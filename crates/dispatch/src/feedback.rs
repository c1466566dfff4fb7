//! What the vendor's own refusals teach: a lower ceiling on calls in flight, or a closed target
//! that reopens slowly.
//!
//! Feedback only ever narrows what the configured limits admit. Recognising a throttle in an answer
//! is the business of the `caller` crate; repeating the refused call is that of the host.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::permit::PermitId;
use crate::time::Time;

/// After each interval of this length in which nothing lowers it the learned ceiling rises by one. A
/// window throttle this long after a reopening is a new one: its pause starts from
/// [`FIRST_PAUSE`] again.
pub const QUIET_INTERVAL: Duration = Duration::from_secs(30);
/// The first pause after a window throttle that states no time; each further one is twice as long.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause that the vendor did not state is longer.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// A trickle this wide is over.
pub const TRICKLE_ENDS_AT: u32 = 16;

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

/// What a throttle changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleReport {
    /// Our own limits of this kind had room when the vendor refused, or there are none: somebody
    /// else uses the account, or the limit is configured too high.
    pub under_our_limit: bool,
    /// The ceiling on calls in flight from now on, if it is below the configured one.
    pub learned_ceiling: Option<u32>,
    /// The target starts nothing before this moment.
    pub closed_until: Option<Time>,
}

/// The learned ceiling on calls in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ceiling {
    lowered_to: u32,
    lowered_at: Time,
}

impl Ceiling {
    /// One below the ceiling at present, but never below one call.
    pub(crate) fn below(ceiling: u32, now: Time) -> Ceiling {
        Ceiling {
            lowered_to: ceiling.saturating_sub(1).max(1),
            lowered_at: now,
        }
    }

    /// The ceiling at `now`: one more after each quiet interval.
    pub(crate) fn at(self, now: Time) -> u32 {
        let regained = self.quiet_intervals(now);
        self.lowered_to
            .saturating_add(u32::try_from(regained).unwrap_or(u32::MAX))
    }

    /// When it was lowered last.
    pub(crate) fn lowered_at(self) -> Time {
        self.lowered_at
    }

    /// When it rises next.
    pub(crate) fn rises_at(self, now: Time) -> Time {
        let quiet = QUIET_INTERVAL.as_micros() * (self.quiet_intervals(now) + 1);
        let quiet = Duration::from_micros(u64::try_from(quiet).unwrap_or(u64::MAX));
        self.lowered_at.saturating_add(quiet)
    }

    fn quiet_intervals(self, now: Time) -> u128 {
        now.saturating_since(self.lowered_at).as_micros() / QUIET_INTERVAL.as_micros()
    }
}

/// A target that was closed by the vendor: shut until a moment, then a trickle that widens with
/// each good answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closure {
    until: Time,
    /// Pauses without a quiet interval between them; the exponent of the next.
    pauses: u32,
    /// How many calls may be out at once after the reopening.
    width: u32,
    /// Those that are out.
    out: BTreeSet<PermitId>,
}

/// What a closure lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Open,
    ClosedUntil(Time),
    /// Reopened, and as many calls are out as may be.
    Full {
        width: u32,
    },
}

impl Closure {
    /// The closure after a window throttle. One that comes while the target is closed answers a
    /// call sent before: it can lengthen the pause, but teaches nothing new about how long a pause
    /// must be.
    pub(crate) fn after(
        before: Option<&Closure>,
        retry_after: Option<Duration>,
        now: Time,
        jitter: u64,
    ) -> Closure {
        let shut = before.filter(|closure| now < closure.until);
        let pauses = match (shut, before) {
            (Some(shut), _) => shut.pauses,
            (None, Some(before)) if !before.is_quiet(now) => before.pauses.saturating_add(1),
            (None, _) => 1,
        };
        let until = match (retry_after.filter(|stated| !stated.is_zero()), shut) {
            (Some(stated), _) => now.saturating_add(stated),
            (None, Some(shut)) => shut.until,
            (None, None) => now.saturating_add(pause(pauses, jitter)),
        };
        let until = shut.map_or(until, |shut| shut.until.max(until));
        Closure {
            until,
            pauses,
            width: 1,
            out: BTreeSet::new(),
        }
    }

    /// The closure after an answer that refused nobody and said that nothing is left before `until`.
    /// It teaches nothing of how long a pause must be where the vendor does not say.
    pub(crate) fn announced(before: Option<&Closure>, until: Time, now: Time) -> Closure {
        let unquiet = before.filter(|closure| !closure.is_quiet(now));
        Closure {
            until: before.map_or(until, |closure| closure.until.max(until)),
            pauses: unquiet.map_or(0, |closure| closure.pauses),
            width: 1,
            out: BTreeSet::new(),
        }
    }

    pub(crate) fn until(&self) -> Time {
        self.until
    }

    pub(crate) fn opening(&self, now: Time) -> Opening {
        let out = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        if now < self.until {
            Opening::ClosedUntil(self.until)
        } else if self.trickles() && out >= self.width {
            Opening::Full { width: self.width }
        } else {
            Opening::Open
        }
    }

    pub(crate) fn started(&mut self, id: PermitId) {
        if self.trickles() {
            self.out.insert(id);
        }
    }

    /// An answer that was no window throttle (such a one begins a new closure): one more call may
    /// be out.
    pub(crate) fn answered(&mut self, id: PermitId) {
        if self.out.remove(&id) {
            self.width = self.width.saturating_add(1);
        }
    }

    /// No answer came: that says nothing about the vendor, but must not stop the trickle for as
    /// long as the hold lasts.
    pub(crate) fn held(&mut self, id: PermitId) {
        self.out.remove(&id);
    }

    /// A concurrency throttle during the trickle: the answer that brings it must not widen it.
    pub(crate) fn narrow(&mut self) {
        if self.trickles() {
            self.width = self.width.saturating_sub(1).max(1);
        }
    }

    /// The process stopped: the calls that were out are held.
    pub(crate) fn forget_calls(&mut self) {
        self.out.clear();
    }

    /// How many calls may be out at once, while that is bounded.
    pub(crate) fn trickle(&self) -> Option<u32> {
        self.trickles().then_some(self.width)
    }

    /// Another process goes on with the same permits: only the calls whose permit is open are out.
    pub(crate) fn keep_calls(&mut self, is_open: impl Fn(PermitId) -> bool) {
        self.out.retain(|id| is_open(*id));
    }

    fn trickles(&self) -> bool {
        self.width < TRICKLE_ENDS_AT
    }

    fn is_quiet(&self, now: Time) -> bool {
        !self.trickles() || now >= self.until.saturating_add(QUIET_INTERVAL)
    }
}

/// The pause after so many throttles in a row: doubled each time, between half and all of it, so
/// that several clients of one account do not come back together.
fn pause(pauses: u32, jitter: u64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(pauses.saturating_sub(1)));
    let half = doubled.min(LONGEST_PAUSE) / 2;
    let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(jitter % (spread + 1))
}

#[cfg(test)]
mod tests;

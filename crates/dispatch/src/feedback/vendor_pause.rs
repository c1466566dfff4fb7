//! A pause that the vendor asked for or announced, for the whole target: closed until a moment, then a ramp that
//! widens with each good answer.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ceiling::QUIET_INTERVAL;
use super::trouble::TroubleState;
use crate::permit::PermitId;
use crate::time::Time;

/// The first pause after a window throttle that states no time; each further one is twice as long.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that the vendor did not state.
pub const MAX_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The width at which a ramp is over.
pub const RAMP_ENDS_AT: u32 = 16;

/// A pause that the vendor asked for: the target is closed until a moment, then a ramp that widens
/// with each good answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VendorPause {
    until: Time,
    /// Pauses without a quiet interval between them; the exponent of the next.
    pauses: u32,
    /// How many calls may be in flight at once after the reopening.
    width: u32,
    /// Those in flight.
    out: BTreeSet<PermitId>,
}

/// What a pause lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Open,
    /// The account is in trouble: a probe is in flight, or may leave then.
    Trouble(TroubleState),
    ClosedUntil(Time),
    /// Reopened, and as many calls are in flight as the ramp allows.
    Full {
        width: u32,
    },
}

impl VendorPause {
    /// The pause after a window throttle. One that comes while the target is closed answers a
    /// call sent before: it can lengthen the pause, but teaches nothing new about how long a pause
    /// must be.
    pub(crate) fn after(
        before: Option<&VendorPause>,
        retry_after: Option<Duration>,
        now: Time,
        jitter: u64,
    ) -> VendorPause {
        let shut = before.filter(|pause| now < pause.until);
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
        VendorPause {
            until,
            pauses,
            width: 1,
            out: BTreeSet::new(),
        }
    }

    /// The pause after an answer that refused nobody and said that nothing is left before `until`.
    /// It teaches nothing about how long a pause must be when the vendor does not say.
    pub(crate) fn announced(before: Option<&VendorPause>, until: Time, now: Time) -> VendorPause {
        let unquiet = before.filter(|pause| !pause.is_quiet(now));
        VendorPause {
            until: before.map_or(until, |pause| pause.until.max(until)),
            pauses: unquiet.map_or(0, |pause| pause.pauses),
            width: 1,
            out: BTreeSet::new(),
        }
    }

    /// It ends now, with the ramp: the vendor answers.
    pub(crate) fn end(&mut self, now: Time) {
        self.until = self.until.min(now);
    }

    pub(crate) fn until(&self) -> Time {
        self.until
    }

    pub(crate) fn opening(&self, now: Time) -> Opening {
        let out = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        if now < self.until {
            Opening::ClosedUntil(self.until)
        } else if self.is_ramping() && out >= self.width {
            Opening::Full { width: self.width }
        } else {
            Opening::Open
        }
    }

    pub(crate) fn started(&mut self, id: PermitId) {
        if self.is_ramping() {
            self.out.insert(id);
        }
    }

    /// An answer that was no window throttle (such a one begins a new pause): one more call may
    /// be out.
    pub(crate) fn answered(&mut self, id: PermitId) {
        if self.out.remove(&id) {
            self.width = self.width.saturating_add(1);
        }
    }

    /// No answer came: that says nothing about the vendor, but must not stop the ramp for as
    /// long as the hold lasts.
    pub(crate) fn held(&mut self, id: PermitId) {
        self.out.remove(&id);
    }

    /// A concurrency throttle during the ramp: the answer that brings it must not widen it.
    pub(crate) fn narrow(&mut self) {
        if self.is_ramping() {
            self.width = self.width.saturating_sub(1).max(1);
        }
    }

    /// The process stopped: the calls that were in flight are held.
    pub(crate) fn forget_calls(&mut self) {
        self.out.clear();
    }

    /// How many calls may be out at once, while that is bounded.
    pub(crate) fn ramp(&self) -> Option<u32> {
        self.is_ramping().then_some(self.width)
    }

    /// Another process goes on with the same permits: only the calls whose permit is open are in
    /// flight.
    pub(crate) fn keep_calls(&mut self, is_open: impl Fn(PermitId) -> bool) {
        self.out.retain(|id| is_open(*id));
    }

    fn is_ramping(&self) -> bool {
        self.width < RAMP_ENDS_AT
    }

    fn is_quiet(&self, now: Time) -> bool {
        !self.is_ramping() || now >= self.until.saturating_add(QUIET_INTERVAL)
    }
}

/// The pause after this many throttles in a row: doubled with each.
fn pause(pauses: u32, jitter: u64) -> Duration {
    let doublings = pauses.saturating_sub(1);
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings));
    spread(doubled.min(MAX_PAUSE), jitter)
}

/// Between half of a pause and all of it, so that several clients of one account do not come back together.
pub(super) fn spread(pause: Duration, jitter: u64) -> Duration {
    let half = pause / 2;
    let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(jitter % (spread + 1))
}

#[cfg(test)]
mod tests;

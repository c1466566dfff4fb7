//! Whose trouble a throttle is: a call that is refused while the vendor answers others is refused because of
//! itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ceiling::QUIET_INTERVAL;
use crate::permit::CallId;
use crate::time::Time;

/// For this long a good answer shows that the account is well.
const WELL_FOR: Duration = QUIET_INTERVAL;

/// What good answers and throttles say about each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Successes {
    /// The last good answer.
    last: Option<Time>,
    /// The first call that was throttled since, and whether others succeeded then.
    throttled: Option<(CallId, bool)>,
    /// When the call whose throttle closed the target was started, if the vendor did not say that it means
    /// everybody.
    doubted: Option<Time>,
}

impl Successes {
    /// This call was throttled. Returns whether the vendor answers others while it refuses this one: the last answers to
    /// other calls were good. If no other call has been throttled since, that does not become less true with time.
    pub(crate) fn throttled(&mut self, call: CallId, now: Time) -> bool {
        let is_recent = |last: Time| now <= last.saturating_add(WELL_FOR);
        let others_succeed = match self.throttled {
            Some((other, _)) if other != call => false,
            Some((_, true)) => true,
            _ => self.last.is_some_and(is_recent),
        };
        self.throttled.get_or_insert((call, others_succeed));
        others_succeed
    }

    /// The target is closed; if a time is given, by the throttle of a call that was started then, which
    /// may not mean everybody.
    pub(crate) fn shut(&mut self, by_call_started_at: Option<Time>) {
        self.doubted = by_call_started_at;
    }

    /// Whether a good answer may prove the last pause wrong.
    pub(crate) fn is_pause_doubted(&self) -> bool {
        self.doubted.is_some()
    }

    /// A good answer to a call that was started then. Returns whether it proves a pause wrong: the vendor took a call that
    /// left later than the one whose throttle closed the target. If two calls left at the same moment, nobody knows which
    /// arrived first: one may get the last slot of the vendor's window and the other be refused.
    pub(crate) fn answered(&mut self, started_at: Time, now: Time) -> bool {
        self.last = Some(now);
        self.throttled = None;
        let disproves = self.doubted.is_some_and(|doubted| started_at > doubted);
        if disproves {
            self.doubted = None;
        }
        disproves
    }
}

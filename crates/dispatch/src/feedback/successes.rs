//! Whose trouble a throttle is: a call that is refused while the vendor answers others is refused for itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ceiling::QUIET_INTERVAL;
use crate::permit::CallId;
use crate::time::Time;

/// So long a good answer says that the account is well.
const WELL_FOR: Duration = QUIET_INTERVAL;

/// What good answers and throttles say of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Successes {
    /// The last good answer.
    last: Option<Time>,
    /// The first call that was throttled since, and whether others succeeded then.
    throttled: Option<(CallId, bool)>,
    /// When the call was started whose throttle shut the target, if the vendor did not say that it means everybody.
    doubted: Option<Time>,
}

impl Successes {
    /// This call was throttled. Says whether the vendor answers others while it refuses this one: the last answers but its own
    /// were good. Where it alone was throttled since, that does not become less true with time.
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

    /// The target is shut; by the throttle of a call that was started then, which may not mean everybody.
    pub(crate) fn shut(&mut self, by_call_started_at: Option<Time>) {
        self.doubted = by_call_started_at;
    }

    /// Whether a good answer may prove the last pause wrong.
    pub(crate) fn is_pause_doubted(&self) -> bool {
        self.doubted.is_some()
    }

    /// A good answer to a call that was started then. Says whether it proves a pause wrong: the vendor took a call that left
    /// later than the one whose throttle shut the target. Of calls that left at the same moment nobody knows which came first: the last
    /// place of a window is taken well by one and refused to the next.
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

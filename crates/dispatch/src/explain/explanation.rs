//! The answer to "why does it not start?".

use super::holder::Holder;
use super::start::Start;
use crate::priority::Priority;
use crate::time::Time;

/// Why a call that has not ended is where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What holds it.
    pub held_by: Holder,
    /// Since when this holder holds, where that is known.
    pub since: Option<Time>,
    /// The holder does not let go before this moment; none if time alone does not move it.
    pub until: Option<Time>,
    /// Calls of its lane that go before it.
    pub ahead: u64,
    /// When it should start.
    pub starts: Start,
}

/// The position of a waiting call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its lane.
    pub priority: Priority,
    /// Calls of the lane that go before it.
    pub ahead: u64,
    /// Calls that wait in the lanes above.
    pub above: u64,
}

impl Position {
    /// The first call of a lane, with nobody above.
    pub const fn first(priority: Priority) -> Position {
        Position {
            priority,
            ahead: 0,
            above: 0,
        }
    }

    /// Calls that should start before it.
    pub const fn before(self) -> u64 {
        self.ahead.saturating_add(self.above)
    }
}

impl Explanation {
    /// What a host knows of one call and the gate does not: a holder that lets go at `until`, if time alone moves it.
    pub fn by_host(held_by: Holder, since: Option<Time>, until: Option<Time>) -> Explanation {
        let starts = match held_by {
            Holder::BackOff { .. } | Holder::Delay | Holder::SetBack { .. } => {
                until.map_or(Start::Unknown, Start::NotBefore)
            }
            _ => Start::Unknown,
        };
        Explanation {
            held_by,
            since,
            until,
            ahead: 0,
            starts,
        }
    }

    /// The same, where a pause by hand holds the call, with the reason that the host keeps, unless it is empty, and since when.
    #[must_use]
    pub fn with_reason(mut self, why: &str, paused_at: Option<Time>) -> Explanation {
        if let Holder::Pause { reason, .. } = &mut self.held_by {
            *reason = (!why.is_empty()).then(|| why.to_owned());
            self.since = paused_at.or(self.since);
        }
        self
    }

    /// Whether nothing holds the call.
    pub fn is_admissible(&self) -> bool {
        self.held_by == Holder::Nothing
    }
}

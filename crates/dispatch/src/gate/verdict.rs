//! The gate's explanation in the shape that hosts took it in before [`Explanation`]: until none does any more.

use super::Gate;
use crate::explain::{Explanation, Holder, Position};
use crate::feedback::Opening;
use crate::lane::Waiting;
use crate::pause::Scope;
use crate::priority::Priority;
use crate::time::Time;

/// Why the next call of a lane does or does not start now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may start now.
    Admissible,
    /// A limit has no place for it.
    HeldBy {
        /// The limit; where several refuse, the one that is the last to have a place.
        limit: String,
        /// Places that are taken.
        used: u64,
        /// Places there are at present, a learned ceiling considered.
        max: u64,
        /// Empty places that are kept for higher priorities.
        reserved_for_higher: u64,
        /// Before this moment time alone cannot free a place; `None`: only an answer can.
        frees_at: Option<Time>,
    },
    /// A limit has no place for more calls of its priority.
    HeldByShare {
        /// The limit.
        limit: String,
        /// Places that calls of the priority have.
        used: u64,
        /// The share of the priority.
        share: u64,
        /// Before this moment time alone cannot free a place; `None`: only an answer can.
        frees_at: Option<Time>,
    },
    /// The limits have a place for it, but the next start is that of another lane.
    HeldByLane(Priority),
    /// The vendor closed the target.
    ClosedUntil(Time),
    /// The target has just reopened: so many calls may be out at once, and are.
    Trickling {
        /// Calls that may be out.
        width: u32,
    },
    /// Somebody paused it.
    Paused(Scope),
}

impl Gate {
    /// What holds the next call of a lane, if anything does. The lane itself is taken to wait.
    pub fn explain(&self, priority: Priority, waiting: Waiting, now: Time) -> Verdict {
        Verdict::of(self.explanation(Position::first(priority), waiting, None, now))
    }

    /// Whether the vendor closed the target ([`Verdict::ClosedUntil`]) or has it reopen slowly
    /// ([`Verdict::Trickling`]); [`Verdict::Admissible`] where it does neither.
    pub fn closure(&self, now: Time) -> Verdict {
        match (self.opening(self.at(now)), &self.vendor_pause) {
            (Opening::Trouble(trouble), _) => {
                Verdict::ClosedUntil(trouble.next_probe.unwrap_or(Time::MAX))
            }
            (Opening::ClosedUntil(until), _) => Verdict::ClosedUntil(until),
            (_, Some(pause)) => pause
                .ramp()
                .map_or(Verdict::Admissible, |width| Verdict::Trickling { width }),
            _ => Verdict::Admissible,
        }
    }
}

impl Verdict {
    fn of(explanation: Explanation) -> Verdict {
        let frees_at = explanation.until;
        let held = |limit, used, max, reserved_for_higher| Verdict::HeldBy {
            limit,
            used,
            max,
            reserved_for_higher,
            frees_at,
        };
        match explanation.held_by {
            Holder::Limit { limit, used, max } => held(limit, used, max, 0),
            Holder::Reserve {
                limit,
                used,
                max,
                kept,
            } => held(limit, used, max, kept),
            Holder::Pace { limit } => held(limit, 0, 0, 0),
            Holder::PlaceForPolls { limit, used, max } => held(limit, used, max, 1),
            Holder::LearnedCeiling {
                limit,
                used,
                ceiling,
                ..
            } => held(limit, used, ceiling, 0),
            Holder::Share {
                limit, used, max, ..
            } => Verdict::HeldByShare {
                limit,
                used,
                share: max,
                frees_at,
            },
            Holder::Trouble { .. } | Holder::VendorPause => {
                Verdict::ClosedUntil(frees_at.unwrap_or(Time::MAX))
            }
            Holder::Ramp { width } => Verdict::Trickling { width },
            Holder::Lane(lane) => Verdict::HeldByLane(lane),
            Holder::Pause { scope, .. } => Verdict::Paused(scope),
            // The gate names none of the host's holders, and nobody is ahead of the first call.
            _ => Verdict::Admissible,
        }
    }
}

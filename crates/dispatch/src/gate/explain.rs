//! What holds the next call of a lane.

use super::Gate;
use crate::feedback::Opening;
use crate::lane::Waiting;
use crate::limit::LimitState;
use crate::pause::Scope;
use crate::permit::Stage;
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
        let now = self.at(now);
        if let Some(scope) = self.pauses.of(priority) {
            return Verdict::Paused(scope);
        }
        match self.opening(now) {
            Opening::ClosedUntil(until) => return Verdict::ClosedUntil(until),
            Opening::Full { width } => return Verdict::Trickling { width },
            Opening::Open => {}
        }
        if let Some(verdict) = self.refusal(priority, waiting.next(priority), now) {
            return verdict;
        }
        match self.first(self.eligible(waiting.with(priority), now)) {
            Some(first) if first != priority => Verdict::HeldByLane(first),
            _ => Verdict::Admissible,
        }
    }

    /// Whether the vendor closed the target ([`Verdict::ClosedUntil`]) or has it reopen slowly
    /// ([`Verdict::Trickling`]); [`Verdict::Admissible`] where it does neither.
    pub fn closure(&self, now: Time) -> Verdict {
        match (self.opening(self.at(now)), &self.vendor_pause) {
            (Opening::ClosedUntil(until), _) => Verdict::ClosedUntil(until),
            (_, Some(pause)) => pause
                .ramp()
                .map_or(Verdict::Admissible, |width| Verdict::Trickling { width }),
            _ => Verdict::Admissible,
        }
    }

    /// The limit that refuses a lane and is the last to have a place again.
    fn refusal(&self, priority: Priority, stage: Stage, now: Time) -> Option<Verdict> {
        let context = self.context(now);
        let refusing = self
            .limits
            .iter()
            .filter(|limit| !limit.admits(priority, stage, context));
        let frees_at = |limit: &LimitState| {
            limit
                .frees_at(priority, stage, context)
                .unwrap_or(Time::MAX)
        };
        let last = refusing.max_by_key(|limit| frees_at(limit))?;
        let reading = last.read(priority, stage, context);
        let limit = last.rule.name.clone();
        let frees_at = last.frees_at(priority, stage, context);
        if let (true, Some(share)) = (reading.fits_but_for_its_share(), reading.share) {
            return Some(Verdict::HeldByShare {
                limit,
                used: share.used,
                share: share.max,
                frees_at,
            });
        }
        Some(Verdict::HeldBy {
            limit,
            used: reading.used,
            max: reading.max,
            reserved_for_higher: reading.kept,
            frees_at,
        })
    }
}

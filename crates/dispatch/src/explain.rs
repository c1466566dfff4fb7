//! Questions to the gate that change nothing: what holds a call, how full each limit is, what waits
//! for a slot.

use crate::feedback::Opening;
use crate::gate::Gate;
use crate::limit::Meter;
use crate::pause::Scope;
use crate::permit::{PermitId, Stage};
use crate::priority::{Priority, Waiting};
use crate::reserve::Reserve;
use crate::rules::LimitKind;
use crate::share::Share;
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

/// How full a limit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUsage {
    /// The limit.
    pub name: String,
    /// What it counts.
    pub kind: LimitKind,
    /// Places that are taken, held ones included.
    pub used: u64,
    /// Places it is configured to have.
    pub max: u64,
    /// Places kept for priorities.
    pub reserved: Reserve,
    /// The most places for each priority.
    pub share: Share,
    /// Places taken by open calls of unknown outcome.
    pub held: u64,
    /// The ceiling the vendor's throttles taught, where it is below the configured one.
    pub learned_ceiling: Option<u32>,
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

    /// How full each limit is, in the order of the rules.
    pub fn usage(&self, now: Time) -> Vec<LimitUsage> {
        let around = self.around(self.at(now));
        let usage = self.limits.iter().map(|limit| LimitUsage {
            name: limit.rule.name.clone(),
            kind: limit.rule.kind.clone(),
            used: limit.taken(around).total(),
            max: limit.rule.max(),
            reserved: limit.rule.reserve,
            share: limit.rule.share,
            held: if limit.counts_open_calls() {
                (self.permits.held() as u64).min(limit.taken(around).total())
            } else {
                0
            },
            learned_ceiling: u32::try_from(limit.max(around))
                .ok()
                .filter(|max| u64::from(*max) < limit.rule.max()),
        });
        usage.collect()
    }

    /// Whether a call waits only because all slots are taken: everything but a concurrency limit
    /// (its reserve, a learned ceiling and slots of unknown outcome included) admits the next call
    /// of some waiting lane. A lane that used up its share does not wait for a slot.
    pub fn contended(&self, waiting: Waiting, now: Time) -> bool {
        let now = self.at(now);
        let around = self.around(now);
        let waits_for_a_slot = |lane: Priority| {
            let mut refusing = self
                .limits
                .iter()
                .filter(|limit| !limit.admits(lane, waiting.next(lane), around))
                .peekable();
            let is_full = |limit: &Meter| {
                let reading = limit.read(lane, waiting.next(lane), around);
                limit.is_concurrency() && !reading.fits_but_for_its_share()
            };
            refusing.peek().is_some() && refusing.all(is_full)
        };
        let mut open = waiting
            .lanes()
            .filter(|lane| self.pauses.of(*lane).is_none());
        self.opening(now) == Opening::Open && open.any(waits_for_a_slot)
    }

    /// Whether the vendor closed the target ([`Verdict::ClosedUntil`]) or has it reopen slowly
    /// ([`Verdict::Trickling`]); [`Verdict::Admissible`] where it does neither.
    pub fn closure(&self, now: Time) -> Verdict {
        match (self.opening(self.at(now)), &self.closure) {
            (Opening::ClosedUntil(until), _) => Verdict::ClosedUntil(until),
            (_, Some(closure)) => closure
                .trickle()
                .map_or(Verdict::Admissible, |width| Verdict::Trickling { width }),
            _ => Verdict::Admissible,
        }
    }

    /// Open permits of unknown outcome.
    pub fn held(&self) -> usize {
        self.permits.held()
    }

    /// Requests that are out, held ones included.
    pub fn in_flight(&self) -> u64 {
        self.permits.requests().total()
    }

    /// Whether a limit counts jobs: then a call that the vendor accepted keeps its permit until its
    /// job has ended. See [`Gate::accepted`].
    pub fn counts_jobs(&self) -> bool {
        self.limits.iter().any(Meter::counts_jobs)
    }

    /// Whether a permit is open.
    pub fn is_open(&self, id: PermitId) -> bool {
        self.permits.is_open(id)
    }

    /// Deferrals of each lane so far, in the order of [`Priority::ALL`].
    pub fn deferrals(&self) -> [u64; 3] {
        self.lanes.totals()
    }

    /// The ceiling on calls in flight that throttles taught, where it is below the configured one.
    pub fn learned_ceiling(&self, now: Time) -> Option<u32> {
        let around = self.around(self.at(now));
        let limits = self
            .limits
            .iter()
            .filter(|limit| limit.max(around) < limit.rule.max());
        limits
            .filter_map(|limit| u32::try_from(limit.max(around)).ok())
            .min()
    }

    /// The limit that refuses a lane and is the last to have a place again.
    fn refusal(&self, priority: Priority, stage: Stage, now: Time) -> Option<Verdict> {
        let around = self.around(now);
        let refusing = self
            .limits
            .iter()
            .filter(|limit| !limit.admits(priority, stage, around));
        let frees_at = |limit: &Meter| limit.frees_at(priority, stage, around).unwrap_or(Time::MAX);
        let last = refusing.max_by_key(|limit| frees_at(limit))?;
        let reading = last.read(priority, stage, around);
        let limit = last.rule.name.clone();
        let frees_at = last.frees_at(priority, stage, around);
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

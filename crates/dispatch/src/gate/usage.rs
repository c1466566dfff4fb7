//! Questions to the gate that change nothing: how full each limit is, what waits for a slot, what
//! is in flight.

use crate::feedback::Opening;
use crate::gate::{Gate, GateView};
use crate::lane::Waiting;
use crate::limit::LimitState;
use crate::permit::PermitId;
use crate::priority::Priority;
use crate::rules::{LimitKind, Pace, Reserve, Share};

/// How full a limit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUsage {
    /// The limit.
    pub name: String,
    /// What it counts.
    pub kind: LimitKind,
    /// Slots that are taken, held ones included.
    pub used: u64,
    /// Slots it is configured to have.
    pub max: u64,
    /// Slots kept for priorities.
    pub reserved: Reserve,
    /// The most slots for each priority.
    pub share: Share,
    /// How its slots are taken; none for a limit that is not a window.
    pub pace: Option<Pace>,
    /// Slots taken by open calls of unknown outcome.
    pub held: u64,
    /// The ceiling the vendor's throttles taught, where it is below the configured one.
    pub learned_ceiling: Option<u32>,
}

impl GateView<'_> {
    /// How full each limit is, in the order of the rules.
    pub fn usage(&self) -> Vec<LimitUsage> {
        let context = self.context();
        let usage = self.gate.limits.iter().map(|limit| LimitUsage {
            name: limit.rule.name.clone(),
            kind: limit.rule.kind.clone(),
            used: limit.taken(context).total(),
            max: limit.rule.max(),
            reserved: limit.rule.reserve,
            share: limit.rule.share,
            pace: matches!(limit.rule.kind, LimitKind::Window { .. }).then_some(limit.rule.pace),
            held: if limit.counts_open_calls() {
                (self.gate.permits.held() as u64).min(limit.taken(context).total())
            } else {
                0
            },
            learned_ceiling: u32::try_from(limit.max(context))
                .ok()
                .filter(|max| u64::from(*max) < limit.rule.max()),
        });
        usage.collect()
    }

    /// Whether a call waits only because all slots are taken: everything except a concurrency limit
    /// (its reserve, a learned ceiling and slots of unknown outcome included) admits the next call
    /// of some waiting lane. A lane that used up its share does not wait for a slot.
    pub fn contended(&self, waiting: Waiting) -> bool {
        let context = self.context();
        let waits_for_a_slot = |lane: Priority| {
            let mut refusing = self
                .gate
                .limits
                .iter()
                .filter(|limit| !limit.admits(lane, waiting.next(lane), context))
                .peekable();
            let is_full = |limit: &LimitState| {
                let reading = limit.read(lane, waiting.next(lane), context);
                limit.is_concurrency() && !reading.fits_but_for_its_share()
            };
            refusing.peek().is_some() && refusing.all(is_full)
        };
        let mut open = waiting
            .lanes()
            .filter(|lane| !self.is_paused(*lane))
            .filter(|lane| self.paced(*lane, waiting).is_none());
        self.opening() == Opening::Open && open.any(waits_for_a_slot)
    }

    /// The ceiling on calls in flight that throttles taught, where it is below the configured one.
    pub fn learned_ceiling(&self) -> Option<u32> {
        let context = self.context();
        let limits = self
            .gate
            .limits
            .iter()
            .filter(|limit| limit.max(context) < limit.rule.max());
        limits
            .filter_map(|limit| u32::try_from(limit.max(context)).ok())
            .min()
    }
}

impl Gate {
    /// Open permits of unknown outcome.
    pub fn held(&self) -> usize {
        self.permits.held()
    }

    /// Requests in flight, held ones included.
    pub fn in_flight(&self) -> u64 {
        self.permits.requests().total()
    }

    /// Whether a limit counts jobs: then a call that the vendor accepted keeps its permit until its
    /// job has ended. See [`Gate::accepted`].
    pub fn counts_jobs(&self) -> bool {
        self.limits.iter().any(LimitState::counts_jobs)
    }

    /// Whether a permit is open.
    pub fn is_open(&self, id: PermitId) -> bool {
        self.permits.is_open(id)
    }

    /// Deferrals of each lane so far, in the order of [`Priority::ALL`].
    pub fn deferrals(&self) -> [u64; 3] {
        self.lanes.totals()
    }
}

//! The gate at one moment: what decides, and what people and hosts ask. It changes nothing.

use super::Gate;
use crate::feedback::Opening;
use crate::lane::Waiting;
use crate::limit::LimitContext;
use crate::permit::Stage;
use crate::priority::Priority;
use crate::time::Time;

/// A gate at one moment. [`Gate::view`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct GateView<'g> {
    pub(super) gate: &'g Gate,
    /// No earlier than the gate's own time.
    pub(super) now: Time,
}

impl<'g> GateView<'g> {
    pub(super) fn of(gate: &'g Gate, now: Time) -> GateView<'g> {
        GateView { gate, now }
    }

    /// The lanes among `waiting` whose next call everything admits: also what [`Gate::give_back`] must know about the moment
    /// of the start.
    pub fn admitted(&self, waiting: Waiting) -> Waiting {
        let mut eligible = Waiting::NONE;
        for lane in waiting.lanes() {
            let admitted = self.admits(lane, waiting.next(lane));
            eligible.set(lane, admitted && self.paced(lane, waiting).is_none());
        }
        eligible
    }

    pub(super) fn admits(&self, lane: Priority, stage: Stage) -> bool {
        let context = self.context();
        !self.is_paused(lane)
            && self.opening() == Opening::Open
            && self
                .gate
                .limits
                .iter()
                .all(|limit| limit.admits(lane, stage, context))
    }

    /// Which of the eligible lanes would start.
    pub(super) fn first(&self, eligible: Waiting) -> Option<Priority> {
        self.gate.lanes.first(eligible, &self.gate.bounds)
    }

    pub(super) fn opening(&self) -> Opening {
        if let Some(trouble) = self.gate.trouble.state()
            && trouble.next_probe.is_none_or(|next| self.now < next)
        {
            return Opening::Trouble(trouble);
        }
        self.gate
            .vendor_pause
            .as_ref()
            .map_or(Opening::Open, |pause| pause.opening(self.now))
    }

    /// What the limits read.
    pub(super) fn context(&self) -> LimitContext<'g> {
        LimitContext {
            permits: &self.gate.permits,
            ceiling: self.gate.ceiling,
            now: self.now,
        }
    }
}

//! Pauses by hand, of the target or of one lane, and planned pauses.

use super::{Gate, GateView};
use crate::pause::Scope;
use crate::planned_pause::PlannedPause;
use crate::priority::Priority;
use crate::time::{Time, earliest};

impl Gate {
    /// Starts nothing more, in the whole target or in one lane, until [`Gate::resume`]. Calls in
    /// flight go on.
    pub fn pause(&mut self, scope: Scope) {
        self.pauses.set(scope, true);
    }

    /// Ends the pause of the target or of one lane; each is paused independently.
    pub fn resume(&mut self, scope: Scope) {
        self.pauses.set(scope, false);
    }

    /// What is paused, the target before its lanes.
    pub fn paused(&self) -> Vec<Scope> {
        self.pauses.scopes()
    }
}

impl GateView<'_> {
    /// The planned pause that stops a lane now, and its end; if several do, the one that ends last.
    pub fn planned_pause(&self, lane: Priority) -> Option<(&PlannedPause, Time)> {
        let of_lane = self.gate.planned.iter().filter(|pause| pause.stops(lane));
        let in_force = of_lane.filter_map(|pause| Some((pause, pause.until(self.now)?)));
        in_force.max_by_key(|(_, until)| *until)
    }

    /// Whether a lane is paused, by hand or by a planned pause.
    pub(super) fn is_paused(&self, lane: Priority) -> bool {
        self.gate.pauses.of(lane).is_some() || self.planned_pause(lane).is_some()
    }

    /// When the next planned pause begins or ends.
    pub(super) fn next_planned_change(&self) -> Option<Time> {
        self.gate.planned.iter().fold(None, |first, pause| {
            let begins = pause.next_begin(self.now);
            earliest(first, earliest(begins, pause.until(self.now)))
        })
    }
}

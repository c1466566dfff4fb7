//! Pauses by hand: a person stops a target or one of its lanes.

use serde::{Deserialize, Serialize};

use crate::priority::Priority;

/// What a pause stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Every lane of the target.
    Target,
    /// One lane.
    Lane(Priority),
}

/// What is paused. The target and each lane are paused independently, so that resuming the target
/// leaves a paused lane paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pauses {
    target: bool,
    lanes: [bool; 3],
}

impl Pauses {
    pub(crate) fn set(&mut self, scope: Scope, paused: bool) {
        match scope {
            Scope::Target => self.target = paused,
            Scope::Lane(lane) => self.lanes[lane.index()] = paused,
        }
    }

    /// Everything that is paused, the widest first.
    pub(crate) fn scopes(self) -> Vec<Scope> {
        let lanes = Priority::ALL
            .into_iter()
            .filter(|lane| self.lanes[lane.index()]);
        let target = self.target.then_some(Scope::Target);
        target.into_iter().chain(lanes.map(Scope::Lane)).collect()
    }

    /// The pause that stops a lane, the widest first.
    pub(crate) fn of(self, lane: Priority) -> Option<Scope> {
        if self.target {
            Some(Scope::Target)
        } else {
            self.lanes[lane.index()].then_some(Scope::Lane(lane))
        }
    }
}

//! What a gate knows beyond permits and rows, for a host that keeps it across a restart or shares
//! it between processes.

use serde::{Deserialize, Serialize};

use crate::feedback::{Ceiling, Closure};
use crate::gate::Gate;
use crate::lane::Lanes;
use crate::pause::{Pauses, Scope};

/// Deferral counters, learned ceiling, closure and pauses: small, and opaque but for its serialised
/// form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    lanes: Lanes,
    ceiling: Option<Ceiling>,
    closure: Option<Closure>,
    pauses: Pauses,
}

impl Memory {
    /// Adds a pause, so that a gate that recalls it starts nothing there.
    pub fn pause(&mut self, scope: Scope) {
        self.pauses.set(scope, true);
    }
}

impl Gate {
    /// What to persist beside permits and rows. Without it a restart forgets a `Retry-After`.
    pub fn memory(&self) -> Memory {
        Memory {
            lanes: self.lanes.clone(),
            ceiling: self.ceiling,
            closure: self.closure.clone(),
            pauses: self.pauses,
        }
    }

    /// Gives a restored gate back what the former one remembered.
    pub fn recall(&mut self, memory: Memory) {
        self.lanes = memory.lanes;
        self.lanes.hold_to(&self.bounds);
        self.ceiling = memory.ceiling;
        self.pauses = memory.pauses;
        self.closure = memory.closure.map(|mut closure| {
            closure.forget_calls();
            closure
        });
    }
    /// Gives a gate that was restored from what another process shares what that one remembered:
    /// as [`Gate::recall`], but the calls of a trickle are still out, for their permits are open.
    pub(crate) fn recall_shared(&mut self, memory: Memory) {
        let closure = memory.closure.clone();
        self.recall(memory);
        let permits = &self.permits;
        self.closure = closure.map(|mut closure| {
            closure.keep_calls(|id| permits.is_open(id));
            closure
        });
    }
}

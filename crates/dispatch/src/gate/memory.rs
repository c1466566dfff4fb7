//! What a gate knows beyond permits and rows, for a host that keeps it across a restart or shares
//! it between processes.

use serde::{Deserialize, Serialize};

use crate::feedback::{Ceiling, VendorPause};
use crate::gate::Gate;
use crate::lane::Lanes;
use crate::pause::{Pauses, Scope};

/// Deferral counters, learned ceiling, pause and pauses: small, and opaque but for its serialised
/// form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    lanes: Lanes,
    ceiling: Option<Ceiling>,
    #[serde(rename = "closure")]
    vendor_pause: Option<VendorPause>,
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
            vendor_pause: self.vendor_pause.clone(),
            pauses: self.pauses,
        }
    }

    /// Gives a restored gate back what the former one remembered.
    pub fn recall(&mut self, memory: Memory) {
        self.lanes = memory.lanes;
        self.lanes.hold_to(&self.bounds);
        self.ceiling = memory.ceiling;
        self.pauses = memory.pauses;
        self.vendor_pause = memory.vendor_pause.map(|mut pause| {
            pause.forget_calls();
            pause
        });
    }
    /// Gives a gate that was restored from what another process shares what that one remembered:
    /// as [`Gate::recall`], but the calls of a ramp are still out, for their permits are open.
    pub(crate) fn recall_shared(&mut self, memory: Memory) {
        let pause = memory.vendor_pause.clone();
        self.recall(memory);
        let permits = &self.permits;
        self.vendor_pause = pause.map(|mut pause| {
            pause.keep_calls(|id| permits.is_open(id));
            pause
        });
    }
}

//! What a gate knows beyond permits and rows, for a host that keeps it across a restart or shares
//! it between processes.

use serde::{Deserialize, Serialize};

use crate::feedback::{AccountTrouble, Ceiling, Successes, VendorPause};
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
    #[serde(default)]
    trouble: AccountTrouble,
    #[serde(default)]
    successes: Successes,
}

/// What a version that knew nothing about the account's trouble remembered, in the same order.
#[derive(Deserialize)]
struct FormerMemory {
    lanes: Lanes,
    ceiling: Option<Ceiling>,
    vendor_pause: Option<VendorPause>,
    pauses: Pauses,
}

impl Memory {
    /// Reads the compact form, which names no fields: also the shorter one of an earlier version. What cannot be read
    /// has to be learned again.
    pub(crate) fn from_compact(bytes: &[u8]) -> Memory {
        let former = |_| {
            postcard::from_bytes(bytes).map(|former: FormerMemory| Memory {
                lanes: former.lanes,
                ceiling: former.ceiling,
                vendor_pause: former.vendor_pause,
                pauses: former.pauses,
                ..Memory::default()
            })
        };
        postcard::from_bytes(bytes)
            .or_else(former)
            .unwrap_or_default()
    }

    /// Adds a pause, so that a gate that recalls it starts nothing there.
    pub fn pause(&mut self, scope: Scope) {
        self.pauses.set(scope, true);
    }
}

impl Gate {
    /// What to persist beside permits and rows. Without it, a restart forgets a `Retry-After`.
    pub fn memory(&self) -> Memory {
        Memory {
            lanes: self.lanes.clone(),
            ceiling: self.ceiling,
            vendor_pause: self.vendor_pause.clone(),
            pauses: self.pauses,
            trouble: self.trouble.clone(),
            successes: self.successes.clone(),
        }
    }

    /// Gives a restored gate back what the former one remembered.
    pub fn recall(&mut self, memory: Memory) {
        self.lanes = memory.lanes;
        self.lanes.hold_to(&self.bounds);
        self.ceiling = memory.ceiling;
        self.pauses = memory.pauses;
        self.successes = memory.successes;
        self.trouble = memory.trouble;
        self.trouble.forget_calls(self.now, self.max_probe_pause);
        self.vendor_pause = memory.vendor_pause.map(|mut pause| {
            pause.forget_calls();
            pause
        });
    }
    /// Gives a gate that was restored from what another process shares what that process
    /// remembered: as [`Gate::recall`], but the calls of a ramp are still in flight, because their
    /// permits are open.
    pub(crate) fn recall_shared(&mut self, memory: Memory) {
        let (pause, trouble) = (memory.vendor_pause.clone(), memory.trouble.clone());
        self.recall(memory);
        let permits = &self.permits;
        self.trouble = trouble;
        self.trouble.keep_calls(|id| permits.is_open(id));
        self.vendor_pause = pause.map(|mut pause| {
            pause.keep_calls(|id| permits.is_open(id));
            pause
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::priority::Priority;

    #[test]
    fn what_a_former_version_remembered_is_read_in_both_forms() {
        let mut memory = Memory::default();
        memory.pause(Scope::Target);
        memory.pause(Scope::Lane(Priority::Batch));
        let mut json = serde_json::to_value(&memory).expect("plain data");
        let fields = json.as_object_mut().expect("a record");
        for new in ["trouble", "successes"] {
            fields.remove(new).expect("it is written");
        }
        let read: Memory = serde_json::from_value(json).expect("the former form");
        assert_eq!(read, memory);
        let Memory {
            lanes,
            ceiling,
            vendor_pause,
            pauses,
            ..
        } = &memory;
        let former = postcard::to_allocvec(&(lanes, ceiling, vendor_pause, pauses));
        assert_eq!(Memory::from_compact(&former.expect("plain data")), memory);
        let now = postcard::to_allocvec(&memory).expect("plain data");
        assert_eq!(Memory::from_compact(&now), memory);
    }
}

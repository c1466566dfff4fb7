//! Decoded frames that children read from: the items of a Map state are parsed once for many iterations. Bounded by the
//! length of the stored text; the least recently used one goes first.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_asl::Frame;
use rampmeter_store::model::id::StepId;

/// Bytes of stored text that may be kept decoded. A longer frame is kept alone.
const MAX_BYTES: usize = 8 << 20;

/// Frames by the step that holds them. A written step never changes, so nothing here becomes stale.
#[derive(Debug, Default)]
pub struct Ancestors {
    kept: BTreeMap<StepId, Kept>,
    /// The steps in the order of their last use.
    by_use: BTreeMap<u64, StepId>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    frame: Arc<Frame>,
    bytes: usize,
    used: u64,
}

impl Ancestors {
    /// The frame that a step holds, if it is kept.
    pub fn get(&mut self, step: StepId) -> Option<Arc<Frame>> {
        self.uses += 1;
        let kept = self.kept.get_mut(&step)?;
        self.by_use.remove(&kept.used);
        kept.used = self.uses;
        self.by_use.insert(self.uses, step);
        Some(Arc::clone(&kept.frame))
    }

    /// Keeps the frame that a step of this many bytes holds.
    pub fn keep(&mut self, step: StepId, frame: Arc<Frame>, bytes: usize) {
        self.forget(step);
        while self.bytes + bytes > MAX_BYTES
            && let Some((_, oldest)) = self.by_use.first_key_value()
        {
            self.forget(*oldest);
        }
        self.uses += 1;
        self.by_use.insert(self.uses, step);
        self.bytes += bytes;
        let used = self.uses;
        self.kept.insert(step, Kept { frame, bytes, used });
    }

    fn forget(&mut self, step: StepId) {
        if let Some(kept) = self.kept.remove(&step) {
            self.by_use.remove(&kept.used);
            self.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let mut ancestors = Ancestors::default();
        let frame = Arc::new(Frame::root());
        for step in 1..=4 {
            ancestors.keep(StepId(step), Arc::clone(&frame), MAX_BYTES / 4);
        }
        assert!(ancestors.get(StepId(1)).is_some());
        ancestors.keep(StepId(5), Arc::clone(&frame), MAX_BYTES / 4);
        assert!(ancestors.get(StepId(2)).is_none());
        assert!(ancestors.get(StepId(1)).is_some() && ancestors.get(StepId(5)).is_some());
        ancestors.keep(StepId(6), frame, MAX_BYTES * 2);
        assert!(ancestors.get(StepId(5)).is_none());
        assert!(ancestors.get(StepId(6)).is_some());
        assert_eq!(ancestors.kept.len(), 1);
    }
}

//! The answer to "what is it doing and why" for targets; that for calls is in `open_calls.rs`. Changes nothing.

use rampmeter_index::target_state;
use rampmeter_store::model::target::TargetState;

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

impl CallContext<'_> {
    /// Every target as it stands.
    pub(crate) fn inspect_targets(&mut self) -> Vec<TargetState> {
        let now = self.now();
        let targets = self.memory.targets.values();
        targets.map(|target| target_state(target, now)).collect()
    }
}

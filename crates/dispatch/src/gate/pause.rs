//! Pauses by hand, of the target or of one lane.

use super::Gate;
use crate::pause::Scope;

impl Gate {
    /// Starts nothing any more, in the whole target or in one lane, until [`Gate::resume`]. Calls
    /// in flight go on.
    pub fn pause(&mut self, scope: Scope) {
        self.pauses.set(scope, true);
    }

    /// Ends the pause of the target or of one lane; each is paused apart.
    pub fn resume(&mut self, scope: Scope) {
        self.pauses.set(scope, false);
    }

    /// What is paused, the target before its lanes.
    pub fn paused(&self) -> Vec<Scope> {
        self.pauses.scopes()
    }
}

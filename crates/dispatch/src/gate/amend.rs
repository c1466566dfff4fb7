//! Changing the rules of a gate at work, as `limit set` does.

use crate::gate::{Gate, GateView};
use crate::limit::WindowRow;
use crate::rules::{Charges, Rules};
use crate::time::Time;

impl Gate {
    /// Puts other rules in force at once. Calls in flight stay in flight and count in every new
    /// limit; expiring slots count on in the limit of the same name, each until the moment it was
    /// given. Nothing that is out is called back: a limit that is lowered refuses until enough
    /// slots are free. Persisted rows stay as they are. A host with lines asks anew which of them may go on.
    ///
    /// A window that is new, or longer than before, knows nothing of calls whose slots were free
    /// already; it is exact when one of its lengths has passed.
    ///
    /// # Panics
    /// As [`Gate::new`].
    pub fn amend(&mut self, rules: Rules, now: Time) {
        let now = self.at(now);
        let rows = self.view(now).rows();
        let amended = Gate::restore(rules, Vec::new(), rows, now);
        self.limits = amended.limits;
        let former = std::mem::replace(&mut self.tariffs, amended.tariffs);
        if former != self.tariffs {
            let tariffs = &self.tariffs;
            self.permits
                .charge_anew(|charges| Charges::recalled(&charges.kept(&former), tariffs));
        }
        for (priority, charges) in self.permits.charged() {
            for limit in &mut self.limits {
                limit.open(priority, &charges);
            }
        }
        for limit in &mut self.limits {
            limit.keep_calendar(self.calendar);
        }
        self.bounds = amended.bounds;
        self.planned = amended.planned;
        self.max_probe_pause = amended.max_probe_pause;
        self.lanes.hold_to(&self.bounds);
    }
}

impl GateView<'_> {
    /// The rows of all unreleased slots: all that a host must have persisted about windows by now,
    /// and no more.
    pub fn rows(&self) -> Vec<WindowRow> {
        self.gate
            .limits
            .iter()
            .flat_map(|limit| limit.rows(self.now))
            .collect()
    }
}

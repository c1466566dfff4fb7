//! What the headers of an answer say of the vendor's limits: how many calls are left, when more come, how many there
//! are in all. The gate decides what follows (`dispatch`): a target with nothing left closes before the first throttle,
//! and people are told of a limit of ours that is above the vendor's.

use std::time::{Duration, SystemTime};

use rampmeter_call::Outcome;
use rampmeter_caller::rate_headers::{StatedLimit, Unit};
use rampmeter_caller::{rate_headers, stated_limits};
use rampmeter_store::StoreFailure;
use rampmeter_store::model::id::TargetId;

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

/// The longest time for which a header alone closes a target: a vendor that means longer will say so again.
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);

impl CallContext<'_> {
    /// Notes what the headers of an answer say. Called after its permit was freed.
    pub(crate) fn heed_rate_headers(
        &mut self,
        id: TargetId,
        outcome: &Outcome,
    ) -> Result<(), StoreFailure> {
        // Some vendors name a reset by the wall clock, which the engine's own time need not follow.
        let stated_limits = stated_limits(outcome, SystemTime::now());
        if stated_limits.is_empty() {
            return Ok(());
        }
        let now = self.now();
        for stated in &stated_limits {
            self.target(id).note_vendor_limit(stated, now);
        }
        // The throttle itself has closed the target already, for as long as it said.
        if matches!(outcome, Outcome::Throttled { .. }) {
            return Ok(());
        }
        let calls: Vec<StatedLimit> = stated_limits
            .into_iter()
            .filter(|stated| stated.unit == Unit::Calls)
            .collect();
        let Some(resets_in) = rate_headers::pause(&calls) else {
            return Ok(());
        };
        let target = self.target(id);
        if target
            .gate
            .feedback(now)
            .used_up(resets_in.min(MAX_PAUSE))
            .is_none()
        {
            return Ok(());
        }
        target.closed_by_headers += 1;
        tracing::info!(
            target = target.config.name,
            seconds = resets_in.as_secs_f64(),
            "the vendor says that no calls are left while our own limits have room: nothing starts until its reset"
        );
        let memory = target.gate.memory();
        self.store.calls.remember(id, &memory)
    }
}

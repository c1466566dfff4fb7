//! What a start concludes about the time that has passed since the last commit.

use rampmeter_clock::{Basis, Clock, Reading, Resumption, resume};
use rampmeter_config::Config;
use rampmeter_dispatch::{LimitKind, Time};
use rampmeter_store::{PermitRow, Store, StoreError};
use std::time::Duration;

/// Concludes what the time is, and postpones what depends on time that may not have passed.
///
/// # Errors
/// When the store failed.
pub fn take_up_time(
    store: &Store,
    config: &Config,
    set_clock_back: Duration,
) -> Result<(Clock, Basis), StoreError> {
    let reading = Reading::take(set_clock_back);
    let newest = newest_time(store, &store.calls().permits()?)?;
    let resumption = resume(store.stamp()?.as_ref(), newest, &reading);
    let Resumption { unsure, basis, .. } = resumption;
    if !unsure.is_zero() {
        for (name, id) in store.target_names()? {
            let limits = config.targets.get(&name).into_iter();
            let by_the_date = limits
                .flat_map(|target| &target.rules.limits)
                .filter(|limit| matches!(limit.kind, LimitKind::Calendar { .. }))
                .map(|limit| limit.name.as_str())
                .collect::<Vec<_>>();
            store.calls().postpone_slots(id, unsure, &by_the_date)?;
        }
        store.calls().counted().postpone(unsure)?;
        store.calls().postpone_holds(unsure)?;
        tracing::warn!(
            unsure_s = unsure.as_secs(),
            because = basis.as_str(),
            "not all of the time since the last commit has surely passed: windows and holds end later by that"
        );
    }
    let clock = Clock::start(&resumption, reading, set_clock_back);
    Ok((clock, basis))
}

/// The newest time at which anything in the store was decided.
fn newest_time(store: &Store, permits: &[PermitRow]) -> Result<Option<Time>, StoreError> {
    let permits = permits.iter().map(|permit| permit.started_at).max();
    Ok([
        store.executions().newest_step_time()?,
        store.calls().newest_answer_time()?,
        permits,
    ]
    .into_iter()
    .flatten()
    .max())
}

//! What a start makes of the calendar of a target's vendor: slots that were taken under an earlier reading of the clocks
//! are moved to where the same day ends by the clocks as they are now.

use rampmeter_clock::{Basis, Clock};
use rampmeter_config::Target;
use rampmeter_dispatch::{CalendarClock, LimitKind, WindowRow};
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{Readable, Store, StoreFailure, readable};

/// The calendar clock of a target's vendor. Slots that are freed by the calendar are moved with it, here and in the
/// store.
///
/// # Errors
/// When the store failed.
pub fn take_up_calendar(
    store: &Store,
    clock: &Clock,
    basis: Basis,
    (id, config): (TargetId, &Target),
    places: &mut [WindowRow],
) -> Result<CalendarClock, StoreFailure> {
    let by_the_date: Vec<&str> = config
        .rules
        .limits
        .iter()
        .filter(|limit| matches!(limit.kind, LimitKind::Calendar { .. }))
        .map(|limit| limit.name.as_str())
        .collect();
    if by_the_date.is_empty() {
        return Ok(CalendarClock::default());
    }
    let before = match readable(store.calls().calendar_clock(id))? {
        Readable::Whole(known) => known.unwrap_or_default(),
        Readable::Damaged(damaged) => {
            let now = clock.now().into();
            store
                .ledger()
                .set_aside(DamagedKind::Target, &config.name, &damaged, now)?;
            CalendarClock::default()
        }
    };
    let ahead = clock.wall_ahead();
    let after = match basis {
        // The engine's time began afresh from the date, and so did what it is compared with.
        Basis::OtherBoot | Basis::NoStamp => before.moved_with_wall(ahead),
        Basis::New | Basis::SameBoot => before.with_wall_ahead(ahead),
    };
    if after == before {
        return Ok(after);
    }
    let moved = places
        .iter_mut()
        .filter(|place| by_the_date.contains(&place.limit.as_str()));
    for place in moved {
        place.until = after.carried(place.until, before);
    }
    store.calls().put_calendar_clock(id, after)?;
    store.calls().put_slots(id, places)?;
    Ok(after)
}

//! What a start does about rows that it needs but cannot read: permits, slots in windows, and the values of `meta`.
//! Each is repaired conservatively by its rule below, named in `health`, and never a reason not to start.
//!
//! - A permit's slot is held for the longest hold of its target, from the start on; where its target is not known, a slot of
//!   every target is. If its message is in no other table, its call was in flight, and it continues like every call that
//!   was.
//! - A slot in a window counts as taken for the window's full length; if its limit or its number is not known, each window
//!   of the target is full.
//! - A turn that cannot be read is assigned anew.
//! - Numbers continue far beyond all that are taken; the time of the newest answer is forgotten, because the clocks' stamp
//!   is newer; task tokens that were given out under a lost key are refused; the account and the region are those of the
//!   configuration.

use std::collections::BTreeMap;

use rampmeter_config::Config;
use rampmeter_dispatch::{CalendarClock, Limit, LimitKind, Time};
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::{MessageNumber, TargetId};
use rampmeter_store::{
    Damaged, Kind, LostPermit, LostSlots, PermitRow, Readable, Sequence, Store, StoreError,
    StoreFailure, readable,
};

use crate::COMMIT;

/// What was removed from the store because it cannot be read.
#[derive(Debug)]
pub struct Lost {
    permits: Vec<LostPermit>,
    places: Vec<LostSlots>,
    meta: Vec<(&'static str, Damaged)>,
}

/// Removes what cannot be read, before the time is known. What stays can be read.
pub fn take_out(store: &Store) -> Result<Lost, StoreError> {
    store.lanes().mend_turns()?;
    let mut meta = Vec::new();
    for name in store.ledger().mend_sequences()? {
        meta.push((name, Damaged("it is no number".to_owned())));
    }
    if let Readable::Damaged(damaged) = readable(store.calls().newest_answer_time())? {
        store.calls().forget_answer_time()?;
        meta.push(("newest answer time", damaged));
    }
    Ok(Lost {
        permits: store.ledger().take_unreadable_permits()?,
        places: store.ledger().take_unreadable_places()?,
        meta,
    })
}

/// Puts back what the rules prescribe, now that the time is known, and names what was lost.
pub fn put_back(lost: &Lost, store: &Store, config: &Config, now: Time) -> Result<(), StoreError> {
    let mut targets = BTreeMap::new();
    for (name, target) in &config.targets {
        targets.insert(store.messages().target(name)?, target);
    }
    for (name, damaged) in &lost.meta {
        store
            .ledger()
            .set_aside(DamagedKind::Row, name, damaged, now.into())?;
    }
    let mut numbers = Sequence::new(Kind::Permit);
    for permit in &lost.permits {
        hold(store, &targets, permit, &mut numbers, now)?;
        let name = format!("permit {}", permit.id);
        let why = Damaged("its slot is held for the longest hold".to_owned());
        store
            .ledger()
            .set_aside(DamagedKind::Row, &name, &why, now.into())?;
    }
    for places in &lost.places {
        for (id, target) in &targets {
            if places.target.is_none_or(|of| of == *id) {
                take_places(store, *id, &target.rules.limits, places, now)?;
            }
        }
        let name = places_name(places);
        let why = Damaged("they are taken for the length of the window".to_owned());
        store
            .ledger()
            .set_aside(DamagedKind::Row, &name, &why, now.into())?;
    }
    Ok(())
}

/// Holds the slot of a permit, or a slot of every target.
fn hold(
    store: &Store,
    targets: &BTreeMap<TargetId, &rampmeter_config::Target>,
    permit: &LostPermit,
    numbers: &mut Sequence,
    now: Time,
) -> Result<(), StoreError> {
    let row = PermitRow {
        id: permit.id,
        target: TargetId(0),
        lane: permit.lane.unwrap_or(0),
        message: permit.message.unwrap_or(MessageNumber(0)),
        started_at: permit.started_at.map_or(now, |at| at.min(now)),
        held_until: None,
        holds_for: None,
        charges: Vec::new(),
    };
    if let (Some(target), true) = (permit.target, permit.is_under_way) {
        // It is treated like every call that was in flight: held from now on, and its message goes on.
        store.calls().insert_permit(&PermitRow { target, ..row })?;
        return Ok(());
    }
    let held = targets
        .iter()
        .filter(|(id, _)| permit.target.is_none_or(|of| of == **id));
    for (count, (id, config)) in held.enumerate() {
        let number = match count {
            0 => permit.id,
            _ => numbers.take(store.ledger())?,
        };
        let hold = config.timeout + config.hold_after_timeout + COMMIT;
        store.calls().insert_permit(&PermitRow {
            id: number,
            target: *id,
            held_until: Some(now.saturating_add(hold)),
            ..row.clone()
        })?;
    }
    Ok(())
}

/// Takes slots in the window of their limit for its whole length, or all slots of every window.
fn take_places(
    store: &Store,
    target: TargetId,
    limits: &[Limit],
    places: &LostSlots,
    now: Time,
) -> Result<(), StoreFailure> {
    for limit in limits {
        if places
            .limit
            .as_ref()
            .is_some_and(|name| *name != limit.name)
        {
            continue;
        }
        let (all, until) = match &limit.kind {
            LimitKind::Concurrency { .. } => continue,
            LimitKind::Window { calls, per } => (*calls, now.saturating_add(*per)),
            LimitKind::Calendar { calls, reset } => {
                (*calls, CalendarClock::default().frees_at(reset, now))
            }
        };
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        let (slot, count) = match (&places.limit, places.count) {
            (Some(_), Some(count)) => (places.slot, count),
            _ => (None, all),
        };
        store
            .calls()
            .add_slots(target, &limit.name, slot, until, count)?;
    }
    Ok(())
}

fn places_name(places: &LostSlots) -> String {
    let limit = places.limit.as_deref().unwrap_or("of no name");
    match places.target {
        Some(target) => format!("places of target {}, limit {limit}", target.0),
        None => format!("places of no target, limit {limit}"),
    }
}

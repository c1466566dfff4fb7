//! Compiles the configured workflows at start: a definition that differs from the stored one becomes a new revision.

use rampmeter_asl::StateMachine;
use rampmeter_config::Config;
use rampmeter_dispatch::Time;
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::{MachineId, RevisionId};
use rampmeter_store::model::state_machine::{MachineKind, Settings};
use rampmeter_store::{Damaged, Readable, RevisionRow, Store, StoreError, readable};
use rampmeter_time::UnixMillis;

use crate::commit::open::OpenError;
use rampmeter_index::Machines;

/// Compiles the configured workflows and publishes those that changed.
pub(crate) fn publish(
    store: &Store,
    config: &Config,
    place: &ArnScope,
    now: Time,
) -> Result<Machines, OpenError> {
    let mut machines = Machines::default();
    for (name, workflow) in &config.workflows {
        let definition = StateMachine::parse(&workflow.definition).map_err(|problems| {
            OpenError::Definition {
                workflow: name.clone(),
                problems,
            }
        })?;
        let states = definition.unserved();
        if !states.is_empty() {
            return Err(OpenError::Unserved {
                workflow: name.clone(),
                states,
            });
        }
        match readable(store_definition(
            store,
            place,
            name,
            &workflow.definition,
            now,
        ))? {
            Readable::Whole(id) => machines.publish(name, id),
            // It starts nothing, and whoever starts it is told why; everything else comes up.
            Readable::Damaged(damaged) => {
                store
                    .ledger()
                    .set_aside(DamagedKind::Row, name, &damaged, now.into())?;
            }
        }
    }
    Ok(machines)
}

/// The revision of a configured workflow: the newest stored one if it is the same, else a new one.
fn store_definition(
    store: &Store,
    place: &ArnScope,
    name: &str,
    definition: &str,
    now: Time,
) -> Result<RevisionId, StoreError> {
    let newest = store.machines().newest_revision(name)?;
    if let Some(row) = &newest
        && row.definition == definition
    {
        return Ok(row.id);
    }
    let now = UnixMillis::from(now);
    let row = match newest {
        Some(row) => RevisionRow {
            definition: definition.to_owned(),
            label: Some(uuid::Uuid::new_v4().to_string()),
            revised_at: now,
            ..row
        },
        None => RevisionRow {
            id: RevisionId(0),
            machine: machine_of(store, name, now)?,
            name: name.to_owned(),
            kind: MachineKind::Standard,
            definition: definition.to_owned(),
            role_arn: place.role_arn(),
            settings: Settings::new(),
            label: None,
            revised_at: now,
            created_at: now,
        },
    };
    store.machines().insert_revision(&row)
}

/// A state machine that is to have its first revision. One whose own revisions can no longer be found starts anew with
/// this one; its executions keep theirs.
fn machine_of(store: &Store, name: &str, now: UnixMillis) -> Result<MachineId, StoreError> {
    let machines = store.machines();
    let Some(machine) = machines.machine_named(name)? else {
        return machines.insert_machine(name, MachineKind::Standard, "{}", now);
    };
    let damaged = Damaged("none of its revisions can be found".to_owned());
    store
        .ledger()
        .set_aside(DamagedKind::Row, name, &damaged, now)?;
    Ok(machine)
}

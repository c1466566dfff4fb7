//! Compiles the configured workflows at start: a definition that differs from the stored one becomes a new revision.

use rampmeter_asl::StateMachine;
use rampmeter_config::Config;
use rampmeter_dispatch::Time;
use rampmeter_store::model::arn::Place;
use rampmeter_store::model::id::RevisionId;
use rampmeter_store::model::state_machine::{MachineKind, Settings};
use rampmeter_store::{RevisionRow, Store};

use crate::commit::open::OpenError;
use crate::memory::machines::Machines;

/// Compiles the workflows; a definition that differs from the newest stored one becomes a new revision.
pub(crate) fn publish(
    store: &Store,
    config: &Config,
    place: &Place,
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
        let id = store_definition(store, place, name, &workflow.definition, now)?;
        machines.publish(name, id);
    }
    Ok(machines)
}

/// The revision of a configured workflow: the newest stored one if it is the same, else a new one.
fn store_definition(
    store: &Store,
    place: &Place,
    name: &str,
    definition: &str,
    now: Time,
) -> Result<RevisionId, OpenError> {
    let newest = store.newest_revision(name)?;
    if let Some(row) = &newest
        && row.definition == definition
    {
        return Ok(row.id);
    }
    let now = now.as_millis();
    let row = match newest {
        Some(row) => RevisionRow {
            definition: definition.to_owned(),
            label: Some(uuid::Uuid::new_v4().to_string()),
            revised_at: now,
            ..row
        },
        None => RevisionRow {
            id: RevisionId(0),
            machine: store.insert_machine(name, MachineKind::Standard, "{}", now)?,
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
    Ok(store.insert_revision(&row)?)
}

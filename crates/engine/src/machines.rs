//! The state machines of this store, compiled once. A running execution keeps the revision it started with.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_asl::StateMachine;

use crate::id::MachineId;
use crate::store::{Store, StoreError};

/// One revision of a state machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) id: MachineId,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) definition: StateMachine,
}

/// The revisions in use. Older ones are compiled when an execution that keeps one moves.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    compiled: BTreeMap<MachineId, Arc<Machine>>,
    newest: BTreeMap<String, MachineId>,
}

impl Machines {
    /// Makes a revision the one that new executions of its name start with.
    pub(crate) fn publish(&mut self, machine: Machine) {
        self.newest.insert(machine.name.clone(), machine.id);
        self.compiled.insert(machine.id, Arc::new(machine));
    }

    /// The newest revision of the state machine with this name.
    pub(crate) fn newest(&self, name: &str) -> Option<Arc<Machine>> {
        self.newest
            .get(name)
            .and_then(|id| self.compiled.get(id))
            .map(Arc::clone)
    }

    /// The revision with this number.
    pub(crate) fn revision(
        &mut self,
        id: MachineId,
        store: &Store,
        arn: impl FnOnce(&str) -> String,
    ) -> Result<Arc<Machine>, StoreError> {
        if let Some(machine) = self.compiled.get(&id) {
            return Ok(Arc::clone(machine));
        }
        let (name, text) = store.revision(id)?;
        let definition = StateMachine::parse(&text).map_err(|problems| {
            StoreError::Damaged(format!("state machine {name} has errors: {problems:?}"))
        })?;
        let machine = Arc::new(Machine {
            id,
            arn: arn(&name),
            name,
            definition,
        });
        self.compiled.insert(id, Arc::clone(&machine));
        Ok(machine)
    }
}

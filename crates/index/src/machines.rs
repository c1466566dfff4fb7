//! Compiled state machines. A running execution keeps the revision it started with, so revisions are compiled when an
//! execution that uses one advances, and kept for the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_asl::StateMachine;
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::id::RevisionId;
use rampmeter_store::model::state_machine::{MachineKind, diagnosis};
use rampmeter_store::{MachineTables, RevisionRow, StoreError};

/// The maximum of compiled revisions kept; beyond it, all are dropped and compiled again as they are used.
const KEPT: usize = 4_096;

/// The longest execution of an EXPRESS state machine, in seconds.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>
const EXPRESS_SECONDS: u64 = 300;

/// One revision of a state machine.
#[derive(Debug)]
pub struct Machine {
    /// Its number.
    pub id: RevisionId,
    /// The name of the state machine.
    pub name: String,
    /// The ARN of the state machine.
    pub arn: String,
    /// The ARN of its role.
    pub role_arn: String,
    /// STANDARD or EXPRESS.
    pub kind: MachineKind,
    /// The compiled definition.
    pub definition: Arc<StateMachine>,
}

/// The revisions in use.
#[derive(Debug, Default)]
pub struct Machines {
    compiled: BTreeMap<RevisionId, Arc<Machine>>,
    newest: BTreeMap<String, RevisionId>,
}

impl Machines {
    /// Notes which revision new executions of this name start with.
    pub fn publish(&mut self, name: &str, revision: RevisionId) {
        self.newest.insert(name.to_owned(), revision);
    }

    /// Forgets everything: it is read again as it is used.
    pub fn forget(&mut self) {
        self.compiled.clear();
        self.newest.clear();
    }

    /// Notes that no new execution of this name can start.
    pub fn withdraw(&mut self, name: &str) {
        self.newest.remove(name);
    }

    /// The newest revision of the state machine with this name.
    ///
    /// # Errors
    /// When the store failed, or the revision cannot be read.
    pub fn newest(
        &mut self,
        name: &str,
        tables: MachineTables<'_>,
        place: &ArnScope,
    ) -> Result<Option<Arc<Machine>>, StoreError> {
        let id = match self.newest.get(name) {
            Some(id) => *id,
            None => match tables.newest_revision(name)? {
                Some(row) => row.id,
                None => return Ok(None),
            },
        };
        self.newest.insert(name.to_owned(), id);
        self.revision(id, tables, place).map(Some)
    }

    /// The revision with this number.
    ///
    /// # Errors
    /// When the store failed, or the revision cannot be read.
    pub fn revision(
        &mut self,
        id: RevisionId,
        tables: MachineTables<'_>,
        place: &ArnScope,
    ) -> Result<Arc<Machine>, StoreError> {
        if let Some(machine) = self.compiled.get(&id) {
            return Ok(Arc::clone(machine));
        }
        let RevisionRow {
            name,
            definition,
            role_arn,
            kind,
            ..
        } = tables.revision(id)?;
        let mut definition = StateMachine::parse(&definition).map_err(|problems| {
            StoreError::damaged(format!("state machine {name}: {}", diagnosis(&problems)))
        })?;
        if kind == MachineKind::Express {
            definition.end_within(EXPRESS_SECONDS);
        }
        let arn = place.machine_arn(&name);
        let machine = Arc::new(Machine {
            id,
            name,
            arn,
            role_arn,
            kind,
            definition: Arc::new(definition),
        });
        if self.compiled.len() == KEPT {
            self.compiled.clear();
        }
        self.compiled.insert(id, Arc::clone(&machine));
        Ok(machine)
    }
}

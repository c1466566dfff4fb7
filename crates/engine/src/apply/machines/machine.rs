//! CreateStateMachine, UpdateStateMachine and DeleteStateMachine.

use rampmeter_asl::StateMachine;
use rampmeter_store::model::arn;
use rampmeter_store::model::id::RevisionId;
use rampmeter_store::model::name::check_name;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::state_machine::{
    CreateStateMachine, CreatedStateMachine, MachineKind, Publication, UpdateStateMachine,
    UpdatedStateMachine, diagnosis,
};
use rampmeter_store::{RevisionRow, StoreError, TransactionError};

use crate::apply::machines::context::MachineContext;
use crate::apply::subject::Subject;

impl MachineContext<'_> {
    /// Makes a state machine. Asked again for the same one, it gives the same response.
    pub(crate) fn create_state_machine(
        &mut self,
        create: CreateStateMachine,
    ) -> Result<CreatedStateMachine, TransactionError> {
        check_name(&create.name)?;
        check(&create.definition, create.kind)?;
        let arn = self.arns.machine_arn(&create.name);
        if let Some(existing) = self.store.machines.newest_revision(&create.name)? {
            if !is_same(&existing, &create) {
                return Err(Rejected::StateMachineAlreadyExists(arn).into());
            }
            let version_arn = self.publish_change(&existing, create.publish.as_ref())?;
            return Ok(CreatedStateMachine {
                arn,
                creation_date: existing.created_at,
                version_arn,
            });
        }
        let now = self.now_millis();
        let tags = serde_json::json!(create.tags).to_string();
        let machine = self
            .store
            .machines
            .insert_machine(&create.name, create.kind, &tags, now)?;
        let made = self.revise(RevisionRow {
            id: RevisionId(0),
            machine,
            name: create.name,
            kind: create.kind,
            definition: create.definition,
            role_arn: create.role_arn,
            settings: create.settings,
            label: None,
            revised_at: now,
            created_at: now,
        })?;
        let version_arn = self.publish_change(&made, create.publish.as_ref())?;
        Ok(CreatedStateMachine {
            arn,
            creation_date: now,
            version_arn,
        })
    }

    /// Changes a state machine for the executions that start from now on. A change without a difference makes no
    /// revision.
    pub(crate) fn update_state_machine(
        &mut self,
        update: UpdateStateMachine,
    ) -> Result<UpdatedStateMachine, TransactionError> {
        let found = self.newest_by_arn(&update.arn)?;
        if let Some(definition) = &update.definition {
            check(definition, found.kind)?;
        }
        let mut revised = found.clone();
        revised.definition = update.definition.unwrap_or(revised.definition);
        revised.role_arn = update.role_arn.unwrap_or(revised.role_arn);
        revised.settings.extend(update.settings);
        let changed = revised.definition != found.definition
            || revised.role_arn != found.role_arn
            || revised.settings != found.settings;
        if changed {
            revised.label = Some(uuid::Uuid::new_v4().to_string());
            revised.revised_at = self.now_millis();
            revised = self.revise(revised)?;
        }
        let version_arn = self.publish_change(&revised, update.publish.as_ref())?;
        Ok(UpdatedStateMachine {
            update_date: self.now_millis(),
            revision_id: revised.label,
            version_arn,
        })
    }

    /// Deletes a state machine; one that does not exist is deleted already, as on AWS.
    pub(crate) fn delete_state_machine(&mut self, arn: &str) -> Result<(), TransactionError> {
        let name = arn::machine_name(arn)?;
        if let Some(found) = self.store.machines.newest_revision(name)? {
            self.store
                .machines
                .delete_machine(found.machine, self.now_millis())?;
            self.store
                .machines
                .delete_versions_and_aliases(found.machine)?;
            self.memory.withdraw(&found.name);
        }
        Ok(())
    }

    pub(crate) fn newest_by_arn(&self, arn: &str) -> Result<RevisionRow, TransactionError> {
        let name = arn::machine_name(arn)?;
        let found = self.store.machines.newest_revision(name)?;
        found.ok_or_else(|| Rejected::StateMachineDoesNotExist(arn.to_owned()).into())
    }

    /// Makes a revision the newest; returns it with its number.
    fn revise(&mut self, mut row: RevisionRow) -> Result<RevisionRow, StoreError> {
        row.id = self.store.machines.insert_revision(&row)?;
        self.memory.publish(&row.name, row.id);
        Ok(row)
    }

    /// Publishes the newest revision if that was asked for; returns the version's ARN.
    fn publish_change(
        &mut self,
        row: &RevisionRow,
        publication: Option<&Publication>,
    ) -> Result<Option<String>, TransactionError> {
        let Some(publication) = publication else {
            return Ok(None);
        };
        let description = publication.description.as_deref();
        let published = self.publish_revision(row.machine, row.id, description)?;
        let machine_arn = self.arns.machine_arn(&row.name);
        Ok(Some(published.describe(&machine_arn).arn))
    }
}

/// Refuses errors in the definition, and what an EXPRESS state machine may not do.
fn check(definition: &str, kind: MachineKind) -> Result<(), Rejected> {
    let problems = match (StateMachine::parse(definition), kind) {
        (Err(problems), _) => problems,
        (Ok(machine), MachineKind::Express) => machine.express_faults(),
        (Ok(_), MachineKind::Standard) => Vec::new(),
    };
    if problems.is_empty() {
        return Ok(());
    }
    Err(Rejected::InvalidDefinition(diagnosis(&problems)))
}

/// AWS compares the definition, the type, logging and tracing; role and tags do not count.
fn is_same(existing: &RevisionRow, create: &CreateStateMachine) -> bool {
    existing.definition == create.definition
        && existing.kind == create.kind
        && existing.settings == create.settings
}

//! PublishStateMachineVersion and DeleteStateMachineVersion.

use rampmeter_store::model::arn;
use rampmeter_store::model::arn::Qualifier;
use rampmeter_store::model::id::{MachineId, RevisionId};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::version::{PublishVersion, VersionDescription};
use rampmeter_store::{StoreFailure, TransactionError, VersionRow};

use crate::apply::machines::context::MachineContext;
use crate::apply::subject::Subject;
use crate::command::version::VersionCommand;

/// AWS's quota of versions of one state machine.
const MAX_VERSIONS: usize = 1_000;

/// What clients call the first revision, which has no revisionId of its own.
const FIRST_REVISION: &str = "INITIAL";

impl MachineContext<'_> {
    pub(crate) fn apply_to_version(&mut self, command: VersionCommand) -> Result<(), StoreFailure> {
        match command {
            VersionCommand::Publish(publish, to) => {
                self.client(to, |machines| machines.publish_version(&publish))
            }
            VersionCommand::Delete(arn, to) => {
                self.client(to, |machines| machines.delete_version(&arn))
            }
            VersionCommand::CreateAlias(create, to) => {
                self.client(to, |machines| machines.create_alias(create))
            }
            VersionCommand::UpdateAlias(update, to) => {
                self.client(to, |machines| machines.update_alias(update))
            }
            VersionCommand::DeleteAlias(arn, to) => {
                self.client(to, |machines| machines.delete_alias(&arn))
            }
            VersionCommand::ChangeTags(arn, change, to) => {
                self.client(to, |machines| machines.change_tags(&arn, change))
            }
        }
    }

    fn publish_version(
        &mut self,
        publish: &PublishVersion,
    ) -> Result<VersionDescription, TransactionError> {
        let found = self.newest_by_arn(&publish.state_machine_arn)?;
        let current = found.label.as_deref().unwrap_or(FIRST_REVISION);
        if let Some(asked) = publish.revision_id.as_deref()
            && asked != current
        {
            return Err(Rejected::Conflict(format!(
                "Failed to publish the State Machine version for revision {asked}. The current State Machine revision is {current}."
            )).into());
        }
        let description = publish.description.as_deref();
        let row = self.publish_revision(found.machine, found.id, description)?;
        Ok(row.describe(&self.arns.machine_arn(&found.name)))
    }

    /// The version of a revision: the one it has, or a new one.
    pub(crate) fn publish_revision(
        &mut self,
        machine: MachineId,
        revision: RevisionId,
        description: Option<&str>,
    ) -> Result<VersionRow, TransactionError> {
        let versions = self.store.machines.versions(machine)?;
        let count = versions.len();
        let published = versions.into_iter().find(|row| row.revision == revision);
        if let Some(published) = published {
            return Ok(published);
        }
        if count >= MAX_VERSIONS {
            return Err(Rejected::QuotaExceeded(format!(
                "A state machine can have at most {MAX_VERSIONS} versions."
            ))
            .into());
        }
        let now = self.now_millis();
        let made = self
            .store
            .machines
            .insert_version(machine, revision, description, now)?;
        Ok(made)
    }

    /// Deletes a version; one that does not exist is deleted already, as on AWS.
    fn delete_version(&mut self, arn: &str) -> Result<(), TransactionError> {
        let reference = arn::machine(arn)?;
        let Some(Qualifier::Version(number)) = reference.qualifier else {
            return Err(Rejected::InvalidArn(arn.to_owned()).into());
        };
        let Some(found) = self.store.machines.newest_revision(reference.name)? else {
            return Ok(());
        };
        let aliases = self.store.machines.aliases(found.machine)?;
        let naming: Vec<&str> = aliases
            .iter()
            .filter(|alias| alias.routes.iter().any(|route| route.version == number))
            .map(|alias| alias.name.as_str())
            .collect();
        if !naming.is_empty() {
            return Err(Rejected::Conflict(format!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
                naming.join(", ")
            )).into());
        }
        self.store.machines.delete_version(found.machine, number)?;
        Ok(())
    }
}

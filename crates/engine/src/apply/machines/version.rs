//! PublishStateMachineVersion and DeleteStateMachineVersion.

use rampmeter_store::model::arn;
use rampmeter_store::model::arn::Qualifier;
use rampmeter_store::model::id::{MachineId, RevisionId};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::version::{PublishVersion, VersionDescription};
use rampmeter_store::{StoreError, VersionRow};

use crate::apply::turn::Turn;
use crate::command::version::VersionCommand;

/// AWS's quota of versions of one state machine.
const MOST: usize = 1_000;

/// What clients call the first revision, which has no revisionId of its own.
const FIRST_REVISION: &str = "INITIAL";

impl Turn<'_> {
    pub(crate) fn apply_to_version(&mut self, command: VersionCommand) -> Result<(), StoreError> {
        macro_rules! reply {
            ($reply:ident, $answer:expr) => {{
                let answer = $answer;
                self.out.reply($reply, answer);
            }};
        }
        match command {
            VersionCommand::Publish(publish, to) => reply!(to, self.publish_version(&publish)?),
            VersionCommand::Delete(arn, to) => reply!(to, self.delete_version(&arn)?),
            VersionCommand::CreateAlias(create, to) => reply!(to, self.create_alias(create)?),
            VersionCommand::UpdateAlias(update, to) => reply!(to, self.update_alias(update)?),
            VersionCommand::DeleteAlias(arn, to) => reply!(to, self.delete_alias(&arn)?),
            VersionCommand::ChangeTags(arn, change, to) => {
                reply!(to, self.change_tags(&arn, change)?);
            }
        }
        Ok(())
    }

    fn publish_version(
        &mut self,
        publish: &PublishVersion,
    ) -> Result<Result<VersionDescription, Rejected>, StoreError> {
        let found = match self.newest_by_arn(&publish.state_machine_arn)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let current = found.label.as_deref().unwrap_or(FIRST_REVISION);
        if let Some(asked) = publish.revision_id.as_deref()
            && asked != current
        {
            return Ok(Err(Rejected::Conflict(format!(
                "Failed to publish the State Machine version for revision {asked}. The current State Machine revision is {current}."
            ))));
        }
        let description = publish.description.as_deref();
        Ok(self
            .publish_revision(found.machine, found.id, description)?
            .map(|row| row.describe(&self.memory.place.machine_arn(&found.name))))
    }

    /// The version of a revision: the one it has, or a new one.
    pub(crate) fn publish_revision(
        &mut self,
        machine: MachineId,
        revision: RevisionId,
        description: Option<&str>,
    ) -> Result<Result<VersionRow, Rejected>, StoreError> {
        let versions = self.store().versions(machine)?;
        let count = versions.len();
        let published = versions.into_iter().find(|row| row.revision == revision);
        if let Some(published) = published {
            return Ok(Ok(published));
        }
        if count >= MOST {
            return Ok(Err(Rejected::QuotaExceeded(format!(
                "A state machine can have at most {MOST} versions."
            ))));
        }
        let now = self.now_ms();
        self.store()
            .insert_version(machine, revision, description, now)
            .map(Ok)
    }

    /// Deletes a version; one that does not exist is deleted already, as on AWS.
    fn delete_version(&mut self, arn: &str) -> Result<Result<(), Rejected>, StoreError> {
        let reference = match arn::machine(arn) {
            Ok(reference) => reference,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(Qualifier::Version(number)) = reference.qualifier else {
            return Ok(Err(Rejected::InvalidArn(arn.to_owned())));
        };
        let Some(found) = self.store().newest_revision(reference.name)? else {
            return Ok(Ok(()));
        };
        let aliases = self.store().aliases(found.machine)?;
        let naming: Vec<&str> = aliases
            .iter()
            .filter(|alias| alias.routes.iter().any(|route| route.version == number))
            .map(|alias| alias.name.as_str())
            .collect();
        if !naming.is_empty() {
            return Ok(Err(Rejected::Conflict(format!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
                naming.join(", ")
            ))));
        }
        self.store().delete_version(found.machine, number)?;
        Ok(Ok(()))
    }
}

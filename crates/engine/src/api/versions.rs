//! Versions, aliases and tags of state machines on the engine's handle.

use std::collections::BTreeMap;

use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::version::{
    AliasDescription, CreateAlias, PublishVersion, ResourceTags, UpdateAlias, VersionDescription,
};
use rampmeter_time::UnixMillis;

use crate::api::state_machines::StateMachines;
use crate::command::Command;
use crate::command::version::VersionCommand;

impl StateMachines<'_> {
    /// PublishStateMachineVersion. A revision that was published before keeps its number.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `Conflict`, `QuotaExceeded`, `Stopped`.
    pub async fn publish_version(
        self,
        publish: PublishVersion,
    ) -> Result<VersionDescription, Rejected> {
        self.engine
            .ask(|reply| Command::Version(VersionCommand::Publish(publish, reply)))
            .await
    }

    /// DeleteStateMachineVersion. Running executions go on.
    ///
    /// # Errors
    /// `InvalidArn`, `Conflict` while an alias names it, `Stopped`.
    pub async fn delete_version(self, arn: &str) -> Result<(), Rejected> {
        let arn = arn.to_owned();
        self.engine
            .ask(|reply| Command::Version(VersionCommand::Delete(arn, reply)))
            .await
    }

    /// ListStateMachineVersions, newest first.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `Stopped`.
    pub async fn versions(
        self,
        state_machine_arn: &str,
    ) -> Result<Vec<VersionDescription>, Rejected> {
        let arn = state_machine_arn.to_owned();
        self.engine.read(move |reader| reader.versions(&arn)).await
    }

    /// CreateStateMachineAlias. Asked again for the same one, it answers as the first time.
    ///
    /// # Errors
    /// `InvalidArn`, `Validation`, `Conflict`, `QuotaExceeded`, `Stopped`.
    pub async fn create_alias(self, create: CreateAlias) -> Result<AliasDescription, Rejected> {
        self.engine
            .ask(|reply| Command::Version(VersionCommand::CreateAlias(create, reply)))
            .await
    }

    /// UpdateStateMachineAlias. Returns the update date.
    ///
    /// # Errors
    /// `InvalidArn`, `Validation`, `ResourceNotFound`, `Stopped`.
    pub async fn update_alias(self, update: UpdateAlias) -> Result<UnixMillis, Rejected> {
        self.engine
            .ask(|reply| Command::Version(VersionCommand::UpdateAlias(update, reply)))
            .await
    }

    /// DeleteStateMachineAlias. Running executions go on.
    ///
    /// # Errors
    /// `InvalidArn`, `Stopped`.
    pub async fn delete_alias(self, arn: &str) -> Result<(), Rejected> {
        let arn = arn.to_owned();
        self.engine
            .ask(|reply| Command::Version(VersionCommand::DeleteAlias(arn, reply)))
            .await
    }

    /// DescribeStateMachineAlias.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`, `Stopped`.
    pub async fn describe_alias(self, arn: &str) -> Result<AliasDescription, Rejected> {
        let arn = arn.to_owned();
        self.engine
            .read(move |reader| reader.describe_alias(&arn))
            .await
    }

    /// ListStateMachineAliases, oldest first: all of a state machine, or those that name a version.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `Stopped`.
    pub async fn aliases(self, arn: &str) -> Result<Vec<AliasDescription>, Rejected> {
        let arn = arn.to_owned();
        self.engine.read(move |reader| reader.aliases(&arn)).await
    }

    /// TagResource and UntagResource.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`, `TooManyTags`, `Stopped`.
    pub async fn change_tags(self, arn: &str, change: ResourceTags) -> Result<(), Rejected> {
        let arn = arn.to_owned();
        self.engine
            .ask(|reply| Command::Version(VersionCommand::ChangeTags(arn, change, reply)))
            .await
    }

    /// ListTagsForResource: by key.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`, `Stopped`.
    pub async fn tags(self, arn: &str) -> Result<BTreeMap<String, String>, Rejected> {
        let arn = arn.to_owned();
        self.engine.read(move |reader| reader.tags(&arn)).await
    }
}

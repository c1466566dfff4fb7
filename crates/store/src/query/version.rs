//! The lists and descriptions of versions, aliases and tags.

use std::collections::BTreeMap;

use crate::machine::revision::newest_revision;
use crate::machine::tag::tags;
use crate::machine::version::alias;
use crate::machine::version::aliases;
use crate::machine::version::versions;
use crate::model::arn;
use crate::model::arn::Qualifier;
use crate::model::rejected::Rejected;
use crate::model::version::{AliasDescription, VersionDescription};
use crate::query::Reader;

impl Reader {
    /// ListStateMachineVersions, newest first.
    pub fn versions(&self, arn: &str) -> Result<Vec<VersionDescription>, Rejected> {
        let name = arn::machine_name(arn)?;
        let machine_arn = self.place.machine_arn(name);
        self.with(|connection| {
            let Some(found) = newest_revision(connection, name)? else {
                return Err(Rejected::StateMachineDoesNotExist(arn.to_owned()).into());
            };
            let rows = versions(connection, found.machine)?.into_iter();
            Ok(rows.map(|row| row.describe(&machine_arn)).collect())
        })
    }

    /// DescribeStateMachineAlias.
    pub fn describe_alias(&self, arn: &str) -> Result<AliasDescription, Rejected> {
        let reference = arn::machine(arn)?;
        let Some(Qualifier::Alias(name)) = reference.qualifier else {
            return Err(Rejected::InvalidArn(arn.to_owned()));
        };
        let machine_arn = self.place.machine_arn(reference.name);
        self.with(|connection| {
            let found = match newest_revision(connection, reference.name)? {
                Some(machine) => alias(connection, machine.machine, name)?,
                None => None,
            };
            found
                .map(|row| row.describe(&machine_arn))
                .ok_or(Rejected::NoSuchReference.into())
        })
    }

    /// ListStateMachineAliases, oldest first; for a version, those that route to it.
    pub fn aliases(&self, arn: &str) -> Result<Vec<AliasDescription>, Rejected> {
        let reference = arn::machine(arn)?;
        let version = match reference.qualifier {
            None => None,
            Some(Qualifier::Version(number)) => Some(number),
            Some(Qualifier::Alias(_)) => return Err(Rejected::InvalidArn(arn.to_owned())),
        };
        let machine_arn = self.place.machine_arn(reference.name);
        self.with(|connection| {
            let Some(found) = newest_revision(connection, reference.name)? else {
                return Err(Rejected::StateMachineDoesNotExist(arn.to_owned()).into());
            };
            let mut rows = aliases(connection, found.machine)?;
            if let Some(version) = version {
                rows.retain(|row| row.routes.iter().any(|route| route.version == version));
            }
            let rows = rows.into_iter();
            Ok(rows.map(|row| row.describe(&machine_arn)).collect())
        })
    }

    /// ListTagsForResource.
    pub fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Rejected> {
        let of = arn::tagged(arn)?;
        self.with(|connection| {
            let found = tags(connection, of)?;
            found.ok_or_else(|| Rejected::ResourceNotFound(arn.to_owned()).into())
        })
    }
}

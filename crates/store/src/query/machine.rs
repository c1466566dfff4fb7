//! DescribeStateMachine, DescribeStateMachineForExecution and ListStateMachines.

use crate::machine::revision::RevisionRow;
use crate::machine::revision::newest_revision;
use crate::machine::revision::newest_revisions;
use crate::machine::revision::revision;
use crate::machine::version::version;
use crate::model::arn;
use crate::model::arn::Qualifier;
use crate::model::rejected::Rejected;
use crate::model::state_machine::StateMachineDescription;
use crate::query::Reader;

impl Reader {
    /// Every state machine, by name.
    pub fn state_machines(&self) -> Result<Vec<StateMachineDescription>, Rejected> {
        self.with(|connection| {
            let rows = newest_revisions(connection)?;
            Ok(rows.into_iter().map(|row| self.describe(row)).collect())
        })
    }

    /// DescribeStateMachine, for a state machine, a version or an alias.
    pub fn describe_state_machine(&self, arn: &str) -> Result<StateMachineDescription, Rejected> {
        let reference = arn::machine(arn)?;
        let missing = || Rejected::StateMachineDoesNotExist(arn.to_owned());
        self.with(|connection| {
            let newest = newest_revision(connection, reference.name)?;
            let Some(newest) = newest else {
                return Err(missing().into());
            };
            let number = match reference.qualifier {
                None => return Ok(self.describe(newest)),
                Some(Qualifier::Alias(_)) => return Err(missing().into()),
                Some(Qualifier::Version(number)) => number,
            };
            let Some(version) = version(connection, newest.machine, number)? else {
                return Err(missing().into());
            };
            let mut described = self.describe(revision(connection, version.revision)?);
            described.arn = format!("{}:{number}", described.arn);
            described.creation_date = version.created_at;
            described.description = version.description;
            Ok(described)
        })
    }

    /// The revision that an execution uses.
    pub fn state_machine_of(
        &self,
        execution_arn: &str,
    ) -> Result<StateMachineDescription, Rejected> {
        self.with(|connection| {
            let execution = self.find(connection, execution_arn)?;
            Ok(self.describe(revision(connection, execution.revision)?))
        })
    }

    fn describe(&self, row: RevisionRow) -> StateMachineDescription {
        StateMachineDescription {
            arn: self.place.machine_arn(&row.name),
            name: row.name,
            kind: row.kind,
            definition: row.definition,
            role_arn: row.role_arn,
            settings: row.settings,
            creation_date: row.created_at,
            update_date: row.revised_at,
            revision_id: row.label,
            description: None,
        }
    }
}

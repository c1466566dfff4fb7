//! DescribeStateMachine, DescribeStateMachineForExecution and ListStateMachines.

use super::Reader;
use crate::arn;
use crate::rejected::Rejected;
use crate::state_machine::StateMachineDescription;
use crate::store::{RevisionRow, newest_revision, newest_revisions, revision};

impl Reader {
    /// Every state machine, by name.
    pub(crate) fn state_machines(&self) -> Result<Vec<StateMachineDescription>, Rejected> {
        self.with(|connection| {
            let rows = newest_revisions(connection)?;
            Ok(Ok(rows.into_iter().map(|row| self.describe(row)).collect()))
        })
    }

    pub(crate) fn describe_state_machine(
        &self,
        arn: &str,
    ) -> Result<StateMachineDescription, Rejected> {
        let name = arn::machine_name(arn)?;
        self.with(|connection| {
            let found = newest_revision(connection, name)?;
            Ok(found
                .map(|row| self.describe(row))
                .ok_or_else(|| Rejected::StateMachineDoesNotExist(arn.to_owned())))
        })
    }

    /// The revision that an execution uses.
    pub(crate) fn state_machine_of(
        &self,
        execution_arn: &str,
    ) -> Result<StateMachineDescription, Rejected> {
        self.with(|connection| {
            let execution = match self.find(connection, execution_arn)? {
                Ok(execution) => execution,
                Err(refused) => return Ok(Err(refused)),
            };
            Ok(Ok(self.describe(revision(connection, execution.revision)?)))
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
        }
    }
}

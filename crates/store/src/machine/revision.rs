//! Rows of state machines and their revisions.

use rampmeter_time::UnixMillis;
use rusqlite::{Connection, Row};

use crate::column::millis;
use crate::connection::optional;
use crate::damaged::readable;
use crate::error::StoreError;
use crate::model::id::{MachineId, RevisionId};
use crate::model::state_machine::{MachineKind, Settings};
use crate::tables::MachineTables;

/// One revision of a state machine, with the state machine's own data.
#[derive(Debug, Clone)]
pub struct RevisionRow {
    /// Its number.
    pub id: RevisionId,
    /// The state machine.
    pub machine: MachineId,
    /// The name of the state machine.
    pub name: String,
    /// The type of the state machine.
    pub kind: MachineKind,
    /// The definition, as it was given (substitutions resolved).
    pub definition: String,
    /// ARN of the role.
    pub role_arn: String,
    /// Logging, tracing and encryption, which have no effect here.
    pub settings: Settings,
    /// AWS's revisionId; absent for the first revision.
    pub label: Option<String>,
    /// When the revision was made.
    pub revised_at: UnixMillis,
    /// When the state machine was created.
    pub created_at: UnixMillis,
}

const REVISION: &str = "SELECT revision.id, revision.machine, state_machine.name, \
     state_machine.kind, revision.definition, revision.role_arn, revision.settings, \
     revision.label, revision.created_at, state_machine.created_at \
     FROM revision JOIN state_machine ON state_machine.id = revision.machine";

impl RevisionRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<RevisionRow> {
        let kind: String = row.get(3)?;
        let settings: String = row.get(6)?;
        let unreadable = |index, why: String| {
            rusqlite::Error::FromSqlConversionFailure(
                index,
                rusqlite::types::Type::Text,
                why.into(),
            )
        };
        Ok(RevisionRow {
            id: row.get(0)?,
            machine: row.get(1)?,
            name: row.get(2)?,
            kind: MachineKind::from_name(&kind).ok_or_else(|| unreadable(3, kind))?,
            definition: row.get(4)?,
            role_arn: row.get(5)?,
            settings: serde_json::from_str(&settings)
                .map_err(|error| unreadable(6, error.to_string()))?,
            label: row.get(7)?,
            revised_at: millis(row, 8)?,
            created_at: millis(row, 9)?,
        })
    }
}

/// The newest revision of the state machine with this name, on any connection.
pub fn newest_revision(
    connection: &Connection,
    name: &str,
) -> Result<Option<RevisionRow>, StoreError> {
    let query = format!(
        "{REVISION} WHERE state_machine.name = ?1 AND state_machine.deleted_at IS NULL \
         ORDER BY revision.id DESC LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&query)?;
    Ok(optional(statement.query_row([name], RevisionRow::read))?)
}

/// One revision, on any connection.
pub fn revision(connection: &Connection, id: RevisionId) -> Result<RevisionRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{REVISION} WHERE revision.id = ?1"))?;
    optional(statement.query_row([id], RevisionRow::read))?
        .ok_or_else(|| StoreError::damaged(format!("revision {} is missing", id.0)))
}

/// The newest revision of every state machine that is not deleted, by name.
pub fn newest_revisions(connection: &Connection) -> Result<Vec<RevisionRow>, StoreError> {
    let query = format!(
        "{REVISION} WHERE state_machine.deleted_at IS NULL AND revision.id = \
         (SELECT max(id) FROM revision WHERE machine = state_machine.id) ORDER BY state_machine.name"
    );
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([], RevisionRow::read)?;
    Ok(readable(rows, "a state machine")?)
}

impl MachineTables<'_> {
    /// The newest revision of the state machine with this name.
    pub fn newest_revision(&self, name: &str) -> Result<Option<RevisionRow>, StoreError> {
        newest_revision(self.connection, name)
    }

    /// The name of the state machine that a revision belongs to.
    pub fn machine_name(&self, id: RevisionId) -> Result<String, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state_machine.name FROM revision \
             JOIN state_machine ON state_machine.id = revision.machine WHERE revision.id = ?1",
        )?;
        optional(statement.query_row([id], |row| row.get(0)))?
            .ok_or_else(|| StoreError::damaged(format!("revision {} is missing", id.0)))
    }

    /// One revision; one that is missing counts as damaged.
    pub fn revision(&self, id: RevisionId) -> Result<RevisionRow, StoreError> {
        revision(self.connection, id)
    }

    /// The state machine with this name, whether or not it has a revision.
    pub fn machine_named(&self, name: &str) -> Result<Option<MachineId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM state_machine WHERE name = ?1 AND deleted_at IS NULL",
        )?;
        Ok(optional(statement.query_row([name], |row| row.get(0)))?)
    }

    /// Adds a state machine without a revision.
    pub fn insert_machine(
        &self,
        name: &str,
        kind: MachineKind,
        tags: &str,
        created_at: UnixMillis,
    ) -> Result<MachineId, StoreError> {
        self.connection.execute(
            "INSERT INTO state_machine (name, kind, tags, created_at) VALUES (?1, ?2, ?3, ?4)",
            (name, kind.as_str(), tags, created_at.0),
        )?;
        Ok(MachineId(self.connection.last_insert_rowid()))
    }

    /// Adds a revision and returns its id; the `id` in the row is ignored.
    pub fn insert_revision(&self, row: &RevisionRow) -> Result<RevisionId, StoreError> {
        let settings = serde_json::to_string(&row.settings)
            .map_err(|error| StoreError::damaged(format!("settings: {error}")))?;
        self.connection.execute(
            "INSERT INTO revision (machine, definition, role_arn, settings, label, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                row.machine,
                &row.definition,
                &row.role_arn,
                settings,
                &row.label,
                row.revised_at.0,
            ),
        )?;
        Ok(RevisionId(self.connection.last_insert_rowid()))
    }

    /// Deletes a state machine. Its name is free at once; running executions keep their revision.
    pub fn delete_machine(&self, id: MachineId, now: UnixMillis) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE state_machine SET deleted_at = ?2 WHERE id = ?1",
            (id, now.0),
        )?;
        Ok(())
    }
}

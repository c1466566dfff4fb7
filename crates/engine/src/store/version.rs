//! Rows of versions and aliases, and of the executions that were started through one.

use rusqlite::{Connection, Row};

use super::{Store, StoreError, optional};
use crate::id::{ExecutionId, MachineId, RevisionId};
use crate::version::{StoredRoute, VersionNumber};

/// One version of a state machine.
#[derive(Debug, Clone)]
pub(crate) struct VersionRow {
    pub(crate) number: VersionNumber,
    pub(crate) revision: RevisionId,
    pub(crate) description: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub(crate) created_at: i64,
}

/// One alias of a state machine.
#[derive(Debug, Clone)]
pub(crate) struct AliasRow {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) routes: Vec<StoredRoute>,
    /// Milliseconds since the Unix epoch.
    pub(crate) created_at: i64,
    /// Milliseconds since the Unix epoch.
    pub(crate) updated_at: i64,
}

/// Through what an execution was started, when not through its state machine itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) version: Option<VersionNumber>,
    pub(crate) alias: Option<String>,
}

const VERSION: &str = "SELECT number, revision, description, created_at FROM machine_version";
const ALIAS: &str = "SELECT name, description, routes, created_at, updated_at FROM machine_alias";

impl VersionRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
        Ok(VersionRow {
            number: row.get(0)?,
            revision: row.get(1)?,
            description: row.get(2)?,
            created_at: row.get(3)?,
        })
    }
}

impl AliasRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<AliasRow> {
        let routes: String = row.get(2)?;
        let routes = serde_json::from_str(&routes).map_err(|error| {
            let kind = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(2, kind, error.into())
        })?;
        Ok(AliasRow {
            name: row.get(0)?,
            description: row.get(1)?,
            routes,
            created_at: row.get(3)?,
            updated_at: row.get(4)?,
        })
    }

    fn routes_text(&self) -> String {
        serde_json::json!(self.routes).to_string()
    }
}

/// The versions of a state machine, newest first, on any connection.
pub(crate) fn versions(
    connection: &Connection,
    machine: MachineId,
) -> Result<Vec<VersionRow>, StoreError> {
    let query = format!("{VERSION} WHERE machine = ?1 ORDER BY number DESC");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([machine], VersionRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One version, on any connection.
pub(crate) fn version(
    connection: &Connection,
    machine: MachineId,
    number: VersionNumber,
) -> Result<Option<VersionRow>, StoreError> {
    let query = format!("{VERSION} WHERE machine = ?1 AND number = ?2");
    let mut statement = connection.prepare_cached(&query)?;
    Ok(optional(
        statement.query_row((machine, number), VersionRow::read),
    )?)
}

/// The aliases of a state machine, oldest first, on any connection.
pub(crate) fn aliases(
    connection: &Connection,
    machine: MachineId,
) -> Result<Vec<AliasRow>, StoreError> {
    let query = format!("{ALIAS} WHERE machine = ?1 ORDER BY created_at, name");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([machine], AliasRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One alias, on any connection.
pub(crate) fn alias(
    connection: &Connection,
    machine: MachineId,
    name: &str,
) -> Result<Option<AliasRow>, StoreError> {
    let query = format!("{ALIAS} WHERE machine = ?1 AND name = ?2");
    let mut statement = connection.prepare_cached(&query)?;
    Ok(optional(
        statement.query_row((machine, name), AliasRow::read),
    )?)
}

/// Through what an execution was started, on any connection.
pub(crate) fn origin(
    connection: &Connection,
    execution: ExecutionId,
) -> Result<Origin, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT version, alias FROM execution_origin WHERE execution = ?1")?;
    let read = |row: &Row<'_>| {
        Ok(Origin {
            version: row.get(0)?,
            alias: row.get(1)?,
        })
    };
    Ok(optional(statement.query_row([execution], read))?.unwrap_or_default())
}

impl Store {
    pub(crate) fn versions(&self, machine: MachineId) -> Result<Vec<VersionRow>, StoreError> {
        versions(&self.connection, machine)
    }

    pub(crate) fn version(
        &self,
        machine: MachineId,
        number: VersionNumber,
    ) -> Result<Option<VersionRow>, StoreError> {
        version(&self.connection, machine, number)
    }

    /// Gives the next number to a revision. `now` in milliseconds since the Unix epoch.
    pub(crate) fn insert_version(
        &self,
        machine: MachineId,
        revision: RevisionId,
        description: Option<&str>,
        now: i64,
    ) -> Result<VersionRow, StoreError> {
        let number = self.connection.query_row(
            "UPDATE state_machine SET versions = versions + 1 WHERE id = ?1 RETURNING versions",
            [machine],
            |row| row.get(0),
        )?;
        self.connection.execute(
            "INSERT INTO machine_version (machine, number, revision, description, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (machine, number, revision, description, now),
        )?;
        Ok(VersionRow {
            number,
            revision,
            description: description.map(str::to_owned),
            created_at: now,
        })
    }

    pub(crate) fn delete_version(
        &self,
        machine: MachineId,
        number: VersionNumber,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM machine_version WHERE machine = ?1 AND number = ?2",
            (machine, number),
        )?;
        Ok(())
    }

    pub(crate) fn aliases(&self, machine: MachineId) -> Result<Vec<AliasRow>, StoreError> {
        aliases(&self.connection, machine)
    }

    pub(crate) fn alias(
        &self,
        machine: MachineId,
        name: &str,
    ) -> Result<Option<AliasRow>, StoreError> {
        alias(&self.connection, machine, name)
    }

    /// Adds an alias, or replaces the one with the same name.
    pub(crate) fn put_alias(&self, machine: MachineId, row: &AliasRow) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO machine_alias \
             (machine, name, description, routes, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                machine,
                &row.name,
                &row.description,
                row.routes_text(),
                row.created_at,
                row.updated_at,
            ),
        )?;
        Ok(())
    }

    pub(crate) fn delete_alias(&self, machine: MachineId, name: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM machine_alias WHERE machine = ?1 AND name = ?2",
            (machine, name),
        )?;
        Ok(())
    }

    /// Deletes what a deleted state machine leaves behind.
    pub(crate) fn delete_versions_and_aliases(&self, machine: MachineId) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM machine_alias WHERE machine = ?1", [machine])?;
        self.connection
            .execute("DELETE FROM machine_version WHERE machine = ?1", [machine])?;
        Ok(())
    }

    pub(crate) fn insert_origin(
        &self,
        execution: ExecutionId,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO execution_origin VALUES (?1, ?2, ?3)")?
            .execute((execution, origin.version, &origin.alias))?;
        Ok(())
    }
}

//! Rows of versions and aliases, and of which executions were started through one.

use rampmeter_time::UnixMillis;
use rusqlite::{Connection, Row};

use crate::column::millis;
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{ExecutionId, MachineId, RevisionId};
use crate::model::version::VersionDescription;
use crate::model::version::{AliasDescription, Route};
use crate::model::version::{StoredRoute, VersionNumber};
use crate::tables::MachineTables;

/// One version of a state machine.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// Its number, from 1.
    pub number: VersionNumber,
    /// The revision that it represents.
    pub revision: RevisionId,
    /// What it was published with.
    pub description: Option<String>,
    /// When it was created.
    pub created_at: UnixMillis,
}

/// One alias of a state machine.
#[derive(Debug, Clone)]
pub struct AliasRow {
    /// Its name.
    pub name: String,
    /// The description it was given.
    pub description: Option<String>,
    /// Where it sends executions: one or two routes, whose weights add up to 100.
    pub routes: Vec<StoredRoute>,
    /// When it was created.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// The version or alias that an execution was started through, unless it was started through its state machine itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The version, if it was started through one, or through an alias of it.
    pub version: Option<VersionNumber>,
    /// The alias, if it was started through one.
    pub alias: Option<String>,
}

const VERSION: &str = "SELECT number, revision, description, created_at FROM machine_version";
const ALIAS: &str = "SELECT name, description, routes, created_at, updated_at FROM machine_alias";

impl VersionRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
        Ok(VersionRow {
            number: row.get(0)?,
            revision: row.get(1)?,
            description: row.get(2)?,
            created_at: millis(row, 3)?,
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
            created_at: millis(row, 3)?,
            updated_at: millis(row, 4)?,
        })
    }

    fn routes_text(&self) -> String {
        serde_json::json!(self.routes).to_string()
    }
}

/// The versions of a state machine, newest first, on any connection.
pub fn versions(
    connection: &Connection,
    machine: MachineId,
) -> Result<Vec<VersionRow>, StoreError> {
    let query = format!("{VERSION} WHERE machine = ?1 ORDER BY number DESC");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([machine], VersionRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One version, on any connection.
pub fn version(
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
pub fn aliases(connection: &Connection, machine: MachineId) -> Result<Vec<AliasRow>, StoreError> {
    let query = format!("{ALIAS} WHERE machine = ?1 ORDER BY created_at, name");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([machine], AliasRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One alias, on any connection.
pub fn alias(
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

/// What an execution was started through, on any connection.
pub fn origin(connection: &Connection, execution: ExecutionId) -> Result<Origin, StoreError> {
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

impl AliasRow {
    /// The alias as clients see it.
    pub fn describe(self, machine_arn: &str) -> AliasDescription {
        let routes = self.routes.iter().map(|route| Route {
            version_arn: format!("{machine_arn}:{}", route.version),
            weight: route.weight,
        });
        AliasDescription {
            arn: format!("{machine_arn}:{}", self.name),
            routes: routes.collect(),
            name: self.name,
            description: self.description,
            creation_date: self.created_at,
            update_date: self.updated_at,
        }
    }
}

impl VersionRow {
    /// The version as clients see it.
    pub fn describe(self, machine_arn: &str) -> VersionDescription {
        VersionDescription {
            arn: format!("{machine_arn}:{}", self.number),
            description: self.description,
            creation_date: self.created_at,
        }
    }
}

impl MachineTables<'_> {
    /// The versions of a state machine, newest first.
    pub fn versions(&self, machine: MachineId) -> Result<Vec<VersionRow>, StoreError> {
        versions(self.connection, machine)
    }

    /// One version of a state machine.
    pub fn version(
        &self,
        machine: MachineId,
        number: VersionNumber,
    ) -> Result<Option<VersionRow>, StoreError> {
        version(self.connection, machine, number)
    }

    /// Publishes a revision as the next version.
    pub fn insert_version(
        &self,
        machine: MachineId,
        revision: RevisionId,
        description: Option<&str>,
        now: UnixMillis,
    ) -> Result<VersionRow, StoreError> {
        let number = self.connection.query_row(
            "UPDATE state_machine SET versions = versions + 1 WHERE id = ?1 RETURNING versions",
            [machine],
            |row| row.get(0),
        )?;
        self.connection.execute(
            "INSERT INTO machine_version (machine, number, revision, description, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (machine, number, revision, description, now.0),
        )?;
        Ok(VersionRow {
            number,
            revision,
            description: description.map(str::to_owned),
            created_at: now,
        })
    }

    /// Deletes a version. Its number is not used again.
    pub fn delete_version(
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

    /// The aliases of a state machine, oldest first.
    pub fn aliases(&self, machine: MachineId) -> Result<Vec<AliasRow>, StoreError> {
        aliases(self.connection, machine)
    }

    /// One alias of a state machine.
    pub fn alias(&self, machine: MachineId, name: &str) -> Result<Option<AliasRow>, StoreError> {
        alias(self.connection, machine, name)
    }

    /// Adds an alias, or replaces the one with the same name.
    pub fn put_alias(&self, machine: MachineId, row: &AliasRow) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO machine_alias \
             (machine, name, description, routes, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                machine,
                &row.name,
                &row.description,
                row.routes_text(),
                row.created_at.0,
                row.updated_at.0,
            ),
        )?;
        Ok(())
    }

    /// Deletes an alias.
    pub fn delete_alias(&self, machine: MachineId, name: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM machine_alias WHERE machine = ?1 AND name = ?2",
            (machine, name),
        )?;
        Ok(())
    }

    /// Deletes what a deleted state machine leaves behind.
    pub fn delete_versions_and_aliases(&self, machine: MachineId) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM machine_alias WHERE machine = ?1", [machine])?;
        self.connection
            .execute("DELETE FROM machine_version WHERE machine = ?1", [machine])?;
        Ok(())
    }

    /// Notes what an execution was started through.
    pub fn insert_origin(&self, execution: ExecutionId, origin: &Origin) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO execution_origin VALUES (?1, ?2, ?3)")?
            .execute((execution, origin.version, &origin.alias))?;
        Ok(())
    }
}

//! Rows of executions and their steps.

use rampmeter_asl::EventId;
use rampmeter_dispatch::Time;
use rusqlite::Row;

use super::{Store, StoreError, optional};
use crate::id::{ExecutionId, RevisionId, StepId, name_hash};
use crate::request::ExecutionStatus;

/// One execution, without its data.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionRow {
    pub(crate) id: ExecutionId,
    pub(crate) revision: RevisionId,
    pub(crate) name: String,
    pub(crate) status: ExecutionStatus,
    /// Milliseconds since the Unix epoch.
    pub(crate) started_at: i64,
    /// Milliseconds since the Unix epoch.
    pub(crate) stopped_at: Option<i64>,
    pub(crate) events: EventId,
    pub(crate) first_step: StepId,
    pub(crate) last_step: StepId,
    /// The event whose task token it waits for, 0 when for none.
    pub(crate) waits_for: EventId,
}

pub(crate) const EXECUTION_COLUMNS: &str = "id, revision, name, status, started_at, stopped_at, \
     events, first_step, last_step, waits_for";

impl ExecutionRow {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<ExecutionRow> {
        let status: i64 = row.get(3)?;
        Ok(ExecutionRow {
            id: row.get(0)?,
            revision: row.get(1)?,
            name: row.get(2)?,
            status: ExecutionStatus::from_code(status)
                .ok_or(rusqlite::Error::IntegralValueOutOfRange(3, status))?,
            started_at: row.get(4)?,
            stopped_at: row.get(5)?,
            events: unsigned(row, 6)?,
            first_step: row.get(7)?,
            last_step: row.get(8)?,
            waits_for: unsigned(row, 9)?,
        })
    }
}

/// One step, ready to be appended.
#[derive(Debug)]
pub(crate) struct StepRow<'a> {
    pub(crate) id: StepId,
    pub(crate) execution: ExecutionId,
    pub(crate) previous: Option<StepId>,
    pub(crate) at: Time,
    pub(crate) first_event: EventId,
    pub(crate) data: &'a str,
    pub(crate) call: Option<&'a str>,
}

impl Store {
    pub(crate) fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRow>, StoreError> {
        let query = format!("SELECT {EXECUTION_COLUMNS} FROM execution WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(&query)?;
        Ok(optional(statement.query_row([id], ExecutionRow::read))?)
    }

    /// The execution with this name under any revision of the state machine.
    pub(crate) fn execution_named(
        &self,
        machine_name: &str,
        name: &str,
    ) -> Result<Option<ExecutionRow>, StoreError> {
        Ok(find_by_name(&self.connection, machine_name, name)?)
    }

    pub(crate) fn insert_execution(
        &self,
        machine_name: &str,
        row: &ExecutionRow,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO execution VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                row.id,
                row.revision,
                &row.name,
                row.status.code(),
                row.started_at,
                row.stopped_at,
                signed(row.events),
                row.first_step,
                row.last_step,
                signed(row.waits_for),
            ))?;
        self.connection
            .prepare_cached("INSERT INTO execution_name (hash, execution) VALUES (?1, ?2)")?
            .execute((name_hash(machine_name, &row.name), row.id))?;
        Ok(())
    }

    /// Writes what a step changes in an execution's row.
    pub(crate) fn update_execution(&self, row: &ExecutionRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE execution SET status = ?2, stopped_at = ?3, events = ?4, last_step = ?5, \
                 waits_for = ?6 WHERE id = ?1",
            )?
            .execute((
                row.id,
                row.status.code(),
                row.stopped_at,
                signed(row.events),
                row.last_step,
                signed(row.waits_for),
            ))?;
        Ok(())
    }

    pub(crate) fn append_step(&self, step: &StepRow<'_>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO step VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute((
                step.id,
                step.execution,
                step.previous,
                step.at.as_micros(),
                signed(step.first_event),
                step.data,
                step.call,
            ))?;
        Ok(())
    }

    pub(crate) fn note_continuing(&self, id: ExecutionId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO continuing (execution) VALUES (?1)")?
            .execute([id])?;
        Ok(())
    }

    pub(crate) fn forget_continuing(&self, id: ExecutionId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM continuing WHERE execution = ?1")?
            .execute([id])?;
        Ok(())
    }

    /// The executions that an earlier process did not go on with.
    pub(crate) fn continuing(&self) -> Result<Vec<ExecutionId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT execution FROM continuing ORDER BY execution")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Replaces the data of the newest step of an execution, whose events stay as they are.
    pub(crate) fn rewrite_step(&self, id: StepId, data: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE step SET data = ?2 WHERE id = ?1")?
            .execute((id, data))?;
        Ok(())
    }

    /// The data of a step.
    pub(crate) fn step_data(&self, id: StepId) -> Result<String, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT data FROM step WHERE id = ?1")?;
        optional(statement.query_row([id], |row| row.get(0)))?
            .ok_or_else(|| StoreError::Damaged(format!("step {} is missing", id.0)))
    }

    /// A step: the one before it, the id of its first event, its data.
    pub(crate) fn step(&self, id: StepId) -> Result<(Option<StepId>, EventId, String), StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT previous, first_event, data FROM step WHERE id = ?1")?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, unsigned(row, 1)?, row.get(2)?));
        optional(statement.query_row([id], read))?
            .ok_or_else(|| StoreError::Damaged(format!("step {} is missing", id.0)))
    }

    /// The time of the newest step.
    pub(crate) fn newest_step_time(&self) -> Result<Option<Time>, StoreError> {
        let at = optional(self.connection.query_row(
            "SELECT at FROM step ORDER BY id DESC LIMIT 1",
            [],
            |row| row.get(0),
        ))?;
        Ok(at.map(Time::from_micros))
    }
}

/// The execution with this name, on any connection.
pub(crate) fn find_by_name(
    connection: &rusqlite::Connection,
    machine_name: &str,
    name: &str,
) -> rusqlite::Result<Option<ExecutionRow>> {
    let columns = EXECUTION_COLUMNS
        .split(", ")
        .map(|column| format!("execution.{}", column.trim()))
        .collect::<Vec<_>>()
        .join(", ");
    let query = format!(
        "SELECT {columns} FROM execution_name \
         JOIN execution ON execution.id = execution_name.execution \
         JOIN revision ON revision.id = execution.revision \
         JOIN state_machine ON state_machine.id = revision.machine \
         WHERE execution_name.hash = ?1 AND execution.name = ?2 AND state_machine.name = ?3"
    );
    let mut statement = connection.prepare_cached(&query)?;
    optional(statement.query_row(
        (name_hash(machine_name, name), name, machine_name),
        ExecutionRow::read,
    ))
}

/// SQLite's integers are signed; event ids never come near the half that they cannot hold.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("event ids and counts stay below 2^63")
}

/// The reverse of `signed`, of column `index`.
pub(crate) fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

//! Rows of executions. Their steps are in `step`, what runs below them in `frame`.

use rampmeter_asl::{EventId, FrameId};
use rusqlite::Row;

use super::{Store, StoreError, optional};
use crate::id::{ExecutionId, MapRunId, RevisionId, StepId, name_hash};
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
    /// The event whose task token its root frame waits for, 0 when for none.
    pub(crate) waits_for: EventId,
    /// The step that holds its root frame.
    pub(crate) frame_step: StepId,
    /// How many frames it has had besides the root.
    pub(crate) frames: FrameId,
    /// The map run that it is a child execution of.
    pub(crate) item: Option<ItemOf>,
    /// How often it was redriven.
    pub(crate) redrives: u32,
    /// When it was redriven last, in milliseconds since the Unix epoch.
    pub(crate) redriven_at: Option<i64>,
}

/// What a child execution of a map run has besides.
#[derive(Debug, Clone)]
pub(crate) struct ItemOf {
    pub(crate) map_run: MapRunId,
    /// Stands in its ARN after the name of the state machine.
    pub(crate) label: String,
    /// How many items it works on.
    pub(crate) items: u64,
}

pub(crate) const EXECUTION_COLUMNS: &str = "id, revision, name, status, started_at, stopped_at, \
     events, first_step, last_step, waits_for, frame_step, frames, map_run, label, items, redrives, \
     redriven_at";

impl ExecutionRow {
    /// The name it was given. That of an EXPRESS execution, which others may have too, is followed by a colon and what
    /// makes it one of its kind.
    pub(crate) fn given_name(&self) -> &str {
        self.name
            .split_once(':')
            .map_or(&self.name, |(given, _)| given)
    }

    /// Whether it is of an EXPRESS state machine: its ARN leads to nothing.
    pub(crate) fn is_express(&self) -> bool {
        self.name.contains(':')
    }

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
            frame_step: row.get(10)?,
            frames: unsigned(row, 11)?,
            item: match row.get(12)? {
                None => None,
                Some(map_run) => Some(ItemOf {
                    map_run,
                    label: row.get(13)?,
                    items: unsigned(row, 14)?,
                }),
            },
            redrives: row.get(15)?,
            redriven_at: row.get(16)?,
        })
    }
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

    /// `machine_name` as it stands in the execution's ARN.
    pub(crate) fn insert_execution(
        &self,
        machine_name: &str,
        row: &ExecutionRow,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO execution VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0, NULL, NULL)",
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
                row.frame_step,
                signed(row.frames),
                row.item.as_ref().map(|item| item.map_run),
                row.item.as_ref().map(|item| item.label.as_str()),
                row.item.as_ref().map(|item| signed(item.items)),
            ))?;
        if row.is_express() {
            return Ok(());
        }
        self.connection
            .prepare_cached("INSERT INTO execution_name (hash, execution) VALUES (?1, ?2)")?
            .execute((name_hash(machine_name, &row.name), row.id))?;
        Ok(())
    }

    /// Notes that an execution is redriven, and the client token of the request.
    pub(crate) fn note_redrive(
        &self,
        row: &ExecutionRow,
        client_token: Option<&str>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE execution SET redrives = ?2, redriven_at = ?3, redrive_token = ?4 WHERE id = ?1",
            )?
            .execute((row.id, row.redrives, row.redriven_at, client_token))?;
        Ok(())
    }

    /// The client token of the last request that redrove an execution.
    pub(crate) fn redrive_token(&self, id: ExecutionId) -> Result<Option<String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT redrive_token FROM execution WHERE id = ?1")?;
        Ok(optional(statement.query_row([id], |row| row.get(0)))?.flatten())
    }

    /// Writes what a step changes in an execution's row.
    pub(crate) fn update_execution(&self, row: &ExecutionRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE execution SET status = ?2, stopped_at = ?3, events = ?4, last_step = ?5, \
                 waits_for = ?6, frame_step = ?7, frames = ?8 WHERE id = ?1",
            )?
            .execute((
                row.id,
                row.status.code(),
                row.stopped_at,
                signed(row.events),
                row.last_step,
                signed(row.waits_for),
                row.frame_step,
                signed(row.frames),
            ))?;
        Ok(())
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
         WHERE execution_name.hash = ?1 AND execution.name = ?2 \
         AND state_machine.name || coalesce('/' || execution.label, '') = ?3"
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

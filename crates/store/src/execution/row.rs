//! Rows of executions. Their steps are in `step`, what runs below them in `frame`.

use std::sync::LazyLock;

use rampmeter_asl::{EventId, FrameId};
use rampmeter_time::UnixMillis;
use rusqlite::Row;

use crate::column::{millis, optional_millis, signed, unsigned};
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::arn::ArnScope;
use crate::model::execution::ExecutionStatus;
use crate::model::id::{ExecutionId, MapRunId, RevisionId, StepId, name_hash};
use crate::tables::ExecutionTables;

/// One execution, without its data.
#[derive(Debug, Clone)]
pub struct ExecutionRow {
    /// Its number.
    pub id: ExecutionId,
    /// The revision of its state machine that it runs.
    pub revision: RevisionId,
    /// Its name within its state machine; for an EXPRESS execution see `given_name`.
    pub name: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// When it started.
    pub started_at: UnixMillis,
    /// When it ended; absent while it runs.
    pub stopped_at: Option<UnixMillis>,
    /// The number of its newest event.
    pub events: EventId,
    /// The step with its first event.
    pub first_step: StepId,
    /// Its newest step, from which `previous` leads back to the first.
    pub last_step: StepId,
    /// The event whose task token its root frame waits for; 0 for none.
    pub waits_for: EventId,
    /// The step that holds its root frame.
    pub frame_step: StepId,
    /// How many frames it has had besides the root.
    pub frames: FrameId,
    /// The map run that it is a child execution of.
    pub item: Option<ItemOf>,
    /// How often it was redriven.
    pub redrives: u32,
    /// When it was redriven last.
    pub redriven_at: Option<UnixMillis>,
}

/// What a child execution of a map run has in addition.
#[derive(Debug, Clone)]
pub struct ItemOf {
    /// The map run.
    pub map_run: MapRunId,
    /// Part of its ARN, after the name of the state machine.
    pub label: String,
    /// How many items it works on.
    pub items: u64,
}

/// The columns that `ExecutionRow::read` reads, in their order.
pub const EXECUTION_COLUMNS: &str = "id, revision, name, status, started_at, stopped_at, \
     events, first_step, last_step, waits_for, frame_step, frames, map_run, label, items, redrives, \
     redriven_at";

static EXECUTION: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {EXECUTION_COLUMNS} FROM execution WHERE id = ?1"));

impl ExecutionRow {
    /// The name it was given. In the store, the name of an EXPRESS execution, which others may share, is followed by a colon
    /// and what makes it unique.
    pub fn given_name(&self) -> &str {
        self.name
            .split_once(':')
            .map_or(&self.name, |(given, _)| given)
    }

    /// Whether its state machine is of type EXPRESS: then its ARN cannot be used to look it up.
    pub fn is_express(&self) -> bool {
        self.name.contains(':')
    }

    /// The state machine's part of its ARN: the name, and for a child execution of a map run the label.
    pub fn machine_part(&self, machine: &str) -> String {
        match &self.item {
            None => machine.to_owned(),
            Some(item) => format!("{machine}/{}", item.label),
        }
    }

    /// Its ARN; `machine` is the name of its state machine.
    pub fn arn(&self, place: &ArnScope, machine: &str) -> String {
        place.execution_arn(&self.machine_part(machine), &self.name)
    }

    /// Reads a row with the columns of `EXECUTION_COLUMNS`.
    pub fn read(row: &Row<'_>) -> rusqlite::Result<ExecutionRow> {
        let status: i64 = row.get(3)?;
        Ok(ExecutionRow {
            id: row.get(0)?,
            revision: row.get(1)?,
            name: row.get(2)?,
            status: ExecutionStatus::from_code(status)
                .ok_or(rusqlite::Error::IntegralValueOutOfRange(3, status))?,
            started_at: millis(row, 4)?,
            stopped_at: optional_millis(row, 5)?,
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
            redriven_at: optional_millis(row, 16)?,
        })
    }
}

impl ExecutionTables<'_> {
    /// The execution with this number.
    pub fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&EXECUTION)?;
        Ok(optional(statement.query_row([id], ExecutionRow::read))?)
    }

    /// The ARN of an execution. It reads no more of the rows than the names.
    pub fn execution_arn(
        &self,
        id: ExecutionId,
        place: &ArnScope,
    ) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state_machine.name || coalesce('/' || execution.label, ''), execution.name FROM execution \
             JOIN revision ON revision.id = execution.revision \
             JOIN state_machine ON state_machine.id = revision.machine WHERE execution.id = ?1",
        )?;
        let found = optional(statement.query_row([id], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        }))?;
        Ok(found.map(|(machine, name)| place.execution_arn(&machine, &name)))
    }

    /// The execution with this name under any revision of the state machine.
    pub fn execution_named(
        &self,
        machine_name: &str,
        name: &str,
    ) -> Result<Option<ExecutionRow>, StoreError> {
        Ok(find_by_name(self.connection, machine_name, name)?)
    }

    /// The number of the execution with this name. It reads no more of the row than that. The state machine is the one in
    /// the name's hash, because a damaged row may no longer lead to it.
    ///
    /// # Errors
    /// When the store failed, or a name cannot be read.
    pub fn execution_id_named(
        &self,
        machine_name: &str,
        name: &str,
    ) -> Result<Option<ExecutionId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT execution.id FROM execution_name \
             JOIN execution ON execution.id = execution_name.execution \
             WHERE execution_name.hash = ?1 AND execution.name = ?2",
        )?;
        let found = statement.query_row((name_hash(machine_name, name), name), |row| row.get(0));
        Ok(optional(found)?)
    }

    /// Adds an execution. `machine_name` is as it appears in the execution's ARN.
    pub fn insert_execution(
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
                row.started_at.0,
                row.stopped_at.map(|at| at.0),
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
    pub fn note_redrive(
        &self,
        row: &ExecutionRow,
        client_token: Option<&str>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE execution SET redrives = ?2, redriven_at = ?3, redrive_token = ?4 WHERE id = ?1",
            )?
            .execute((row.id, row.redrives, row.redriven_at.map(|at| at.0), client_token))?;
        Ok(())
    }

    /// The client token of the last request that redrove an execution.
    pub fn redrive_token(&self, id: ExecutionId) -> Result<Option<String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT redrive_token FROM execution WHERE id = ?1")?;
        Ok(optional(statement.query_row([id], |row| row.get(0)))?.flatten())
    }

    /// Writes what a step changes in an execution's row.
    pub fn update_execution(&self, row: &ExecutionRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE execution SET status = ?2, stopped_at = ?3, events = ?4, last_step = ?5, \
                 waits_for = ?6, frame_step = ?7, frames = ?8 WHERE id = ?1",
            )?
            .execute((
                row.id,
                row.status.code(),
                row.stopped_at.map(|at| at.0),
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
pub fn find_by_name(
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

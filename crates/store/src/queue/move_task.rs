//! Rows of message move tasks. Ended ones are kept, so that they can be listed.

use rampmeter_dispatch::Time;
use rusqlite::Row;

use crate::column::micros;
use crate::connection::optional;
use crate::damaged::readable;
use crate::error::{StoreError, StoreFailure};
use crate::model::sqs::MoveTaskStatus;
use crate::tables::QueueTables;

/// One move task.
#[derive(Debug, Clone)]
pub struct MoveTaskRow {
    /// Its number; 0 before it has one.
    pub id: i64,
    /// Name of the queue that messages are moved from.
    pub source: String,
    /// Name of the queue that messages go to; absent for the queues that they came from.
    pub destination: Option<String>,
    /// Maximum of messages per second.
    pub rate: Option<u32>,
    /// Its status.
    pub status: MoveTaskStatus,
    /// Why it failed, as an SQS error code.
    pub failure: Option<String>,
    /// When it started.
    pub started_at: Time,
    /// Messages below this number were in the source at the start.
    pub below: i64,
    /// Messages that were there at the start.
    pub to_move: i64,
    /// Messages moved so far.
    pub moved: i64,
}

const COLUMNS: &str =
    "id, source, destination, rate, status, failure, started_at, below, to_move, moved";

/// Ended tasks of one source that are kept. AWS lists ten.
const KEPT: u32 = 10;

impl MoveTaskRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<MoveTaskRow> {
        let status: String = row.get(4)?;
        let status = MoveTaskStatus::from_name(&status).ok_or_else(|| {
            rusqlite::Error::InvalidColumnType(4, status, rusqlite::types::Type::Text)
        })?;
        Ok(MoveTaskRow {
            id: row.get(0)?,
            source: row.get(1)?,
            destination: row.get(2)?,
            rate: row.get(3)?,
            status,
            failure: row.get(5)?,
            started_at: micros(row, 6)?,
            below: row.get(7)?,
            to_move: row.get(8)?,
            moved: row.get(9)?,
        })
    }
}

impl QueueTables<'_> {
    /// Writes a new task, gives it its number, and forgets the oldest ended ones of its source.
    pub fn insert_move_task(&self, task: &mut MoveTaskRow) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO move_task (source, destination, rate, status, started_at, below, to_move, \
             moved) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
            (
                &task.source,
                &task.destination,
                task.rate,
                task.status.as_str(),
                task.started_at.as_micros(),
                task.below,
                task.to_move,
            ),
        )?;
        task.id = self.connection.last_insert_rowid();
        self.connection.execute(
            "DELETE FROM move_task WHERE source = ?1 AND status <> 'RUNNING' AND id NOT IN \
             (SELECT id FROM move_task WHERE source = ?1 ORDER BY id DESC LIMIT ?2)",
            (&task.source, KEPT),
        )?;
        Ok(())
    }

    /// Writes how far a task has come.
    pub fn update_move_task(&self, task: &MoveTaskRow) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached(
                "UPDATE move_task SET status = ?2, failure = ?3, moved = ?4 WHERE id = ?1",
            )?
            .execute((task.id, task.status.as_str(), &task.failure, task.moved))?;
        Ok(())
    }

    /// The task with this number.
    pub fn move_task(&self, id: i64) -> Result<Option<MoveTaskRow>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM move_task WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(&query)?;
        Ok(optional(statement.query_row([id], MoveTaskRow::read))?)
    }

    /// The tasks of a source, newest first, at most `most`.
    pub fn move_tasks(&self, source: &str, most: u32) -> Result<Vec<MoveTaskRow>, StoreError> {
        let query =
            format!("SELECT {COLUMNS} FROM move_task WHERE source = ?1 ORDER BY id DESC LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&query)?;
        let rows = statement.query_map((source, most), MoveTaskRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The tasks that run.
    pub fn running_move_tasks(&self) -> Result<Vec<MoveTaskRow>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM move_task WHERE status = 'RUNNING'");
        let mut statement = self.connection.prepare(&query)?;
        let rows = statement.query_map([], MoveTaskRow::read)?;
        Ok(readable(rows, "a move task")?)
    }
}

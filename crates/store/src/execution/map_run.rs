//! Rows of map runs: the runs of Distributed Map states.

use rampmeter_asl::{FrameId, Join};
use rampmeter_time::UnixMillis;
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use crate::column::{millis, optional_millis, signed, unsigned};
use crate::connection::optional;
use crate::error::StoreError;
use crate::execution::row::{EXECUTION_COLUMNS, ExecutionRow};
use crate::model::execution::ExecutionStatus;
use crate::model::id::{ExecutionId, MapRunId, name_hash};
use crate::tables::FrameTables;

/// One map run.
#[derive(Debug, Clone)]
pub struct MapRunRow {
    /// 0 for one that is not in the store yet.
    pub id: MapRunId,
    /// The execution that started it.
    pub execution: ExecutionId,
    /// The frame that waits for it.
    pub frame: FrameId,
    /// The end of its ARN.
    pub name: String,
    /// The label of its Map state, which is part of its ARN.
    pub label: String,
    /// Name of the Map state.
    pub state: String,
    /// Whether its child executions are of type EXPRESS.
    pub is_express: bool,
    /// Whether they work on batches of items.
    pub is_batched: bool,
    /// Its status; never `TIMED_OUT`.
    pub status: ExecutionStatus,
    /// When it started.
    pub started_at: UnixMillis,
    /// When it ended; absent while it runs.
    pub stopped_at: Option<UnixMillis>,
    /// How many items there are.
    pub items: u64,
    /// How its child executions and items ended.
    pub ended: Ended,
    /// The interpreter's bookkeeping of the children.
    pub join: Join,
}

/// How many children ended in which way, and how many items they had: succeeded, failed, timed out, aborted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Of child executions.
    pub children: [u64; 4],
    /// Of items.
    pub items: [u64; 4],
}

/// The columns that `MapRunRow::read` reads, in their order.
pub const MAP_RUN_COLUMNS: &str = "id, execution, frame, name, label, state, express, batched, \
     status, started_at, stopped_at, items, ended, join_state";

impl MapRunRow {
    /// Reads a row with the columns of `MAP_RUN_COLUMNS`.
    pub fn read(row: &Row<'_>) -> rusqlite::Result<MapRunRow> {
        let status: i64 = row.get(8)?;
        Ok(MapRunRow {
            id: row.get(0)?,
            execution: row.get(1)?,
            frame: unsigned(row, 2)?,
            name: row.get(3)?,
            label: row.get(4)?,
            state: row.get(5)?,
            is_express: row.get(6)?,
            is_batched: row.get(7)?,
            status: ExecutionStatus::from_code(status)
                .ok_or(rusqlite::Error::IntegralValueOutOfRange(8, status))?,
            started_at: millis(row, 9)?,
            stopped_at: optional_millis(row, 10)?,
            items: unsigned(row, 11)?,
            ended: json(row, 12)?,
            join: json(row, 13)?,
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    serde_json::from_str(&text).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(index, kind, Box::new(error))
    })
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("bookkeeping has only text keys and finite numbers")
}

impl FrameTables<'_> {
    /// The map run with this number.
    pub fn map_run(&self, id: MapRunId) -> Result<Option<MapRunRow>, StoreError> {
        map_run_of(self.connection, id)
    }

    /// The map run with this label and name.
    pub fn map_run_named(&self, label: &str, name: &str) -> Result<Option<MapRunRow>, StoreError> {
        find_map_run(self.connection, label, name)
    }

    /// Adds a map run. Returns its number.
    pub fn insert_map_run(&self, row: &MapRunRow) -> Result<MapRunId, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO map_run VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
                 ?13, ?14)",
            )?
            .execute((
                row.execution,
                signed(row.frame),
                name_hash(&row.label, &row.name),
                &row.name,
                &row.label,
                &row.state,
                row.is_express,
                row.is_batched,
                row.status.code(),
                row.started_at.0,
                row.stopped_at.map(|at| at.0),
                signed(row.items),
                text(&row.ended),
                text(&row.join),
            ))?;
        Ok(MapRunId(self.connection.last_insert_rowid()))
    }

    /// Writes what changes while a map run is running.
    pub fn update_map_run(&self, row: &MapRunRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE map_run SET status = ?2, stopped_at = ?3, ended = ?4, join_state = ?5 \
                 WHERE id = ?1",
            )?
            .execute((
                row.id,
                row.status.code(),
                row.stopped_at.map(|at| at.0),
                text(&row.ended),
                text(&row.join),
            ))?;
        Ok(())
    }

    /// The map runs of an execution that run.
    pub fn running_map_runs(&self, execution: ExecutionId) -> Result<Vec<MapRunRow>, StoreError> {
        let query =
            format!("SELECT {MAP_RUN_COLUMNS} FROM map_run WHERE execution = ?1 AND status = 0");
        let mut statement = self.connection.prepare_cached(&query)?;
        let rows = statement.query_map([execution], MapRunRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The child executions of a map run with ids above `after` that have this status, oldest first, at most `most`.
    pub fn map_run_children(
        &self,
        map_run: MapRunId,
        status: ExecutionStatus,
        after: ExecutionId,
        most: usize,
    ) -> Result<Vec<ExecutionRow>, StoreError> {
        let query = format!(
            "SELECT {EXECUTION_COLUMNS} FROM execution WHERE map_run = ?1 AND id > ?2 \
             AND status = ?3 ORDER BY id LIMIT ?4"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows =
            statement.query_map((map_run, after, status.code(), most), ExecutionRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The map run with this number, on any connection.
pub fn map_run_of(connection: &Connection, id: MapRunId) -> Result<Option<MapRunRow>, StoreError> {
    let query = format!("SELECT {MAP_RUN_COLUMNS} FROM map_run WHERE id = ?1");
    let mut statement = connection.prepare_cached(&query)?;
    Ok(optional(statement.query_row([id], MapRunRow::read))?)
}

/// The map run with this label and name, on any connection.
pub fn find_map_run(
    connection: &Connection,
    label: &str,
    name: &str,
) -> Result<Option<MapRunRow>, StoreError> {
    let query = format!(
        "SELECT {MAP_RUN_COLUMNS} FROM map_run WHERE hash = ?1 AND name = ?2 AND label = ?3"
    );
    let mut statement = connection.prepare_cached(&query)?;
    Ok(optional(statement.query_row(
        (name_hash(label, name), name, label),
        MapRunRow::read,
    ))?)
}

/// How many child executions of a map run are running.
pub fn running_children(
    connection: &Connection,
    map_run: MapRunId,
) -> Result<[u64; 2], StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*), coalesce(sum(items), 0) FROM execution WHERE map_run = ?1 AND status = 0",
    )?;
    Ok(statement.query_row([map_run], |row| Ok([unsigned(row, 0)?, unsigned(row, 1)?]))?)
}

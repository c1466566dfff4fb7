//! Rows of frames below the root: branches and iterations, what their parents know of them, and the heartbeats received.

use std::sync::LazyLock;

use rampmeter_asl::{EventId, FrameId, Join};
use rusqlite::Row;

use crate::column::{signed, unsigned};
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{ExecutionId, StepId};
use crate::tables::FrameTables;

/// The status of a branch or an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameStatus {
    /// It runs.
    Running,
    /// It succeeded, and its output is kept.
    Succeeded,
    /// It failed, or was abandoned because another one failed.
    Failed,
}

impl FrameStatus {
    fn code(self) -> i64 {
        match self {
            Self::Running => 0,
            Self::Succeeded => 1,
            Self::Failed => 2,
        }
    }

    fn from_code(code: i64) -> Option<Self> {
        [Self::Running, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|status| status.code() == code)
    }
}

/// One branch or iteration, without its data.
#[derive(Debug, Clone, Copy)]
pub struct FrameRow {
    /// Its number within the execution; the root is 0 and has no row.
    pub id: FrameId,
    /// The frame that began it.
    pub parent: FrameId,
    /// Its status.
    pub status: FrameStatus,
    /// The step that holds its current state.
    pub step: StepId,
    /// The event that it waits for; 0 for none.
    pub waits_for: EventId,
    /// The payload of `step` that is its output, once it succeeded.
    pub output: Option<u32>,
}

/// What a frame knows of its children.
#[derive(Debug, Clone)]
pub struct ForkRow {
    /// Whether children still count: they do not once the outcome is being carried out.
    pub live: bool,
    /// The interpreter's bookkeeping of the children.
    pub join: Join,
}

const FRAME_COLUMNS: &str = "id, parent, standing, step, waits_for, output";

static FRAME: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {FRAME_COLUMNS} FROM frame WHERE execution = ?1 AND id = ?2"));

impl FrameRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<FrameRow> {
        let status: i64 = row.get(2)?;
        Ok(FrameRow {
            id: unsigned(row, 0)?,
            parent: unsigned(row, 1)?,
            status: FrameStatus::from_code(status)
                .ok_or(rusqlite::Error::IntegralValueOutOfRange(2, status))?,
            step: row.get(3)?,
            waits_for: unsigned(row, 4)?,
            output: row.get(5)?,
        })
    }
}

impl ForkRow {
    /// The ids of all children of the frame.
    pub fn children(&self) -> std::ops::Range<FrameId> {
        let fork = self.join.fork();
        fork.first..fork.first + u64::from(fork.total)
    }
}

impl FrameTables<'_> {
    /// One branch or iteration, if it is kept.
    pub fn frame(
        &self,
        execution: ExecutionId,
        id: FrameId,
    ) -> Result<Option<FrameRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&FRAME)?;
        Ok(optional(
            statement.query_row((execution, signed(id)), FrameRow::read),
        )?)
    }

    /// The branch or iteration that waits for an event.
    pub fn frame_waiting_for(
        &self,
        execution: ExecutionId,
        event: EventId,
    ) -> Result<Option<FrameId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM frame WHERE execution = ?1 AND waits_for = ?2 AND waits_for > 0",
        )?;
        Ok(optional(
            statement.query_row((execution, signed(event)), |row| unsigned(row, 0)),
        )?)
    }

    /// The branches and iterations with ids in a range, in order, at most `most`; all of them, or those with one status.
    pub fn frames_in(
        &self,
        execution: ExecutionId,
        range: std::ops::Range<FrameId>,
        status: Option<FrameStatus>,
        most: usize,
    ) -> Result<Vec<FrameRow>, StoreError> {
        let query = format!(
            "SELECT {FRAME_COLUMNS} FROM frame WHERE execution = ?1 AND id >= ?2 AND id < ?3 \
             AND (?4 IS NULL OR standing = ?4) ORDER BY id LIMIT ?5"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let rows = statement.query_map(
            (
                execution,
                signed(range.start),
                signed(range.end),
                status.map(FrameStatus::code),
                i64::try_from(most).unwrap_or(i64::MAX),
            ),
            FrameRow::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many branches and iterations of an execution run.
    pub fn count_running_frames(&self, execution: ExecutionId) -> Result<u64, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM frame WHERE execution = ?1 AND standing = 0")?;
        Ok(statement.query_row([execution], |row| unsigned(row, 0))?)
    }

    /// Writes a frame's row, new or changed.
    pub fn put_frame(&self, execution: ExecutionId, row: &FrameRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO frame VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute((
                execution,
                signed(row.id),
                signed(row.parent),
                row.status.code(),
                row.step,
                signed(row.waits_for),
                row.output,
            ))?;
        Ok(())
    }

    /// Deletes the frames with ids in a range.
    pub fn delete_frames(
        &self,
        execution: ExecutionId,
        range: std::ops::Range<FrameId>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM frame WHERE execution = ?1 AND id >= ?2 AND id < ?3")?
            .execute((execution, signed(range.start), signed(range.end)))?;
        Ok(())
    }

    /// What a frame knows of its children.
    pub fn fork(
        &self,
        execution: ExecutionId,
        parent: FrameId,
    ) -> Result<Option<ForkRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT live, data FROM fork WHERE execution = ?1 AND parent = ?2")?;
        let found: Option<(bool, String)> =
            optional(statement.query_row((execution, signed(parent)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            }))?;
        found
            .map(|(live, data)| {
                let join = serde_json::from_str(&data)
                    .map_err(|error| StoreError::damaged(format!("a fork: {error}")))?;
                Ok(ForkRow { live, join })
            })
            .transpose()
    }

    /// The ids of the children of the frames with ids in a range, one range for each fork.
    pub fn forks_in(
        &self,
        execution: ExecutionId,
        parents: std::ops::Range<FrameId>,
    ) -> Result<Vec<std::ops::Range<FrameId>>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT first, total FROM fork WHERE execution = ?1 AND parent >= ?2 AND parent < ?3",
        )?;
        let rows = statement.query_map(
            (execution, signed(parents.start), signed(parents.end)),
            |row| {
                let (first, total) = (unsigned(row, 0)?, unsigned(row, 1)?);
                Ok(first..first + total)
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes what a frame knows of its children, replacing what it knew of earlier ones.
    pub fn put_fork(&self, execution: ExecutionId, row: &ForkRow) -> Result<(), StoreError> {
        let fork = row.join.fork();
        let data = serde_json::to_string(&row.join)
            .expect("the bookkeeping of a fork has only text keys and finite numbers");
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO fork VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute((
                execution,
                signed(fork.parent),
                signed(fork.first),
                fork.total,
                row.live,
                data,
            ))?;
        Ok(())
    }

    /// Forgets what the frames with ids in a range know of their children.
    pub fn delete_forks(
        &self,
        execution: ExecutionId,
        parents: std::ops::Range<FrameId>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM fork WHERE execution = ?1 AND parent >= ?2 AND parent < ?3",
            )?
            .execute((execution, signed(parents.start), signed(parents.end)))?;
        Ok(())
    }

    /// When the heartbeat of a task runs out, if one has arrived since its step was written.
    pub fn heartbeat(
        &self,
        execution: ExecutionId,
        event: EventId,
    ) -> Result<Option<i64>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at FROM heartbeat WHERE execution = ?1 AND event = ?2")?;
        Ok(optional(
            statement.query_row((execution, signed(event)), |row| row.get(0)),
        )?)
    }

    /// Notes when the heartbeat of a task runs out.
    pub fn put_heartbeat(
        &self,
        execution: ExecutionId,
        event: EventId,
        at: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO heartbeat VALUES (?1, ?2, ?3)")?
            .execute((execution, signed(event), at))?;
        Ok(())
    }

    /// Forgets the heartbeat of a task that is over.
    pub fn delete_heartbeat(
        &self,
        execution: ExecutionId,
        event: EventId,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM heartbeat WHERE execution = ?1 AND event = ?2")?
            .execute((execution, signed(event)))?;
        Ok(())
    }
}

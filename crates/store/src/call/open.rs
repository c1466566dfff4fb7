//! Calls that have not ended, as people ask about them: in the backoff before a retry, parked behind another call of their
//! OrderingKey, or in the lanes of a target that the configuration no longer has. Those that wait in fair order are in
//! `lane`, jobs in `job`.

use rampmeter_dispatch::{Priority, Time};
use rusqlite::types::Type;

use crate::column::micros;
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{MessageNumber, QueueId, TargetId};
use crate::tables::{CallTables, LaneTables};

/// Delayed messages that one query reads, soonest first: the writer answers it.
const DELAYED_READ: i64 = 1_000;

/// A message that may be taken later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayedRow {
    /// When it may be taken.
    pub until: Time,
    /// Its number.
    pub message: MessageNumber,
    /// Its queue.
    pub queue: QueueId,
}

/// A lane of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRow {
    /// The queue of the lane.
    pub queue: QueueId,
    /// The priority of the lane.
    pub priority: Priority,
    /// The target of the lane.
    pub target: TargetId,
    /// Name of the target.
    pub target_name: String,
}

impl LaneTables<'_> {
    /// Until when a message is delayed, if it is.
    pub fn delayed_until(&self, message: MessageNumber) -> Result<Option<Time>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT until FROM delayed WHERE message = ?1 LIMIT 1")?;
        let until = statement.query_row([message], |row| row.get(0));
        Ok(optional(until)?.map(Time::from_micros))
    }

    /// The first 1,000 messages that may be taken later, soonest first, those of plain queues included.
    pub fn delayed(&self) -> Result<Vec<DelayedRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT delayed.until, delayed.message, message.queue FROM delayed \
             JOIN message ON message.id = delayed.message \
             ORDER BY delayed.until, delayed.message LIMIT ?1",
        )?;
        let rows = statement.query_map([DELAYED_READ], |row| {
            Ok(DelayedRow {
                until: micros(row, 0)?,
                message: row.get(1)?,
                queue: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The calls of a lane that wait for another call of their OrderingKey, at most `most`.
    pub fn parked(
        &self,
        target: TargetId,
        queue: QueueId,
        most: usize,
    ) -> Result<Vec<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM ordered_call \
             WHERE target = ?1 AND queue = ?2 AND standing = 0 LIMIT ?3",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map((target, queue, most), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The lanes of all targets that ever existed.
    pub fn of_all_targets(&self) -> Result<Vec<LaneRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT queue.id, queue.lane, target.id, target.name FROM queue \
             JOIN target ON target.id = queue.target WHERE queue.lane < 3 \
             ORDER BY target.name, queue.lane",
        )?;
        let rows = statement.query_map([], |row| {
            let lane: u8 = row.get(1)?;
            let priority = Priority::ALL.get(usize::from(lane)).copied();
            Ok(LaneRow {
                queue: row.get(0)?,
                priority: priority.ok_or_else(|| {
                    rusqlite::Error::FromSqlConversionFailure(1, Type::Integer, "no lane".into())
                })?,
                target: row.get(2)?,
                target_name: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl CallTables<'_> {
    /// Whether an earlier request of the call has an unknown outcome, so that it keeps its slots.
    pub fn is_answer_lost(&self, message: MessageNumber) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM permit WHERE message = ?1 AND held_until IS NOT NULL LIMIT 1",
        )?;
        Ok(optional(statement.query_row([message], |_| Ok(())))?.is_some())
    }
}

//! Rows of calls that may not wait for ever: those that have not ended of targets with a `max_wait`, by the time of their
//! sending. A target without one has no rows.

use rampmeter_dispatch::Time;
use rusqlite::types::Value;

use crate::column::micros;
use crate::connection::optional;
use crate::damaged::or_left_out;
use crate::error::StoreError;
use crate::model::id::{MessageNumber, QueueId, TargetId};
use crate::tables::LaneTables;

impl LaneTables<'_> {
    /// Notes a new call.
    pub fn insert_waiting_call(
        &self,
        target: TargetId,
        sent_at: Time,
        id: MessageNumber,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO waiting_call VALUES (?1, ?2, ?3)")?
            .execute((target, sent_at.as_micros(), id))?;
        Ok(())
    }

    /// A call has ended.
    pub fn delete_waiting_call(
        &self,
        target: TargetId,
        sent_at: Time,
        id: MessageNumber,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM waiting_call WHERE target = ?1 AND sent_at = ?2 AND message = ?3",
            )?
            .execute((target, sent_at.as_micros(), id))?;
        Ok(())
    }

    /// When the oldest call of a target that has not ended was sent.
    pub fn first_waiting_call(&self, target: TargetId) -> Result<Option<Time>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sent_at FROM waiting_call WHERE target = ?1 ORDER BY sent_at LIMIT 1",
        )?;
        Ok(optional(
            statement.query_row([target], |row| micros(row, 0)),
        )?)
    }

    /// Takes out the calls that were sent at a moment or before, at most `most`, oldest first.
    pub fn take_waiting_calls(
        &self,
        target: TargetId,
        sent_by: Time,
        most: u32,
    ) -> Result<Vec<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sent_at, message FROM waiting_call WHERE target = ?1 AND sent_at <= ?2 \
             ORDER BY sent_at LIMIT ?3",
        )?;
        let rows = statement.query_map((target, sent_by.as_micros(), most), |row| {
            let key: (Value, Value) = (row.get(0)?, row.get(1)?);
            Ok((key, row.get::<_, MessageNumber>(1)))
        })?;
        let found: Vec<_> = rows.collect::<Result<_, _>>()?;
        let mut delete = self.connection.prepare_cached(
            "DELETE FROM waiting_call WHERE target = ?1 AND sent_at = ?2 AND message = ?3",
        )?;
        let mut taken = Vec::with_capacity(found.len());
        for ((sent_at, message), number) in found {
            delete.execute((target, sent_at, message))?;
            taken.extend(or_left_out(
                number.map_err(StoreError::from),
                "a call that waits",
            )?);
        }
        Ok(taken)
    }

    /// Forgets all calls of a target: it has no `max_wait` any more.
    pub fn forget_waiting_calls(&self, target: TargetId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM waiting_call WHERE target = ?1")?
            .execute([target])?;
        Ok(())
    }

    /// Notes all calls of a lane that have not ended, those that are delayed or parked too: their target has a `max_wait` now.
    pub fn note_waiting_calls(&self, target: TargetId, queue: QueueId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO waiting_call SELECT ?1, sent_at, id FROM message WHERE queue = ?2",
            )?
            .execute((target, queue))?;
        Ok(())
    }
}

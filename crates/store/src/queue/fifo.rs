//! Rows of FIFO queues: the order within each message group, and the deduplication ids of the last five minutes.

use rampmeter_dispatch::Time;

use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{GroupHash, MessageNumber, QueueId};
use crate::tables::MessageTables;

/// Expired deduplication ids that each new one deletes, so that the table cannot grow.
const CLEARED: u32 = 8;

impl MessageTables<'_> {
    /// Puts a message at the end of its group.
    pub fn join_group(
        &self,
        queue: QueueId,
        group: GroupHash,
        message: MessageNumber,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO fifo VALUES (?1, ?2, ?3)")?
            .execute((queue, group, message))?;
        Ok(())
    }

    /// Takes a message out of its group.
    pub fn leave_group(
        &self,
        queue: QueueId,
        group: GroupHash,
        message: MessageNumber,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM fifo WHERE queue = ?1 AND message_group = ?2 AND message = ?3",
            )?
            .execute((queue, group, message))?;
        Ok(())
    }

    /// The messages of a group in order, starting with one; at most `most`.
    pub fn group_from(
        &self,
        queue: QueueId,
        group: GroupHash,
        first: MessageNumber,
        most: u32,
    ) -> Result<Vec<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM fifo WHERE queue = ?1 AND message_group = ?2 AND message >= ?3 \
             ORDER BY message LIMIT ?4",
        )?;
        let rows = statement.query_map((queue, group, first, most), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The message that was sent with this deduplication id, if that was less than five minutes ago.
    pub fn duplicate_of(
        &self,
        queue: QueueId,
        digest: &[u8],
        now: Time,
    ) -> Result<Option<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM deduplication WHERE queue = ?1 AND digest = ?2 AND until > ?3",
        )?;
        let found = statement.query_row((queue, digest, now.as_micros()), |row| row.get(0));
        Ok(optional(found)?)
    }

    /// Remembers a deduplication id.
    pub fn remember_deduplication(
        &self,
        queue: QueueId,
        digest: &[u8],
        message: MessageNumber,
        now: Time,
        until: Time,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM deduplication WHERE message IN (SELECT message FROM \
                 (SELECT message, until FROM deduplication ORDER BY message LIMIT ?2) \
                 WHERE until <= ?1)",
            )?
            .execute((now.as_micros(), CLEARED))?;
        self.connection
            .prepare_cached("INSERT INTO deduplication VALUES (?1, ?2, ?3, ?4)")?
            .execute((message, queue, until.as_micros(), digest))?;
        Ok(())
    }
}

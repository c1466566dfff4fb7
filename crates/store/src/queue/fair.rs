//! Rows of standard queues whose messages name groups: the messages that can be received, by group, so that a group with
//! many messages does not shut the others out. Messages without a group are in `ready`.

use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{GroupHash, MessageNumber, QueueId};
use crate::tables::MessageTables;

impl MessageTables<'_> {
    /// Makes a message with a group receivable on a standard queue.
    pub fn make_fair(
        &self,
        queue: QueueId,
        group: GroupHash,
        message: MessageNumber,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO fair VALUES (?1, ?2, ?3)")?
            .execute((queue, group, message))?;
        Ok(())
    }

    /// Takes a message of a group off a standard queue. Returns whether it was there.
    pub fn unmake_fair(
        &self,
        queue: QueueId,
        group: GroupHash,
        message: MessageNumber,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM fair WHERE queue = ?1 AND message_group = ?2 AND message = ?3",
            )?
            .execute((queue, group, message))?;
        Ok(())
    }

    /// The oldest message of the group after this one, or else of the first group.
    pub fn first_fair(
        &self,
        queue: QueueId,
        after: Option<GroupHash>,
    ) -> Result<Option<(GroupHash, MessageNumber)>, StoreError> {
        let columns = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        const FIRST: &str = "SELECT message_group, message FROM fair WHERE queue = ?1 \
             ORDER BY message_group, message LIMIT 1";
        const NEXT: &str = "SELECT message_group, message FROM fair WHERE queue = ?1 AND message_group > ?2 \
             ORDER BY message_group, message LIMIT 1";
        let found = match after {
            None => self
                .connection
                .prepare_cached(FIRST)?
                .query_row([queue], columns),
            Some(group) => self
                .connection
                .prepare_cached(NEXT)?
                .query_row((queue, group), columns),
        };
        Ok(optional(found)?)
    }

    /// Some message of a group below a number.
    pub fn fair_below(
        &self,
        queue: QueueId,
        below: i64,
    ) -> Result<Option<MessageNumber>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT message FROM fair WHERE queue = ?1 AND message < ?2 LIMIT 1")?;
        Ok(optional(
            statement.query_row((queue, below), |row| row.get(0)),
        )?)
    }

    /// How many messages with a group may be received.
    pub fn count_fair(&self, queue: QueueId) -> Result<u64, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM fair WHERE queue = ?1")?;
        let count: i64 = statement.query_row([queue], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

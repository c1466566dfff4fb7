//! Rows of receives that can be repeated: what a ReceiveRequestAttemptId took in the last five minutes.

use rampmeter_dispatch::Time;

use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{MessageNumber, QueueId};
use crate::tables::MessageTables;

/// Expired attempts that each new one deletes, so that the table cannot grow.
const CLEARED: u32 = 8;

impl MessageTables<'_> {
    /// The messages that this attempt took, each with its receive count, if that was less than five minutes ago.
    pub fn attempt(
        &self,
        queue: QueueId,
        digest: &[u8],
        now: Time,
    ) -> Result<Option<Vec<(MessageNumber, u32)>>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT taken FROM receive_attempt WHERE queue = ?1 AND digest = ?2 AND until > ?3 \
             ORDER BY id DESC LIMIT 1",
        )?;
        let found = statement.query_row((queue, digest, now.as_micros()), |row| {
            row.get::<_, String>(0)
        });
        let Some(text) = optional(found)? else {
            return Ok(None);
        };
        let taken: Vec<(i64, u32)> = serde_json::from_str(&text)
            .map_err(|error| StoreError::damaged(format!("a receive attempt: {error}")))?;
        let taken = taken.into_iter();
        Ok(Some(
            taken
                .map(|(message, receive)| (MessageNumber(message), receive))
                .collect(),
        ))
    }

    /// Remembers what an attempt took; it replaces an earlier one with the same id.
    pub fn remember_attempt(
        &self,
        queue: QueueId,
        digest: &[u8],
        taken: &[(MessageNumber, u32)],
        now: Time,
        until: Time,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM receive_attempt WHERE id IN (SELECT id FROM \
                 (SELECT id, until FROM receive_attempt ORDER BY id LIMIT ?2) WHERE until <= ?1)",
            )?
            .execute((now.as_micros(), CLEARED))?;
        let taken: Vec<(i64, u32)> = taken
            .iter()
            .map(|(message, receive)| (message.0, *receive))
            .collect();
        let taken = serde_json::to_string(&taken).expect("numbers are written as JSON");
        self.connection
            .prepare_cached(
                "INSERT INTO receive_attempt (queue, until, digest, taken) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((queue, until.as_micros(), digest, taken))?;
        Ok(())
    }
}

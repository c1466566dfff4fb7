//! Rows of dead letters: how a message becomes one, and what it takes to send it again or to discard it. They are listed in
//! `crate::query`.

use rampmeter_dispatch::{Priority, Time};

use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{MessageNumber, QueueId};
use crate::queue::message::DeadLetter;
use crate::tables::ControlTables;
use crate::tables::MessageTables;

impl ControlTables<'_> {
    /// Moves a message to a dead-letter queue and keeps the reason.
    pub fn move_to_dead_letter(
        &self,
        queue: QueueId,
        letter: &DeadLetter<'_>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE message SET queue = ?2 WHERE id = ?1")?
            .execute((letter.message, queue))?;
        self.connection
            .prepare_cached(
                "INSERT INTO dead_letter (message, failed_at, error, cause, lane) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                letter.message,
                letter.failed_at.as_micros(),
                letter.error,
                letter.cause,
                letter.lane.and_then(|lane| u8::try_from(lane.index()).ok()),
            ))?;
        MessageTables::of(self.connection).make_ready(queue, letter.message)
    }

    /// The lane that a dead letter was in, if known; none if the message is not a dead letter.
    pub fn lane_of_dead_letter(
        &self,
        letter: MessageNumber,
    ) -> Result<Option<Option<Priority>>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT lane FROM dead_letter WHERE message = ?1")?;
        let lane: Option<Option<u8>> = optional(statement.query_row([letter], |row| row.get(0)))?;
        Ok(lane.map(|lane| lane.and_then(|lane| Priority::ALL.get(usize::from(lane)).copied())))
    }

    /// The error with which a call became a dead letter.
    pub fn error_of_letter(&self, letter: MessageNumber) -> Result<Option<String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT error FROM dead_letter WHERE message = ?1")?;
        Ok(optional(statement.query_row([letter], |row| row.get(0)))?)
    }

    /// Takes a dead letter out of its queue. The message stays, in no queue, for whoever sends it again.
    pub fn take_from_dead_letters(
        &self,
        queue: QueueId,
        letter: MessageNumber,
    ) -> Result<(), StoreError> {
        MessageTables::of(self.connection).unready(queue, letter)?;
        self.connection
            .prepare_cached("DELETE FROM dead_letter WHERE message = ?1")?
            .execute([letter])?;
        Ok(())
    }

    /// Starts a message afresh in another queue: no attempt is used up, it has no position in the fair order yet, and its wait
    /// begins now. That the vendor may have done its call is not forgotten.
    pub fn begin_anew(
        &self,
        message: MessageNumber,
        queue: QueueId,
        now: Time,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE message SET queue = ?2, turn = 0, attempts = 0, crashes = 0, refusals = 0, \
                 sent_at = ?3 WHERE id = ?1",
            )?
            .execute((message, queue, now.as_micros()))?;
        Ok(())
    }

    /// How many dead letters a queue has, counted up to `most`.
    pub fn count_dead_letters(&self, queue: QueueId, most: u32) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM ready WHERE queue = ?1 LIMIT ?2)",
        )?;
        let count: i64 = statement.query_row((queue, most), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

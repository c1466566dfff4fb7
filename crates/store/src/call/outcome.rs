//! Rows of ended calls that no workflow waits for, and of bodies that were too long to be part of the call result.

use rampmeter_dispatch::{PermitId, Time};
use rusqlite::{Connection, params};

use crate::column::micros;
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{ExecutionId, MessageNumber};
use crate::tables::CallTables;

/// How a call ended that no workflow waits for.
#[derive(Debug, Clone)]
pub struct OutcomeRow {
    /// The number of the call.
    pub message: MessageNumber,
    /// Name of its target.
    pub target: String,
    /// Its lane, from 0 for HIGH.
    pub lane: u8,
    /// Its business key.
    pub key: Option<String>,
    /// When its message was committed.
    pub sent_at: Time,
    /// When its first request was given a permit; absent when none was.
    pub first_started_at: Option<Time>,
    /// When it ended.
    pub ended_at: Time,
    /// Requests started for it.
    pub receive_count: u32,
    /// Answers that used up an attempt.
    pub attempts: u32,
    /// Its output, as JSON; for a failed call, its cause.
    pub told: String,
}

/// One body that is kept in a file.
#[derive(Debug, Clone)]
pub struct BodyRow {
    /// The number of the permit under which it was answered, and the name of its file.
    pub id: PermitId,
    /// The number of the call.
    pub message: MessageNumber,
    /// The execution that made the call; its body goes with it.
    pub execution: Option<ExecutionId>,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// The media type that the vendor gave it.
    pub content_type: Option<String>,
    /// When it was kept.
    pub at: Time,
}

impl CallTables<'_> {
    /// Adds the outcome of a call that no workflow waits for.
    pub fn insert_outcome(&self, outcome: &OutcomeRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO outcome VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
            .execute(params![
                outcome.message,
                outcome.target,
                outcome.lane,
                outcome.key,
                outcome.sent_at.as_micros(),
                outcome.first_started_at.map(Time::as_micros),
                outcome.ended_at.as_micros(),
                outcome.receive_count,
                outcome.attempts,
                outcome.told,
            ])?;
        Ok(())
    }

    /// Deletes outcomes that ended before a time, oldest first, at most `most`. Returns their messages.
    pub fn delete_outcomes(
        &self,
        before: Time,
        most: u32,
    ) -> Result<Vec<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM outcome WHERE ended_at < ?1 ORDER BY ended_at, message LIMIT ?2",
        )?;
        let rows = statement.query_map((before.as_micros(), most), |row| row.get(0))?;
        let old: Vec<MessageNumber> = rows.collect::<Result<_, _>>()?;
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM outcome WHERE message = ?1")?;
        for message in &old {
            delete.execute([message])?;
        }
        Ok(old)
    }

    /// Adds the body of an answer that is kept in a file.
    pub fn insert_body(&self, body: &BodyRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO body VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                body.id,
                body.message,
                body.execution,
                i64::try_from(body.size).unwrap_or(i64::MAX),
                body.sha256,
                body.content_type,
                body.at.as_micros(),
            ])?;
        Ok(())
    }

    /// Whether a body is kept, by the name of its file.
    pub fn has_body(&self, id: PermitId) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM body WHERE id = ?1")?;
        let count: i64 = statement.query_row([id], |row| row.get(0))?;
        Ok(count > 0)
    }

    /// Deletes the rows of a message's bodies. Returns their ids.
    pub fn delete_bodies_of(&self, message: MessageNumber) -> Result<Vec<PermitId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("DELETE FROM body WHERE message = ?1 RETURNING id")?;
        let rows = statement.query_map([message], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Deletes the rows of the answer bodies of an execution's calls. Returns their ids.
    pub fn delete_bodies_for(&self, execution: ExecutionId) -> Result<Vec<PermitId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("DELETE FROM body WHERE execution = ?1 RETURNING id")?;
        let rows = statement.query_map([execution], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The body of a call's answer, if it is kept in a file.
pub fn body_of(
    connection: &Connection,
    message: MessageNumber,
) -> Result<Option<BodyRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, message, execution, size, sha256, content_type, at FROM body \
         WHERE message = ?1 ORDER BY id DESC LIMIT 1",
    )?;
    let found = statement.query_row([message], |row| {
        Ok(BodyRow {
            id: row.get(0)?,
            message: row.get(1)?,
            execution: row.get(2)?,
            size: row.get::<_, i64>(3)?.unsigned_abs(),
            sha256: row.get(4)?,
            content_type: row.get(5)?,
            at: micros(row, 6)?,
        })
    });
    Ok(optional(found)?)
}

//! Rows of jobs: calls that a vendor has accepted and is working on.

use rampmeter_asl::EventId;
use rampmeter_call::job::FollowUp;
use rampmeter_dispatch::{PermitId, Time};
use rusqlite::{Row, params};

use crate::column::{micros, signed};
use crate::connection::optional;
use crate::damaged::readable;
use crate::error::StoreError;
use crate::model::id::{ExecutionId, MessageNumber, QueueId, TargetId};
use crate::tables::CallTables;

/// One job.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// The message of the call that became it.
    pub message: MessageNumber,
    /// The target whose vendor runs it.
    pub target: TargetId,
    /// The task that waits for its end.
    pub task: Option<(ExecutionId, EventId)>,
    /// The permit that it keeps, if a limit counts jobs.
    pub permit: Option<PermitId>,
    /// When the vendor accepted it.
    pub since: Time,
    /// How often it was polled.
    pub polls: u32,
    /// Where to poll next.
    pub follow_up: FollowUp,
}

const COLUMNS: &str = "message, target, execution, event, permit, since, looks, follow_up";

impl JobRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<(JobRow, Option<String>)> {
        let execution: Option<ExecutionId> = row.get(2)?;
        let event: Option<i64> = row.get(3)?;
        let text: String = row.get(7)?;
        let parsed = serde_json::from_str(&text);
        let unreadable = parsed.as_ref().err().map(ToString::to_string);
        let job = JobRow {
            message: row.get(0)?,
            target: row.get(1)?,
            task: execution.zip(event.map(i64::unsigned_abs)),
            permit: row.get(4)?,
            since: micros(row, 5)?,
            polls: row.get(6)?,
            follow_up: parsed.unwrap_or_else(|_| FollowUp::at(None, String::new())),
        };
        Ok((job, unreadable))
    }
}

/// The row, or an error if where to poll cannot be read.
fn sound((job, unreadable): (JobRow, Option<String>)) -> Result<JobRow, StoreError> {
    match unreadable {
        None => Ok(job),
        Some(why) => Err(StoreError::damaged(format!(
            "the job of message {}: {why}",
            job.message.0
        ))),
    }
}

impl CallTables<'_> {
    /// Adds a job.
    pub fn insert_job(&self, job: &JobRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO job VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                job.message,
                job.target,
                job.task.map(|(execution, _)| execution),
                job.task.map(|(_, event)| signed(event)),
                job.permit,
                job.since.as_micros(),
                job.polls,
                written(&job.follow_up),
            ])?;
        Ok(())
    }

    /// Writes what a poll changed.
    pub fn update_job(&self, job: &JobRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE job SET looks = ?2, follow_up = ?3 WHERE message = ?1")?
            .execute((job.message, job.polls, written(&job.follow_up)))?;
        Ok(())
    }

    /// Deletes a job that has ended.
    pub fn delete_job(&self, message: MessageNumber) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM job WHERE message = ?1")?
            .execute([message])?;
        Ok(())
    }

    /// The job that the call of a message has become.
    pub fn job(&self, message: MessageNumber) -> Result<Option<JobRow>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM job WHERE message = ?1");
        let mut statement = self.connection.prepare_cached(&query)?;
        let found = optional(statement.query_row([message], JobRow::read))?;
        found.map(sound).transpose()
    }

    /// The jobs of a target, oldest message first; at most `most`.
    pub fn jobs(&self, target: TargetId, most: usize) -> Result<Vec<JobRow>, StoreError> {
        let query =
            format!("SELECT {COLUMNS} FROM job WHERE target = ?1 ORDER BY message LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&query)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map((target, most), JobRow::read)?;
        let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        rows.into_iter().map(sound).collect()
    }

    /// How many jobs of a target are going on.
    pub fn count_jobs(&self, target: TargetId) -> Result<u64, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM job WHERE target = ?1")?;
        let count: i64 = statement.query_row([target], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Whether the call of a task continues as a job.
    pub fn task_has_job(&self, execution: ExecutionId, event: EventId) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM job WHERE execution = ?1 AND event = ?2")?;
        let count: i64 = statement.query_row((execution, signed(event)), |row| row.get(0))?;
        Ok(count > 0)
    }

    /// The permits that jobs keep.
    pub fn job_permits(&self) -> Result<Vec<PermitId>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT permit FROM job WHERE permit IS NOT NULL")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(readable(rows, "a job")?)
    }

    /// Forgets the jobs of a queue whose worker is elsewhere from now on, and the permits they kept.
    pub fn forget_jobs(&self, queue: QueueId) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM permit WHERE id IN (SELECT job.permit FROM job \
             JOIN message ON message.id = job.message WHERE message.queue = ?1)",
            [queue],
        )?;
        self.connection.execute(
            "DELETE FROM job WHERE message IN (SELECT id FROM message WHERE queue = ?1)",
            [queue],
        )?;
        Ok(())
    }
}

fn written(follow_up: &FollowUp) -> String {
    serde_json::to_string(follow_up).expect("a place to poll has only text keys")
}

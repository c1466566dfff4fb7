//! Rows of activities, and of their tasks that wait for a worker.

use rampmeter_asl::EventId;
use rampmeter_time::UnixMillis;
use rusqlite::{Connection, Row};

use crate::column::{millis, signed, unsigned};
use crate::connection::optional;
use crate::damaged::readable;
use crate::error::StoreError;
use crate::model::activity::Activities;
use crate::model::activity::ActivityDescription;
use crate::model::arn::ArnScope;
use crate::model::id::{ActivityId, ExecutionId, StepId};
use crate::tables::MachineTables;

/// One activity.
#[derive(Debug, Clone)]
pub struct ActivityRow {
    /// Its name.
    pub name: String,
    /// JSON text.
    pub encryption: Option<String>,
    /// When it was created.
    pub created_at: UnixMillis,
}

/// One task that waits for a worker. Its input is in the step, in the event.
#[derive(Debug, Clone, Copy)]
pub struct ActivityTaskRow {
    /// The activity.
    pub activity: ActivityId,
    /// The step with its `ActivityScheduled` event.
    pub step: StepId,
    /// That event.
    pub event: EventId,
    /// The execution whose task it is.
    pub execution: ExecutionId,
}

const ACTIVITY: &str = "SELECT name, encryption, created_at FROM activity";

impl ActivityRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<ActivityRow> {
        Ok(ActivityRow {
            name: row.get(0)?,
            encryption: row.get(1)?,
            created_at: millis(row, 2)?,
        })
    }
}

/// The activity with this name, on any connection.
pub fn find_activity(
    connection: &Connection,
    name: &str,
) -> Result<Option<ActivityRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{ACTIVITY} WHERE name = ?1"))?;
    Ok(optional(statement.query_row([name], ActivityRow::read))?)
}

/// Every activity, oldest first.
pub fn all_activities(connection: &Connection) -> Result<Vec<ActivityRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{ACTIVITY} ORDER BY id"))?;
    let rows = statement.query_map([], ActivityRow::read)?;
    Ok(readable(rows, "an activity")?)
}

impl ActivityRow {
    /// The activity as clients see it.
    pub fn describe(self, place: &ArnScope) -> ActivityDescription {
        ActivityDescription {
            arn: place.activity_arn(&self.name),
            // Written by ourselves; a damaged one is shown as absent.
            encryption: self
                .encryption
                .and_then(|text| serde_json::from_str(&text).ok()),
            name: self.name,
            creation_date: self.created_at,
        }
    }
}

impl MachineTables<'_> {
    /// The activities by name.
    pub fn activities(&self) -> Result<Activities, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, id FROM activity")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows = readable(rows, "the name of an activity")?;
        Ok(rows.into_iter().collect())
    }

    /// The activity with this name.
    pub fn activity(&self, name: &str) -> Result<Option<ActivityRow>, StoreError> {
        find_activity(self.connection, name)
    }

    /// Adds an activity with its tags, as JSON.
    pub fn insert_activity(&self, row: &ActivityRow, tags: &str) -> Result<ActivityId, StoreError> {
        self.connection.execute(
            "INSERT INTO activity (name, tags, encryption, created_at) VALUES (?1, ?2, ?3, ?4)",
            (&row.name, tags, &row.encryption, row.created_at.0),
        )?;
        Ok(ActivityId(self.connection.last_insert_rowid()))
    }

    /// Deletes an activity, and its tasks, which nobody can take any more.
    pub fn delete_activity(&self, id: ActivityId) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM activity WHERE id = ?1", [id])?;
        self.connection
            .execute("DELETE FROM activity_task WHERE activity = ?1", [id])?;
        Ok(())
    }

    /// Adds a task for a worker.
    pub fn insert_activity_task(&self, row: &ActivityTaskRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO activity_task VALUES (?1, ?2, ?3, ?4)")?
            .execute((row.activity, row.step, signed(row.event), row.execution))?;
        Ok(())
    }

    /// Takes the task that has waited longest out of the table.
    pub fn take_activity_task(
        &self,
        activity: ActivityId,
    ) -> Result<Option<ActivityTaskRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT activity, step, event, execution FROM activity_task WHERE activity = ?1 \
             ORDER BY step, event LIMIT 1",
        )?;
        let read = |row: &Row<'_>| {
            Ok(ActivityTaskRow {
                activity: row.get(0)?,
                step: row.get(1)?,
                event: unsigned(row, 2)?,
                execution: row.get(3)?,
            })
        };
        let found = optional(statement.query_row([activity], read))?;
        if let Some(row) = &found {
            self.connection
                .prepare_cached(
                    "DELETE FROM activity_task WHERE activity = ?1 AND step = ?2 AND event = ?3",
                )?
                .execute((row.activity, row.step, signed(row.event)))?;
        }
        Ok(found)
    }

    /// Forgets the task with this `ActivityScheduled` event, if it still waits.
    pub fn forget_activity_task(
        &self,
        execution: ExecutionId,
        event: EventId,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM activity_task WHERE execution = ?1 AND event = ?2")?
            .execute((execution, signed(event)))?;
        Ok(())
    }

    /// Forgets the tasks of an execution that has ended.
    pub fn forget_activity_tasks(&self, execution: ExecutionId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM activity_task WHERE execution = ?1")?
            .execute([execution])?;
        Ok(())
    }
}

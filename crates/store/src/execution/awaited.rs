//! Rows of executions that a task of another execution waits for.

use rampmeter_asl::EventId;

use crate::column::{signed, unsigned};
use crate::error::StoreError;
use crate::model::id::ExecutionId;
use crate::tables::ExecutionTables;

/// A task that waits for the end of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitingTask {
    /// The execution that waits.
    pub execution: ExecutionId,
    /// Its `TaskScheduled` event.
    pub event: EventId,
    /// Whether it gets input and output as JSON (`.sync:2`) or as text (`.sync`).
    pub as_json: bool,
}

impl ExecutionTables<'_> {
    /// Notes that a task waits for the end of `child`.
    pub fn await_execution(
        &self,
        child: ExecutionId,
        task: AwaitingTask,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO awaited_execution VALUES (?1, ?2, ?3, ?4)")?
            .execute((child, task.execution, signed(task.event), task.as_json))?;
        Ok(())
    }

    /// Takes the tasks that wait for the end of `child` out of the table.
    pub fn take_awaiting_tasks(&self, child: ExecutionId) -> Result<Vec<AwaitingTask>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT execution, event, as_json FROM awaited_execution WHERE child = ?1",
        )?;
        let rows = statement.query_map([child], |row| {
            Ok(AwaitingTask {
                execution: row.get(0)?,
                event: unsigned(row, 1)?,
                as_json: row.get(2)?,
            })
        })?;
        let tasks: Vec<AwaitingTask> = rows.collect::<Result<_, _>>()?;
        if !tasks.is_empty() {
            self.connection
                .prepare_cached("DELETE FROM awaited_execution WHERE child = ?1")?
                .execute([child])?;
        }
        Ok(tasks)
    }

    /// Takes the executions that a task waits for out of the table; without an event, those of all tasks of `execution`.
    pub fn take_awaited(
        &self,
        execution: ExecutionId,
        event: Option<EventId>,
    ) -> Result<Vec<ExecutionId>, StoreError> {
        let (least, most) = match event {
            Some(event) => (signed(event), signed(event)),
            None => (0, i64::MAX),
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT child FROM awaited_execution WHERE execution = ?1 AND event BETWEEN ?2 AND ?3",
        )?;
        let rows = statement.query_map((execution, least, most), |row| row.get(0))?;
        let children: Vec<ExecutionId> = rows.collect::<Result<_, _>>()?;
        if !children.is_empty() {
            self.connection
                .prepare_cached(
                    "DELETE FROM awaited_execution WHERE execution = ?1 AND event BETWEEN ?2 AND ?3",
                )?
                .execute((execution, least, most))?;
        }
        Ok(children)
    }
}

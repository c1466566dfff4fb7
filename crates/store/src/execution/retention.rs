//! What retention deletes: ended executions with all their rows at once, and their histories step by step.

use rampmeter_dispatch::PermitId;
use rampmeter_time::UnixMillis;

use crate::connection::optional;
use crate::damaged::readable;
use crate::error::StoreError;
use crate::execution::row::{EXECUTION_COLUMNS, ExecutionRow};
use crate::model::id::{ExecutionId, StepId, name_hash};
use crate::tables::CallTables;
use crate::tables::ExecutionTables;

/// Tables whose rows can be found by their execution.
const BY_EXECUTION: [&str; 8] = [
    "execution_origin",
    "frame",
    "fork",
    "heartbeat",
    "continuing",
    "map_run",
    "activity_task",
    "lost_call",
];

impl ExecutionTables<'_> {
    /// Executions that ended before a time, earliest end first. Child executions of map runs are left out: they go with
    /// their parents.
    pub fn ended_before(
        &self,
        before: UnixMillis,
        most: u32,
    ) -> Result<Vec<ExecutionRow>, StoreError> {
        let query = format!(
            "SELECT {EXECUTION_COLUMNS} FROM execution WHERE stopped_at IS NOT NULL \
             AND map_run IS NULL AND stopped_at < ?1 ORDER BY stopped_at, id LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let rows = statement.query_map((before.0, most), ExecutionRow::read)?;
        Ok(readable(rows, "an execution")?)
    }

    /// Child executions of the map runs of an execution.
    pub fn children_of(
        &self,
        execution: ExecutionId,
        most: u32,
    ) -> Result<Vec<ExecutionRow>, StoreError> {
        let query = format!(
            "SELECT {EXECUTION_COLUMNS} FROM execution WHERE map_run IN \
             (SELECT id FROM map_run WHERE execution = ?1) LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let rows = statement.query_map((execution, most), ExecutionRow::read)?;
        Ok(readable(rows, "an execution")?)
    }

    /// Deletes an execution and everything of it except its history, which is left over. Returns the ids of its bodies.
    pub fn delete_execution(&self, row: &ExecutionRow) -> Result<Vec<PermitId>, StoreError> {
        let mut machine = self.connection.prepare_cached(
            "SELECT name FROM state_machine WHERE id = (SELECT machine FROM revision WHERE id = ?1)",
        )?;
        let machine: String = machine.query_row([row.revision], |row| row.get(0))?;
        let hash = name_hash(&row.machine_part(&machine), &row.name);
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO leftover VALUES (?1)")?
            .execute([row.last_step])?;
        self.connection
            .prepare_cached("DELETE FROM execution_name WHERE hash = ?1 AND execution = ?2")?
            .execute((hash, row.id))?;
        for table in BY_EXECUTION {
            self.connection
                .prepare_cached(&format!("DELETE FROM {table} WHERE execution = ?1"))?
                .execute([row.id])?;
        }
        let bodies = CallTables::of(self.connection).delete_bodies_for(row.id)?;
        self.connection
            .prepare_cached("DELETE FROM execution WHERE id = ?1")?
            .execute([row.id])?;
        Ok(bodies)
    }

    /// Deletes steps of histories that are left over, at most `most`. Returns how many.
    pub fn delete_leftover(&self, most: usize) -> Result<usize, StoreError> {
        let mut deleted = 0;
        while deleted < most {
            let mut first = self
                .connection
                .prepare_cached("SELECT step FROM leftover LIMIT 1")?;
            let Some(start) = optional(first.query_row([], |row| row.get::<_, StepId>(0)))? else {
                break;
            };
            let mut next = Some(start);
            while let Some(step) = next
                && deleted < most
            {
                let mut gone = self
                    .connection
                    .prepare_cached("DELETE FROM step WHERE id = ?1 RETURNING previous")?;
                next = optional(gone.query_row([step], |row| row.get(0)))?.flatten();
                deleted += 1;
            }
            self.connection
                .prepare_cached("DELETE FROM leftover WHERE step = ?1")?
                .execute([start])?;
            if let Some(rest) = next {
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO leftover VALUES (?1)")?
                    .execute([rest])?;
            }
        }
        Ok(deleted)
    }
}

//! What executions still have to do after a transaction has done as much as it may: a queue for each execution, on disk.

use crate::damaged::readable;
use crate::error::{StoreError, StoreFailure};
use crate::model::id::ExecutionId;
use crate::tables::ExecutionTables;

impl ExecutionTables<'_> {
    /// Puts one more item behind the others of its execution.
    pub fn note_continuing(&self, id: ExecutionId, work: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO continuing (execution, number, work) VALUES (?1, \
                 1 + coalesce((SELECT max(number) FROM continuing WHERE execution = ?1), 0), ?2)",
            )?
            .execute((id, work))?;
        Ok(())
    }

    /// Puts one item before the others of its execution.
    pub fn note_continuing_first(&self, id: ExecutionId, work: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO continuing (execution, number, work) VALUES (?1, \
                 coalesce((SELECT min(number) FROM continuing WHERE execution = ?1), 1) - 1, ?2)",
            )?
            .execute((id, work))?;
        Ok(())
    }

    /// Takes the first items of an execution out of the table, at most `most`.
    pub fn take_continuing(&self, id: ExecutionId, most: u32) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, work FROM continuing WHERE execution = ?1 ORDER BY number LIMIT ?2",
        )?;
        let rows = statement.query_map((id, most), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        let taken: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
        if let Some((last, _)) = taken.last() {
            self.connection
                .prepare_cached("DELETE FROM continuing WHERE execution = ?1 AND number <= ?2")?
                .execute((id, last))?;
        }
        Ok(taken.into_iter().map(|(_, work)| work).collect())
    }

    /// Whether an execution has something to do.
    pub fn is_continuing(&self, id: ExecutionId) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM continuing WHERE execution = ?1)")?;
        Ok(statement.query_row([id], |row| row.get(0))?)
    }

    /// Drops whatever an execution had to do.
    pub fn forget_continuing(&self, id: ExecutionId) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached("DELETE FROM continuing WHERE execution = ?1")?
            .execute([id])?;
        Ok(())
    }

    /// The executions that have an item left by an earlier process whose text begins with `mark`.
    pub fn continuing_with(&self, mark: &str) -> Result<Vec<ExecutionId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT execution FROM continuing WHERE substr(work, 1, length(?1)) = ?1",
        )?;
        let rows = statement.query_map([mark], |row| row.get(0))?;
        Ok(readable(rows, "work that is left")?)
    }

    /// The executions that an earlier process left unfinished.
    pub fn continuing(&self) -> Result<Vec<ExecutionId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT execution FROM continuing ORDER BY execution")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(readable(rows, "work that is left")?)
    }
}

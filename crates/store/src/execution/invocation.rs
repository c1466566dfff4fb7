//! Rows of requests that are made outside the store, oldest first.

use rampmeter_asl::EventId;
use rusqlite::Row;

use crate::column::{signed, unsigned};
use crate::damaged::readable;
use crate::error::StoreError;
use crate::model::id::ExecutionId;
use crate::model::invocation::InvocationKey;
use crate::tables::ExecutionTables;

impl ExecutionTables<'_> {
    /// Notes a request that is to be made.
    pub fn add_invocation(
        &self,
        key: InvocationKey,
        execution: ExecutionId,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO invocation VALUES (?1, ?2, ?3)")?
            .execute((key.step, signed(key.event), execution))?;
        Ok(())
    }

    /// The oldest requests after `after`, at most `most`, each with its execution.
    pub fn invocations(
        &self,
        after: InvocationKey,
        most: usize,
    ) -> Result<Vec<(InvocationKey, ExecutionId)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT step, event, execution FROM invocation WHERE (step, event) > (?1, ?2)
             ORDER BY step, event LIMIT ?3",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map((after.step, signed(after.event), most), |row| {
            Ok((key(row)?, row.get(2)?))
        })?;
        Ok(readable(rows, "a request")?)
    }

    /// Takes the request of a task out of the table, or without an event those of all tasks of `execution`, and returns
    /// which they were.
    pub fn take_invocations(
        &self,
        execution: ExecutionId,
        event: Option<EventId>,
    ) -> Result<Vec<InvocationKey>, StoreError> {
        let (least, most) = match event {
            Some(event) => (signed(event), signed(event)),
            None => (0, i64::MAX),
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT step, event FROM invocation WHERE execution = ?1 AND event BETWEEN ?2 AND ?3",
        )?;
        let rows = statement.query_map((execution, least, most), key)?;
        let keys: Vec<InvocationKey> = rows.collect::<Result<_, _>>()?;
        for key in &keys {
            self.connection
                .prepare_cached("DELETE FROM invocation WHERE step = ?1 AND event = ?2")?
                .execute((key.step, signed(key.event)))?;
        }
        Ok(keys)
    }
}

fn key(row: &Row<'_>) -> rusqlite::Result<InvocationKey> {
    Ok(InvocationKey {
        step: row.get(0)?,
        event: unsigned(row, 1)?,
    })
}

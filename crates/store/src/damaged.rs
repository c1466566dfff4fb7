//! What could not be read: the list of it, and how a read goes on without it.

use std::cell::RefCell;

use rampmeter_time::UnixMillis;
use rusqlite::Connection;

use crate::column::millis;
use crate::error::{Damaged, StoreError, StoreFailure};
use crate::model::damaged::{DamagedItem, DamagedKind};
use crate::model::id::{ExecutionId, MessageNumber};
use crate::tables::{ExecutionTables, Ledger};

/// Items kept in the list: a store that is damaged throughout needs no longer one.
const MAX_LISTED: i64 = 10_000;
/// Items of one read that are remembered.
const MAX_LEFT_OUT: usize = 1_000;

impl Ledger<'_> {
    /// Names something that could not be read and is left out or repaired: in the list, and in the log.
    ///
    /// # Errors
    /// When the store failed.
    pub fn set_aside(
        &self,
        kind: DamagedKind,
        name: &str,
        damaged: &Damaged,
        now: UnixMillis,
    ) -> Result<(), StoreFailure> {
        tracing::error!(kind = kind.as_str(), name, why = %damaged, "what cannot be read is set aside");
        self.note_damaged(&DamagedItem {
            kind,
            name: name.to_owned(),
            why: damaged.to_string(),
            at: now,
        })?;
        Ok(())
    }

    /// Notes something that could not be read, unless it is noted already. Returns whether it is new.
    pub fn note_damaged(&self, item: &DamagedItem) -> Result<bool, StoreFailure> {
        let noted = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO damaged (kind, name, why, at) SELECT ?1, ?2, ?3, ?4 \
                 WHERE (SELECT count(*) FROM damaged) < ?5",
            )?
            .execute((
                item.kind.code(),
                &item.name,
                &item.why,
                item.at.0,
                MAX_LISTED,
            ))?;
        Ok(noted > 0)
    }

    /// How many items are noted.
    pub fn count_damaged(&self) -> Result<u64, StoreFailure> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM damaged")?;
        let count: i64 = statement.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Removes a message from every table that would let it be taken again. Its own row stays. Returns the task that waits
    /// for it, as far as that can still be read.
    pub fn set_message_aside(
        &self,
        id: MessageNumber,
    ) -> Result<Option<(ExecutionId, u64)>, StoreFailure> {
        for table in [
            "ready",
            "delayed",
            "fair",
            "fifo",
            "hidden",
            "ordered_call",
            "job",
        ] {
            // Rows of a message that are found by another column. This scans the table, which hardly ever happens.
            self.connection
                .execute(&format!("DELETE FROM {table} WHERE message = ?1"), [id])?;
        }
        let task = self.connection.query_row(
            "SELECT execution, event FROM message WHERE id = ?1",
            [id],
            |row| {
                Ok((
                    row.get::<_, ExecutionId>(0)?,
                    row.get::<_, i64>(1)?.unsigned_abs(),
                ))
            },
        );
        match task.map_err(StoreError::from) {
            Ok(task) => Ok(Some(task)),
            // It has no task, or none that can be read.
            Err(StoreError::Damaged(_)) => Ok(None),
            Err(StoreError::Failed(failure)) => Err(failure),
        }
    }
}

impl ExecutionTables<'_> {
    /// Ends an execution whose data cannot even take a final event: its row says that it failed, and nothing more is due.
    pub fn end_unreadable_execution(
        &self,
        id: ExecutionId,
        at: UnixMillis,
    ) -> Result<(), StoreFailure> {
        // 2 is FAILED; an unknown status counts as RUNNING.
        self.connection.execute(
            "UPDATE execution SET status = 2, stopped_at = coalesce(stopped_at, ?2), waits_for = 0 \
             WHERE id = ?1 AND (status = 0 OR typeof(status) <> 'integer' OR status NOT BETWEEN 0 AND 4)",
            (id, at.0),
        )?;
        for table in ["timer", "continuing"] {
            self.connection
                .execute(&format!("DELETE FROM {table} WHERE execution = ?1"), [id])?;
        }
        Ok(())
    }
}

/// What could not be read, oldest first, on any connection.
pub fn damaged_items(connection: &Connection) -> Result<Vec<DamagedItem>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT kind, name, why, at FROM damaged ORDER BY at, name")?;
    let rows = statement.query_map([], |row| {
        Ok(DamagedItem {
            kind: DamagedKind::from_code(row.get(0)?),
            name: row.get(1)?,
            why: row.get(2)?,
            at: millis(row, 3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What was left out of a list because it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is.
    pub kind: DamagedKind,
    /// Its name, if it has one.
    pub name: String,
    /// What about it cannot be read.
    pub why: Damaged,
}

thread_local! {
    // A list is read far below the code that can name what is missing from it, by functions that return only the list.
    static LEFT_OUT: RefCell<Vec<LeftOut>> = const { RefCell::new(Vec::new()) };
}

/// Takes what this thread has left out of lists since the last call.
pub fn take_left_out() -> Vec<LeftOut> {
    LEFT_OUT.take()
}

/// Leaves an item out of a list: a list must not fail because of one item.
pub(crate) fn leave_out(kind: DamagedKind, name: String, why: Damaged) {
    LEFT_OUT.with_borrow_mut(|left_out| {
        if left_out.len() < MAX_LEFT_OUT {
            left_out.push(LeftOut { kind, name, why });
        }
    });
}

fn leave_out_row(what: &str, why: Damaged) {
    leave_out(DamagedKind::Row, format!("{what}: {why}"), why);
}

/// The rows of a list that can be read. The others are left out.
pub(crate) fn readable<T>(
    rows: impl Iterator<Item = rusqlite::Result<T>>,
    what: &str,
) -> Result<Vec<T>, StoreFailure> {
    let mut read = Vec::new();
    for row in rows {
        match row.map_err(StoreError::from) {
            Ok(row) => read.push(row),
            Err(StoreError::Damaged(why)) => {
                leave_out_row(what, why);
            }
            Err(StoreError::Failed(failure)) => return Err(failure),
        }
    }
    Ok(read)
}

/// Converts one row of a list, or leaves it out in the same way.
pub(crate) fn or_left_out<T>(
    read: Result<T, StoreError>,
    what: &str,
) -> Result<Option<T>, StoreFailure> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Damaged(why)) => {
            leave_out_row(what, why);
            Ok(None)
        }
        Err(StoreError::Failed(failure)) => Err(failure),
    }
}

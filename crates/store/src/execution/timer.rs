//! Rows of timers, ordered by when they are due.

use rampmeter_asl::{Timer, TimerKind};
use rampmeter_time::UnixMillis;
use rusqlite::Row;
use rusqlite::types::Value;

use crate::column::{millis, signed, unsigned};
use crate::connection::optional;
use crate::damaged::or_left_out;
use crate::error::{Damaged, StoreError, StoreFailure};
use crate::model::id::ExecutionId;
use crate::tables::ExecutionTables;

/// A timer of an execution that is due.
#[derive(Debug)]
pub struct TimerRow {
    /// The execution.
    pub execution: ExecutionId,
    /// What it is for, if that can be read.
    pub timer: Result<Timer, Damaged>,
}

impl ExecutionTables<'_> {
    /// Sets a timer. One that is already set stays.
    pub fn set_timer(&self, execution: ExecutionId, timer: Timer) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO timer VALUES (?1, ?2, ?3, ?4)")?
            .execute((timer.at, execution, signed(timer.event), timer.kind.code()))?;
        Ok(())
    }

    /// Clears a timer, if it is set.
    pub fn clear_timer(&self, execution: ExecutionId, timer: Timer) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM timer WHERE at = ?1 AND execution = ?2 AND event = ?3 AND kind = ?4",
            )?
            .execute((timer.at, execution, signed(timer.event), timer.kind.code()))?;
        Ok(())
    }

    /// When the first timer is due.
    pub fn first_timer(&self) -> Result<Option<UnixMillis>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at FROM timer ORDER BY at LIMIT 1")?;
        Ok(optional(statement.query_row([], |row| millis(row, 0)))?)
    }

    /// Takes the timers that are due out of the table, at most `most`.
    pub fn take_due_timers(
        &self,
        now: UnixMillis,
        most: u32,
    ) -> Result<Vec<TimerRow>, StoreFailure> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, execution, event, kind FROM timer WHERE at <= ?1 ORDER BY at LIMIT ?2",
        )?;
        let rows = statement.query_map((now.0, most), |row| {
            let key: (Value, Value, Value, Value) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((key, row.get(1).map(ExecutionId), timer_of(row)))
        })?;
        let due: Vec<_> = rows.collect::<Result<_, _>>()?;
        drop(statement);
        let mut delete = self.connection.prepare_cached(
            "DELETE FROM timer WHERE at = ?1 AND execution = ?2 AND event = ?3 AND kind = ?4",
        )?;
        let mut taken = Vec::with_capacity(due.len());
        for (key, execution, timer) in due {
            delete.execute(key)?;
            let Some(execution) = or_left_out(execution.map_err(StoreError::from), "a timer")?
            else {
                continue;
            };
            let timer = match timer.map_err(StoreError::from) {
                Ok(timer) => Ok(timer),
                Err(StoreError::Damaged(damaged)) => Err(Damaged(format!("a timer: {damaged}"))),
                Err(StoreError::Failed(failure)) => return Err(failure),
            };
            taken.push(TimerRow { execution, timer });
        }
        Ok(taken)
    }
}

fn timer_of(row: &Row<'_>) -> rusqlite::Result<Timer> {
    let kind: u8 = row.get(3)?;
    let kind = TimerKind::from_code(kind)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(3, kind.into()))?;
    Ok(Timer {
        at: row.get(0)?,
        event: unsigned(row, 2)?,
        kind,
    })
}

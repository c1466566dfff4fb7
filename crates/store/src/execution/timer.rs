//! Rows of timers, ordered by when they are due.

use rampmeter_asl::{EventId, Timer, TimerKind};

use crate::connection::{Store, optional};
use crate::error::StoreError;
use crate::integer::{signed, unsigned};
use crate::model::id::ExecutionId;

/// A timer of one execution.
#[derive(Debug, Clone, Copy)]
pub struct TimerRow {
    pub execution: ExecutionId,
    pub timer: Timer,
}

impl Store {
    pub fn set_timer(&self, execution: ExecutionId, timer: Timer) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO timer VALUES (?1, ?2, ?3, ?4)")?
            .execute((timer.at, execution, signed(timer.event), timer.kind.code()))?;
        Ok(())
    }

    pub fn clear_timer(&self, execution: ExecutionId, timer: Timer) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM timer WHERE at = ?1 AND execution = ?2 AND event = ?3 AND kind = ?4",
            )?
            .execute((timer.at, execution, signed(timer.event), timer.kind.code()))?;
        Ok(())
    }

    /// When the first timer is due, in milliseconds since the Unix epoch.
    pub fn first_timer(&self) -> Result<Option<i64>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at FROM timer ORDER BY at LIMIT 1")?;
        Ok(optional(statement.query_row([], |row| row.get(0)))?)
    }

    /// Takes the timers that are due out of the table, at most `most`. `now` in milliseconds since the Unix epoch.
    pub fn take_due_timers(&self, now: i64, most: u32) -> Result<Vec<TimerRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, execution, event, kind FROM timer WHERE at <= ?1 ORDER BY at LIMIT ?2",
        )?;
        let rows = statement.query_map((now, most), |row| {
            let event: EventId = unsigned(row, 2)?;
            let kind: u8 = row.get(3)?;
            let kind = TimerKind::from_code(kind)
                .ok_or(rusqlite::Error::IntegralValueOutOfRange(3, kind.into()))?;
            Ok(TimerRow {
                execution: row.get(1)?,
                timer: Timer {
                    at: row.get(0)?,
                    event,
                    kind,
                },
            })
        })?;
        let due: Vec<TimerRow> = rows.collect::<Result<_, _>>()?;
        drop(statement);
        for row in &due {
            self.clear_timer(row.execution, row.timer)?;
        }
        Ok(due)
    }
}

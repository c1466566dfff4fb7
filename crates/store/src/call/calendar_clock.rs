//! What is known about the calendar clock of a target's vendor: a row of `meta`, for the few targets that have a calendar
//! quota.

use rampmeter_dispatch::CalendarClock;

use crate::connection::optional;
use crate::error::{StoreError, StoreFailure};
use crate::model::id::TargetId;
use crate::tables::CallTables;

impl CallTables<'_> {
    /// Where the calendar of a target's vendor was when its rows were written; none if nothing was ever known.
    pub fn calendar_clock(&self, target: TargetId) -> Result<Option<CalendarClock>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
        let found: Option<Vec<u8>> =
            optional(statement.query_row([name(target)], |row| row.get(0)))?;
        let Some(text) = found else { return Ok(None) };
        let clock = serde_json::from_slice(&text);
        let clock =
            clock.map_err(|error| StoreError::damaged(format!("{}: {error}", name(target))))?;
        Ok(Some(clock))
    }

    /// Records where the calendar of a target's vendor is.
    pub fn put_calendar_clock(
        &self,
        target: TargetId,
        clock: CalendarClock,
    ) -> Result<(), StoreFailure> {
        let text = serde_json::to_vec(&clock).expect("a clock is numbers");
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
            .execute((name(target), text))?;
        Ok(())
    }
}

fn name(target: TargetId) -> String {
    format!("calendar clock of target {}", target.0)
}

//! Rows of entries into states whose calls have failed while the vendor may have done them.

use rampmeter_asl::EventId;
use rampmeter_dispatch::Time;

use crate::column::{micros, optional_micros, signed};
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::ExecutionId;
use crate::tables::LaneTables;

/// What is known of requests of a call that came before its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostCall {
    /// Until when the vendor may be at work on one whose answer was lost.
    pub lost_until: Time,
    /// When the first of them was permitted.
    pub first_started_at: Option<Time>,
}

impl LaneTables<'_> {
    /// Notes that the call of this entry failed, and that the vendor may have done it.
    pub fn put_lost_call(
        &self,
        execution: ExecutionId,
        entered: EventId,
        lost: LostCall,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO lost_call VALUES (?1, ?2, ?3, ?4)")?
            .execute((
                execution,
                signed(entered),
                lost.lost_until.as_micros(),
                lost.first_started_at.map(Time::as_micros),
            ))?;
        Ok(())
    }

    /// What is known of earlier requests of the call of this entry; none where the vendor cannot have done it.
    pub fn lost_call(
        &self,
        execution: ExecutionId,
        entered: EventId,
    ) -> Result<Option<LostCall>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT lost_until, first_started_at FROM lost_call WHERE execution = ?1 AND entered = ?2",
        )?;
        Ok(optional(statement.query_row(
            (execution, signed(entered)),
            |row| {
                Ok(LostCall {
                    lost_until: micros(row, 0)?,
                    first_started_at: optional_micros(row, 1)?,
                })
            },
        ))?)
    }
}

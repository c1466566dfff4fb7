//! Quotas of a day, a week or a month follow the clock of the vendor that counts them. We know it from our own date,
//! which people and NTP may set while we run, and from what the answers say of the vendor's clock. What that means for
//! a slot is in `dispatch` (`CalendarClock`).

use std::time::UNIX_EPOCH;

use rampmeter_call::Outcome;
use rampmeter_caller::retry_after::vendor_date;
use rampmeter_dispatch::{CalendarClock, Time};
use rampmeter_index::InFlight;
use rampmeter_store::StoreFailure;
use rampmeter_store::model::id::TargetId;

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

/// The calendars of the targets' vendors, as far as we know them.
pub(crate) struct Calendars<'c, 't> {
    calls: &'c mut CallContext<'t>,
}

impl<'t> CallContext<'t> {
    /// The calendars of the targets' vendors.
    pub(crate) fn calendars(&mut self) -> Calendars<'_, 't> {
        Calendars { calls: self }
    }
}

impl Calendars<'_, '_> {
    /// The date is so many microseconds ahead of the engine's time.
    pub(crate) fn follow_date(&mut self, ahead: i64) -> Result<(), StoreFailure> {
        for at in 0..self.calls.memory.by_calendar.len() {
            let id = self.calls.memory.by_calendar[at];
            let clock = self.calls.target(id).gate.calendar();
            self.follow_calendar(id, clock.with_wall_ahead(ahead))?;
        }
        Ok(())
    }

    /// Takes from an answer what it says of the vendor's clock.
    pub(crate) fn heed_date(
        &mut self,
        id: TargetId,
        call: &InFlight,
        outcome: &Outcome,
    ) -> Result<(), StoreFailure> {
        let date = outcome.answer().and_then(vendor_date);
        let Some(since_epoch) = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()) else {
            return Ok(());
        };
        let date = Time::from_micros(0).saturating_add(since_epoch);
        let now = self.calls.now();
        let clock = self.calls.target(id).gate.calendar();
        self.follow_calendar(id, clock.with_date(date, call.started_at, now))
    }

    /// From now on, goes by this clock for the target's calendar quotas, if it has any.
    fn follow_calendar(&mut self, id: TargetId, clock: CalendarClock) -> Result<(), StoreFailure> {
        let now = self.calls.now();
        let target = self.calls.target(id);
        if clock == target.gate.calendar() || !target.gate.has_calendar() {
            return Ok(());
        }
        let before = target.gate.calendar().difference();
        let rows = target.gate.follow_calendar(clock, now);
        if let (None, Some(difference)) = (before, clock.difference()) {
            tracing::warn!(
                target = target.config.name,
                difference_ms = u64::try_from(difference.as_millis()).unwrap_or(u64::MAX),
                "the vendor's clock is not ours: a quota by the calendar keeps to both"
            );
        }
        self.calls.store.calls.put_calendar_clock(id, clock)?;
        self.calls.store.calls.put_slots(id, &rows)?;
        *self.calls.made_ready = true;
        Ok(())
    }
}

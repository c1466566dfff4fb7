//! When a limit should have had slots for a call and all those before it: an estimate for people.

use std::time::Duration;

use super::state::{LimitContext, LimitState};
use crate::explain::Position;
use crate::permit::NextCall;
use crate::priority::Priority;
use crate::time::{Time, micros};

/// Slots that are needed in a limit, or in a share of it.
struct Wanted {
    /// How many more than are free.
    missing: u64,
    /// How many there are in all for such calls.
    places: u64,
    /// Of which priority they must be, where it is a share.
    of: Option<Priority>,
}

impl LimitState {
    /// About when this limit has had slots for a call and those before it. None if that cannot be known: it is not known
    /// how long calls take, a job must end first, or higher priorities keep all slots.
    pub(crate) fn has_places_at(
        &self,
        position: Position,
        call: NextCall,
        latency: Option<Duration>,
        context: LimitContext<'_>,
    ) -> Option<Time> {
        let Some(reading) = self.read(position.priority, call, context) else {
            return Some(context.now);
        };
        if self.tariff.is_some() {
            return self.has_places_of_tariff_at(position, call, latency, context);
        }
        let kept = reading.kept + reading.kept_for_polls;
        let places = reading.max.saturating_sub(kept);
        let free = places.saturating_sub(reading.used);
        let whole = Wanted {
            missing: position.before().saturating_add(1).saturating_sub(free),
            places,
            of: None,
        };
        let whole = self.gives(&whole, latency, context)?;
        let whole = whole.max(self.paces(position, context));
        let Some(share) = reading.share else {
            return Some(whole);
        };
        let free = share.max.saturating_sub(share.used);
        let share = Wanted {
            missing: position.ahead.saturating_add(1).saturating_sub(free),
            places: share.max,
            of: Some(position.priority),
        };
        Some(whole.max(self.gives(&share, latency, context)?))
    }

    /// The same of a limit with a tariff: what the calls before this one are charged is not known here.
    fn has_places_of_tariff_at(
        &self,
        position: Position,
        call: NextCall,
        latency: Option<Duration>,
        context: LimitContext<'_>,
    ) -> Option<Time> {
        if position.before() > 0 {
            return None;
        }
        if self.admits(position.priority, call, context) {
            return Some(context.now);
        }
        let frees_at = self.frees_at(position.priority, call, context);
        frees_at.or_else(|| Some(context.now.saturating_add(latency?)))
    }

    /// When the schedule lets a call of a lower lane start, and those before it.
    fn paces(&self, position: Position, context: LimitContext<'_>) -> Time {
        let lower = self
            .schedule
            .filter(|_| position.priority != Priority::High);
        lower.map_or(context.now, |schedule| {
            let step = schedule.step(self.not_in_flight(context.permits));
            let step = Duration::from_micros(u64::try_from(step).unwrap_or(0));
            let first = schedule.next().max(context.now);
            first.saturating_add(part(step, position.before(), 1))
        })
    }

    fn gives(
        &self,
        wanted: &Wanted,
        latency: Option<Duration>,
        context: LimitContext<'_>,
    ) -> Option<Time> {
        let now = context.now;
        if wanted.missing == 0 {
            return Some(now);
        }
        if wanted.places == 0 {
            return None;
        }
        let Some(window) = &self.window else {
            if self.counts_jobs() {
                return None;
            }
            // Each slot is free again once in the time of a call.
            return Some(now.saturating_add(part(latency?, wanted.missing, wanted.places)));
        };
        let expiring = window.taken(now);
        let expiring = wanted
            .of
            .map_or(expiring.total(), |priority| expiring.of(priority));
        if wanted.missing <= expiring {
            return window.frees_at(wanted.missing, wanted.of, now);
        }
        // The others are free after the calls in flight, and those that start in the meantime, have had theirs.
        let turns = (wanted.missing - expiring).div_ceil(wanted.places);
        let counted = if self.counts_open_calls() {
            now.saturating_add(latency?)
        } else {
            now
        };
        let turn = window.expires_at(counted).saturating_since(now);
        Some(now.saturating_add(part(turn, turns, 1)))
    }
}

/// So many times a duration, divided; at most what a moment can be later than another.
fn part(duration: Duration, times: u64, divided: u64) -> Duration {
    let micros = i128::from(micros(duration)) * i128::from(times) / i128::from(divided);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

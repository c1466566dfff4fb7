//! When a slot that a call took is free again.

use std::time::Duration;

use crate::calendar::Calendar;
use crate::calendar_clock::CalendarClock;
use crate::rules::{Limit, LimitKind};
use crate::time::{Time, micros};

/// The largest window whose slots are counted one by one.
pub const MAX_EXACT_CALLS: u64 = 4_096;
/// The most buckets that a larger window has at once, for each priority it tells apart.
pub const MAX_BUCKETS: u32 = 1_024;
/// The length of a bucket, as a fraction of the window's length.
pub(crate) const BUCKETS_PER_WINDOW: u32 = 1_000;

/// The buckets of a calendar: slots stay taken until the next reset, so one is enough; another may
/// still be there when the next period begins.
const CALENDAR_BUCKETS: u32 = 2;

impl Limit {
    /// The rows that this limit can have at most: none where it counts calls in flight, one for
    /// each place or bucket of a window; three times as many where a reserve or a share makes it
    /// remember the priority of each call. So many for each key, where it is kept by one.
    pub fn most_rows(&self) -> u64 {
        let places = ReleaseRule::of(self).map_or(0, |expiring| u64::from(expiring.capacity()));
        let kinds = if self.tells_priorities_apart() { 3 } else { 1 };
        places * kinds
    }
}

/// When the slots of a window are free again.
#[derive(Clone, Debug)]
pub(super) enum ReleaseRule {
    /// One length after the answer, for each slot.
    Exact { calls: u32, per: Duration },
    /// At the end of the bucket that contains one length after the answer; the bucket's length is
    /// in microseconds.
    Bucketed { per: Duration, bucket: i64 },
    /// At the next reset, by the vendor's clock.
    Calendar(Calendar, CalendarClock),
}

impl ReleaseRule {
    /// None for a limit on calls in flight.
    pub(super) fn of(limit: &Limit) -> Option<ReleaseRule> {
        Some(match limit.kind {
            LimitKind::Concurrency { .. } => return None,
            LimitKind::Window { calls, per } => {
                match u32::try_from(calls)
                    .ok()
                    .filter(|_| calls <= MAX_EXACT_CALLS)
                {
                    Some(calls) => ReleaseRule::Exact { calls, per },
                    None => ReleaseRule::Bucketed {
                        per,
                        bucket: micros(per) / i64::from(BUCKETS_PER_WINDOW),
                    },
                }
            }
            LimitKind::Calendar { ref reset, .. } => {
                ReleaseRule::Calendar(reset.clone(), CalendarClock::default())
            }
        })
    }

    /// The numbers that slots or buckets are given.
    pub(super) fn capacity(&self) -> u32 {
        match self {
            ReleaseRule::Exact { calls, .. } => *calls,
            ReleaseRule::Bucketed { .. } => MAX_BUCKETS,
            ReleaseRule::Calendar(..) => CALENDAR_BUCKETS,
        }
    }

    /// When a slot that was taken until `end` is free again.
    pub(super) fn until(&self, end: Time) -> Time {
        match self {
            ReleaseRule::Exact { per, .. } => end.saturating_add(*per),
            ReleaseRule::Bucketed { per, bucket } => end.saturating_add(*per).round_up(*bucket),
            ReleaseRule::Calendar(calendar, clock) => clock.frees_at(calendar, end),
        }
    }

    /// Follows the vendor's calendar as it is known now. Returns what it was known before; none where nothing changes.
    pub(super) fn follow(&mut self, now: CalendarClock) -> Option<CalendarClock> {
        match self {
            ReleaseRule::Calendar(_, clock) if *clock != now => Some(std::mem::replace(clock, now)),
            _ => None,
        }
    }

    /// Whether slots that are free at one moment share a row.
    pub(super) fn is_bucketed(&self) -> bool {
        !matches!(self, ReleaseRule::Exact { .. })
    }
}

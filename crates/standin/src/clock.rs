//! The judge's only clock: monotonic nanoseconds since the stand-in started, and what they are since the epoch.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment in nanoseconds since the clock started.
pub(crate) type Moment = u64;

/// A moment in microseconds since the epoch.
pub(crate) type EpochUs = i64;

/// One monotonic clock. The wall clock is read once, at the start, so that a jump of it does not move any span.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    epoch_at_start: Duration,
}

impl Clock {
    /// Starts a clock.
    pub(crate) fn start() -> Clock {
        let epoch_at_start = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Clock {
            start: Instant::now(),
            epoch_at_start,
        }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Moment {
        nanoseconds(self.start.elapsed())
    }

    /// A moment in microseconds since the epoch.
    pub(crate) fn epoch_us(&self, moment: Moment) -> EpochUs {
        let since_epoch = self.epoch_at_start + Duration::from_nanos(moment);
        i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
    }
}

/// A duration in nanoseconds; one of more than 584 years counts as that.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A duration in microseconds.
pub(crate) fn microseconds(duration: Duration) -> EpochUs {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Whole seconds since the epoch.
pub(crate) fn seconds(at: EpochUs) -> i64 {
    at.div_euclid(1_000_000)
}

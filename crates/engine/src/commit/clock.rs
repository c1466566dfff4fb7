//! The engine's time: microseconds since the Unix epoch that never go backwards.
//!
//! Inside a process it follows the monotonic clock from one reading of the wall clock. Across a restart it starts no
//! earlier than the newest time in the store. A wall clock set forward between two starts is believed: nothing in
//! reach could contradict it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rampmeter_dispatch::Time;

/// Where the engine reads the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    base: Time,
    started: Instant,
}

impl Clock {
    /// Starts at the wall clock's time, or at `newest_stored` if that is later. `set_back` is taken off the wall clock:
    /// how the tests set it back.
    pub(crate) fn start(newest_stored: Option<Time>, set_back: Duration) -> Clock {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .saturating_sub(set_back);
        let wall = Time::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX));
        Clock {
            base: newest_stored.map_or(wall, |stored| stored.max(wall)),
            started: Instant::now(),
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Time {
        self.base.saturating_add(self.started.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_restart_with_the_wall_clock_set_back_starts_at_the_newest_stored_time() {
        let stored = Clock::start(None, Duration::ZERO).now();
        let set_back = Clock::start(None, HOUR).now();
        assert!(set_back.saturating_add(HOUR / 2) < stored);
        assert!(Clock::start(Some(stored), HOUR).now() >= stored);
    }

    #[test]
    fn an_old_store_does_not_hold_the_clock_back() {
        let now = Clock::start(None, Duration::ZERO).now();
        let restarted = Clock::start(Some(Time::from_micros(5)), Duration::ZERO);
        assert!(restarted.now() >= now);
    }
}

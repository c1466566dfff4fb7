//! Time within one invocation: one reading of the wall clock, then the monotonic one. An environment is frozen between
//! invocations, so each begins with a reading of its own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rampmeter_dispatch::Time;

/// The clock of an invocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    wall: Time,
    begun: Instant,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = wall.map_or(0, |wall| wall.as_micros());
        Clock {
            wall: Time::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)),
            begun: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Time {
        self.wall.saturating_add(self.begun.elapsed())
    }

    /// The monotonic instant of a time; now, if it has passed.
    pub(crate) fn instant(&self, time: Time) -> Instant {
        Instant::now() + time.saturating_since(self.now())
    }
}

/// A time as the standard library's type.
pub(crate) fn system_time(time: Time) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(0))
}

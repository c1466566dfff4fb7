//! The engine's time at work: microseconds since the Unix epoch that never go back and never jump.

use std::time::Duration;

use rampmeter_dispatch::Time;

use crate::reading::{since_boot, wall};
use crate::{Reading, Resumption, Stamp};

/// Where the engine reads the time.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The engine time at `started`.
    base: Time,
    /// The boot clock when this process began.
    started: Duration,
    boot_id: Option<String>,
    /// What the tests subtract from the wall clock.
    set_back: Duration,
}

impl Clock {
    /// Continues from what a start concluded from `reading`.
    #[must_use]
    pub fn start(resumption: &Resumption, reading: Reading, set_back: Duration) -> Clock {
        Clock {
            base: resumption.now,
            started: reading.boot,
            boot_id: reading.boot_id,
            set_back,
        }
    }

    /// The time now. The time that the machine slept counts as passed.
    #[must_use]
    pub fn now(&self) -> Time {
        self.at(since_boot())
    }

    /// The stamp of a commit: later than anything that was decided for it.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let reading = Reading {
            wall: wall(self.set_back),
            boot: since_boot(),
            boot_id: self.boot_id.clone(),
        };
        Stamp::new(self.at(reading.boot), &reading)
    }

    /// By how many microseconds the date is ahead of the engine's time; negative where it is behind.
    #[must_use]
    pub fn wall_ahead(&self) -> i64 {
        wall(self.set_back).as_micros() - self.now().as_micros()
    }

    fn at(&self, boot: Duration) -> Time {
        self.base.saturating_add(boot.saturating_sub(self.started))
    }
}

//! What the clocks said when something was committed: one small value of the store, written with every commit.

use std::time::Duration;

use rampmeter_dispatch::Time;
use serde::{Deserialize, Serialize};

use crate::Reading;

/// The clocks at a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The engine time by which the commit was decided.
    pub engine: Time,
    /// The date, as microseconds since the Unix epoch.
    pub wall: Time,
    /// Microseconds since the machine was started.
    boot: u64,
    /// The boot of the machine, if the system names it.
    boot_id: Option<String>,
}

impl Stamp {
    /// The stamp of what is decided at `engine`.
    #[must_use]
    pub fn new(engine: Time, reading: &Reading) -> Stamp {
        Stamp {
            engine,
            wall: reading.wall,
            boot: u64::try_from(reading.boot.as_micros()).unwrap_or(u64::MAX),
            boot_id: reading.boot_id.clone(),
        }
    }

    /// The time that has passed since, if the clocks are of the boot that it was made in.
    #[must_use]
    pub fn passed(&self, reading: &Reading) -> Option<Duration> {
        let same = self.boot_id.is_some() && self.boot_id == reading.boot_id;
        let since = reading.boot.checked_sub(Duration::from_micros(self.boot));
        since.filter(|_| same)
    }
}

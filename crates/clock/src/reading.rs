//! The clocks of the machine, read at one moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rampmeter_dispatch::Time;
use rustix::time::{ClockId, clock_gettime};

/// Goes on while the machine sleeps.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
/// Systems without a clock of that name count sleep in this one.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

/// What the clocks of the machine say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The date, as microseconds since the Unix epoch.
    pub wall: Time,
    /// Since the machine was started.
    pub boot: Duration,
    /// Names this boot of the machine; `None` if the system does not say.
    pub boot_id: Option<String>,
}

impl Reading {
    /// Reads the clocks. `set_back` is subtracted from the wall clock: this is how the tests set it
    /// back.
    #[must_use]
    pub fn take(set_back: Duration) -> Reading {
        Reading {
            wall: wall(set_back),
            boot: since_boot(),
            boot_id: boot_id(),
        }
    }
}

/// The date.
pub(crate) fn wall(set_back: Duration) -> Time {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .saturating_sub(set_back);
    Time::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// How long ago the machine was started.
pub(crate) fn since_boot() -> Duration {
    let read = clock_gettime(BOOT_CLOCK);
    let seconds = u64::try_from(read.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(read.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = text.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_runs_forward() {
        let earlier = since_boot();
        assert!(since_boot() >= earlier);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_boot_keeps_its_name() {
        let (one, other) = (Reading::take(Duration::ZERO), Reading::take(Duration::ZERO));
        assert!(one.boot_id.is_some());
        assert_eq!(one.boot_id, other.boot_id);
    }
}

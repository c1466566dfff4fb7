//! A moment on the host's clock, as the gate sees it.
//!
//! The gate never reads a clock: every moment arrives as an argument. Arithmetic saturates instead
//! of wrapping, so that a hostile `Retry-After` or a corrupt row cannot turn a far future into the
//! past.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in microseconds since the Unix epoch, on the host's non-decreasing clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The first moment that can be represented.
    pub(crate) const MIN: Time = Time(i64::MIN);
    /// The last moment that can be represented, where saturating arithmetic ends.
    pub const MAX: Time = Time(i64::MAX);

    /// The moment this many microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Time {
        Time(micros)
    }

    /// The moment this many milliseconds after the Unix epoch; saturates at the ends of the range.
    pub const fn from_millis(millis: i64) -> Time {
        Time(millis.saturating_mul(1_000))
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This moment and `duration`, or `None` past the end of the range. A part of a microsecond
    /// counts as a whole one.
    pub fn checked_add(self, duration: Duration) -> Option<Time> {
        self.0.checked_add(micros(duration)).map(Time)
    }

    /// This moment and `duration`, at most [`Time::MAX`]. A part of a microsecond counts as a whole
    /// one, so that a window is never shortened by rounding.
    pub fn saturating_add(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(micros(duration)))
    }

    /// This moment less `duration`, at least the first that can be represented.
    pub fn saturating_sub(self, duration: Duration) -> Time {
        Time(self.0.saturating_sub(micros(duration)))
    }

    /// How long ago `earlier` was; zero if it is not earlier.
    pub fn saturating_since(self, earlier: Time) -> Duration {
        let micros = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The first multiple of `step` microseconds that is not before this moment.
    pub fn round_up(self, step: i64) -> Time {
        let past = self.0.rem_euclid(step);
        if past == 0 {
            self
        } else {
            Time(self.0.saturating_add(step - past))
        }
    }
}

/// The earlier of two moments, where a missing one never comes.
pub(crate) fn earliest(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (only, None) | (None, only) => only,
    }
}

/// The duration in microseconds, rounded up, at most `i64::MAX`.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let late = Time::from_micros(i64::MAX - 1);
        assert_eq!(late.saturating_add(Duration::from_secs(1)), Time::MAX);
        assert_eq!(late.checked_add(Duration::from_secs(1)), None);
        assert_eq!(Time::from_millis(i64::MAX), Time::MAX);
        assert_eq!(Time::MAX.round_up(1_000), Time::MAX);
        let early = Time::from_micros(i64::MIN + 1);
        assert_eq!(early.saturating_sub(Duration::from_secs(1)), Time::MIN);
        assert_eq!(Time::default().saturating_add(Duration::MAX), Time::MAX);
    }

    #[test]
    fn a_part_of_a_microsecond_lengthens_and_never_shortens() {
        let time = Time::from_micros(10).saturating_add(Duration::from_nanos(1));
        assert_eq!(time, Time::from_micros(11));
    }

    #[test]
    fn rounding_up_stays_on_a_multiple_and_works_before_the_epoch() {
        assert_eq!(Time::from_micros(20).round_up(10), Time::from_micros(20));
        assert_eq!(Time::from_micros(21).round_up(10), Time::from_micros(30));
        assert_eq!(Time::from_micros(-21).round_up(10), Time::from_micros(-20));
    }

    #[test]
    fn the_distance_to_a_later_moment_is_zero() {
        let (early, late) = (Time::from_micros(i64::MIN), Time::MAX);
        assert_eq!(early.saturating_since(late), Duration::ZERO);
        assert_eq!(
            late.saturating_since(early),
            Duration::from_micros(u64::MAX)
        );
    }
}

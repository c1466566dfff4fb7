//! Moments as the responses of both ports write them: whole milliseconds since the Unix epoch. Decisions use the
//! finer `rampmeter_dispatch::Time`, in microseconds; the two types keep the units apart.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use rampmeter_dispatch::Time;
use serde::{Deserialize, Serialize};

/// A moment in milliseconds since the Unix epoch. In JSON it is that number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// Milliseconds from `earlier` to this moment; negative if it is later.
    #[must_use]
    pub fn millis_since(self, earlier: UnixMillis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// How long ago `earlier` was; zero if it is not earlier.
    #[must_use]
    pub fn saturating_since(self, earlier: UnixMillis) -> Duration {
        let millis = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// The moment that AWS's JSON gives in seconds, rounded to a millisecond.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and what is beyond its ends is no date"
    )]
    pub fn from_secs_f64(seconds: f64) -> UnixMillis {
        UnixMillis((seconds * 1_000.0).round() as i64)
    }

    /// The moment in seconds, with the milliseconds as a fraction: what AWS's JSON has for a date.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of any year that is dealt with are exact in an f64"
    )]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

/// Rounds down: a moment is never shown before it has come.
impl From<Time> for UnixMillis {
    fn from(time: Time) -> UnixMillis {
        UnixMillis(time.as_millis())
    }
}

/// Saturates at the ends of what `Time` can represent.
impl From<UnixMillis> for Time {
    fn from(moment: UnixMillis) -> Time {
        Time::from_millis(moment.0)
    }
}

/// RFC 3339 in UTC with milliseconds; for a number out of its range the number itself.
impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// The moment in RFC 3339, as `Display` writes it.
#[must_use]
pub fn rfc3339(moment: UnixMillis) -> String {
    moment.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc_with_milliseconds() {
        let shown = |millis| rfc3339(UnixMillis(millis));
        assert_eq!(shown(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(shown(1_795_397_061_120), "2026-11-23T01:24:21.120Z");
        assert_eq!(shown(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn a_time_in_microseconds_is_rounded_down_and_not_taken_for_milliseconds() {
        let time = Time::from_micros(1_795_397_061_120_999);
        assert_eq!(UnixMillis::from(time), UnixMillis(1_795_397_061_120));
        assert_eq!(UnixMillis::from(Time::from_micros(-1)), UnixMillis(-1));
        assert_eq!(Time::from(UnixMillis(7)), Time::from_micros(7_000));
        assert_eq!(Time::from(UnixMillis(i64::MAX)), Time::MAX);
    }
}

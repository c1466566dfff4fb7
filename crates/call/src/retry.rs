//! How transport failures are retried: how often, and how long a host waits before the next attempt.

use std::time::Duration;

/// How calls that failed for a reason that may pass are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The maximum of attempts of one call, the first included.
    pub max_attempts: u32,
    /// Delay before the second attempt; doubled from then on.
    pub initial: Duration,
    /// The longest delay.
    pub max: Duration,
    /// The maximum of throttles of one call in a row, while the vendor answers others.
    pub max_throttles: u32,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry::USUAL
    }
}

impl Retry {
    /// Five attempts, a second apart at first, two minutes at most; twenty throttles.
    pub const USUAL: Retry = Retry {
        max_attempts: 5,
        initial: Duration::from_secs(1),
        max: Duration::from_secs(120),
        max_throttles: 20,
    };

    /// The delay before the next attempt, after this many have failed: doubled each time up to the target's longest, and
    /// then reduced at random to between half of that and all of it, so that calls that failed together do not come back
    /// together.
    #[must_use]
    pub fn back_off(&self, failed: u32, random: u64) -> Duration {
        let doublings = failed.saturating_sub(1).min(31);
        let longest = self.initial.saturating_mul(1 << doublings).min(self.max);
        let half = longest / 2;
        let span = u128::from(u64::try_from((longest - half).as_micros()).unwrap_or(u64::MAX));
        let part = (u128::from(random) * (span + 1)) >> 64;
        half + Duration::from_micros(u64::try_from(part).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_off_doubles_up_to_the_longest_and_is_spread_over_its_second_half() {
        let retry = Retry {
            max_attempts: 9,
            initial: Duration::from_secs(1),
            max: Duration::from_secs(20),
            max_throttles: 20,
        };
        let waits = |random: u64| -> Vec<u64> {
            (1..=7)
                .map(|failed| retry.back_off(failed, random).as_secs())
                .collect()
        };
        assert_eq!(waits(u64::MAX), [1, 2, 4, 8, 16, 20, 20]);
        assert_eq!(retry.back_off(u32::MAX, u64::MAX).as_secs(), 20);
        assert_eq!(
            retry.back_off(3, 0),
            Duration::from_secs(2),
            "a half at least"
        );
        assert_eq!(retry.back_off(3, 1 << 63), Duration::from_secs(3));
        let shortest = Retry {
            initial: Duration::ZERO,
            ..retry
        };
        assert_eq!(shortest.back_off(1, u64::MAX), Duration::ZERO);
    }
}

//! How many calls may be in flight at once so that the shared state still fits, and by how much each
//! limit is late: what people are told before they deploy.

use std::time::Duration;

use super::MAX_SHARED_BYTES;
use super::encoding::{grid, most_buckets};
use crate::rules::{Limit, LimitKind, MAX_WINDOW, Rules};

/// What the shared state of a target bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// The most calls that may be in flight at once, whatever the limits say.
    pub in_flight: u32,
}

/// The limits of a target do not fit into the shared state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the windows of these limits can take {bytes} bytes of the {MAX_SHARED_BYTES} that AWS workers share, which leaves room for \
     {in_flight} calls in flight; {least} are needed"
)]
pub struct TooLarge {
    /// What the windows and the rest can take, without a call.
    pub bytes: usize,
    /// Calls for which there would be room.
    pub in_flight: u32,
    /// Calls there must be room for.
    pub least: u32,
}

/// Form, time, numbers of entries, three lanes.
const FRAME: usize = 1 + 10 + 3 + 2 + 3 * 5 + 3;
/// The most that deferrals, learned ceiling and the pause of the vendor take.
pub(super) const MEMORY: usize = 600;
/// The most that one permit takes: owner, number, priority, start, end of hold.
const PERMIT: usize = 5 + 5 + 1 + 5 + 6;
/// Fewer calls in flight than this make no use of several workers.
const LEAST: u32 = 16;

impl Rules {
    /// How many calls may be in flight at once so that the shared state fits into [`MAX_SHARED_BYTES`]
    /// bytes.
    ///
    /// # Errors
    /// [`TooLarge`] where that is fewer than the target is worth: 16, or its smallest limit on calls
    /// in flight if that is less.
    pub fn shared_ceiling(&self) -> Result<Ceiling, TooLarge> {
        let windows: usize = self.limits.iter().map(largest_window).sum();
        let bytes = FRAME + MEMORY + windows;
        let room = MAX_SHARED_BYTES.saturating_sub(bytes) / PERMIT;
        let in_flight = u32::try_from(room).unwrap_or(u32::MAX);
        let least = self.smallest_concurrency().unwrap_or(LEAST).min(LEAST);
        if in_flight < least {
            return Err(TooLarge {
                bytes,
                in_flight,
                least,
            });
        }
        Ok(Ceiling { in_flight })
    }

    /// The smallest limit on calls in flight.
    pub fn smallest_concurrency(&self) -> Option<u32> {
        let limits = self.limits.iter().filter_map(|limit| match limit.kind {
            LimitKind::Concurrency { max } => Some(max),
            LimitKind::Window { .. } | LimitKind::Calendar { .. } => None,
        });
        limits.min()
    }
}

impl Limit {
    /// By how much later than its window requires a slot may become free, where workers share the
    /// limit; zero if it is exact except for the margin of their clocks.
    pub fn shared_lateness(&self) -> Duration {
        match grid(self) {
            None | Some(1) => Duration::ZERO,
            Some(grid) => Duration::from_millis(u64::try_from(grid).unwrap_or(u64::MAX)),
        }
    }
}

/// The most bytes that a limit takes.
fn largest_window(limit: &Limit) -> usize {
    let length = match &limit.kind {
        LimitKind::Concurrency { .. } => return 0,
        // Rounded up to the end of a bucket.
        LimitKind::Window { per, .. } => millis(*per) + millis(*per) / 32 + 2,
        LimitKind::Calendar { .. } => millis(MAX_WINDOW) * 2,
    };
    let kinds = if limit.tells_priorities_apart() { 3 } else { 1 };
    // Each of the three numbers is there; those that cannot be more than 0 take one byte.
    let counts = kinds * varint(limit.max()) + (3 - kinds);
    let count_of_buckets = 2;
    varint(limit.name.len() as u64)
        + limit.name.len()
        + count_of_buckets
        + most_buckets(limit) * (varint(length) + counts)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The bytes of a number in the compact form.
fn varint(number: u64) -> usize {
    let bits = u64::BITS - number.leading_zeros();
    usize::try_from(bits.div_ceil(7).max(1)).expect("at most ten")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reserve;

    fn minute(calls: u64) -> Limit {
        Limit::window("minute", calls, Duration::from_secs(60))
    }

    #[test]
    fn a_usual_target_has_room_for_more_than_a_hundred_calls() {
        let account = Limit::concurrency("account", 15);
        let mut reserved = minute(6_000);
        reserved.reserve = Reserve {
            high: 100,
            ..Reserve::default()
        };
        let rules = Rules {
            limits: vec![account, reserved],
            ..Rules::default()
        };
        let ceiling = rules.shared_ceiling().unwrap();
        assert!(ceiling.in_flight > 100, "{ceiling:?}");
    }

    #[test]
    fn windows_that_do_not_fit_are_refused_with_the_figures() {
        let limits = (0..8).map(|number| Limit {
            name: format!("window {number}"),
            ..minute(100_000)
        });
        let rules = Rules {
            limits: limits.collect(),
            ..Rules::default()
        };
        let refused = rules.shared_ceiling().unwrap_err();
        assert_eq!(refused.least, 16);
        assert!(refused.bytes > MAX_SHARED_BYTES, "{refused}");
    }

    #[test]
    fn small_windows_are_exact_and_large_ones_a_63rd_late() {
        assert_eq!(minute(64).shared_lateness(), Duration::ZERO);
        assert_eq!(minute(65).shared_lateness(), Duration::from_millis(953));
        let account = Limit::concurrency("account", 500);
        assert_eq!(account.shared_lateness(), Duration::ZERO);
    }
}

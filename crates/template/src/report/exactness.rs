//! How exactly a limit is held on AWS. Late is the safe side: a slot that is freed late is never taken twice.

use std::fmt;
use std::time::Duration;

use rampmeter_config::Limiter;
use rampmeter_dispatch::{CLOCK_MARGIN, CountFrom, Limit, LimitKind};
use rampmeter_time::span;

/// How a limit is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exactness {
    /// To the call, at any moment.
    Exact,
    /// Never exceeded; each slot is freed later than it could be.
    Late {
        /// By how much the clocks of the workers may differ.
        margin: Duration,
        /// The most that the buckets of the table's item add.
        buckets: Duration,
    },
    /// Never exceeded if the clock is right at the reset.
    ByTheClock,
    /// Never exceeded while environments live and answers come in time: a slot whose call timed out is free at once,
    /// although the vendor may go on with it. Seldom fully used, and priorities are approximate.
    SeldomFull,
    /// It cannot be held at all; the deployment is refused.
    Not,
}

impl Exactness {
    /// How a limit is held by a limiter.
    pub(crate) fn of(limit: &Limit, limiter: Limiter) -> Exactness {
        match (&limit.kind, limiter) {
            (LimitKind::Concurrency { .. }, Limiter::Lease) => Exactness::Exact,
            (LimitKind::Window { .. }, Limiter::Lease) => Exactness::Late {
                margin: CLOCK_MARGIN,
                buckets: limit.shared_lateness(),
            },
            (LimitKind::Calendar { .. }, Limiter::Lease) => Exactness::ByTheClock,
            (LimitKind::Concurrency { .. }, Limiter::Reserved) => Exactness::SeldomFull,
            (LimitKind::Window { .. } | LimitKind::Calendar { .. }, Limiter::Reserved) => {
                Exactness::Not
            }
        }
    }

    /// By how much a slot is late at most.
    pub(crate) fn late(self) -> Option<Duration> {
        match self {
            Exactness::Exact => Some(Duration::ZERO),
            Exactness::Late { margin, buckets } => Some(margin + buckets),
            Exactness::ByTheClock | Exactness::SeldomFull | Exactness::Not => None,
        }
    }

    /// One word for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Exactness::Exact => "exact",
            Exactness::Late { .. } => "late",
            Exactness::ByTheClock => "by-the-clock",
            Exactness::SeldomFull => "seldom-full",
            Exactness::Not => "not",
        }
    }

    /// The most calls a second that a limit held this way admits in the long run, if each takes `latency`.
    pub(crate) fn reachable_rate(self, limit: &Limit, latency: Duration) -> f64 {
        let Exactness::Late { margin, buckets } = self else {
            return limit.reachable_rate(latency);
        };
        match (&limit.kind, limit.count_from) {
            (LimitKind::Window { calls, per }, count_from) => {
                let answered = match count_from {
                    CountFrom::Answer => latency,
                    CountFrom::Send => Duration::ZERO,
                };
                // A configured number is at most 2^32, which a float holds exactly.
                *calls as f64 / (*per + margin + buckets + answered).as_secs_f64()
            }
            _ => limit.reachable_rate(latency),
        }
    }
}

impl fmt::Display for Exactness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exactness::Exact => out.write_str("exact"),
            Exactness::Late { margin, buckets } if buckets.is_zero() => write!(
                out,
                "never over; each place {} late, for clocks that differ",
                in_time(*margin)
            ),
            Exactness::Late { margin, buckets } => write!(
                out,
                "never over; each place up to {} late: 64 buckets, clocks that differ",
                in_time(*margin + *buckets)
            ),
            Exactness::ByTheClock => {
                out.write_str("never over, if the clocks are right at the reset")
            }
            Exactness::SeldomFull => out.write_str(
                "never over while answers come in time; seldom full, priorities approximate",
            ),
            Exactness::Not => out.write_str("not held"),
        }
    }
}

fn in_time(duration: Duration) -> String {
    span(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// A limit in words: `15 calls in flight`, `600 calls in any 1m`.
pub(super) fn in_words(limit: &Limit) -> String {
    match &limit.kind {
        LimitKind::Concurrency { max } => format!("{max} in flight"),
        LimitKind::Window { calls, per } => format!("{calls} in any {}", short(*per)),
        LimitKind::Calendar { calls, reset } => {
            format!("{calls} in {} by the calendar", short(reset.period()))
        }
    }
}

/// The largest unit that divides a duration.
pub(super) fn short(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let unit = units
        .iter()
        .find(|(length, _)| milliseconds >= *length && milliseconds.is_multiple_of(*length));
    match unit {
        Some((length, unit)) => format!("{}{unit}", milliseconds / length),
        None => format!("{milliseconds}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_window_has_its_margin_and_a_large_one_its_buckets() {
        let minute = Duration::from_secs(60);
        let small = Limit::window("small", 60, minute);
        let large = Limit::window("large", 6_000, minute);
        let late = |limit: &Limit| Exactness::of(limit, Limiter::Lease).late();
        assert_eq!(late(&small), Some(CLOCK_MARGIN));
        // A 63rd of a minute, rounded up to a millisecond.
        assert_eq!(
            late(&large),
            Some(CLOCK_MARGIN + Duration::from_millis(953))
        );
        let rate =
            Exactness::of(&large, Limiter::Lease).reachable_rate(&large, Duration::from_secs(1));
        assert!((rate - 6_000.0 / 62.203).abs() < 0.01, "{rate}");
        assert_eq!(Exactness::of(&small, Limiter::Reserved), Exactness::Not);
    }
}

//! What became of each window of a run: the most calls the vendor counted in it, the most it might have counted, and
//! how well its slots were used while work waited. Pure arithmetic.

use std::time::Duration;

use rampmeter_dispatch::{CountFrom, Gate, Limit, Rules, Time};
use serde::Serialize;

use super::configuration::Figures;
use super::utilisation::{Observed, Stretch};

/// One window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct WindowUse {
    /// Name of the limit.
    pub(crate) name: &'static str,
    /// Its length.
    pub(crate) per_ms: u64,
    /// The most calls in it by the configuration.
    pub(crate) limit: u64,
    /// The most calls that the vendor may count: the limit, where calls are counted to their answer.
    pub(crate) may_count: u64,
    /// The most calls that the vendor did count.
    pub(crate) most: u64,
    /// From 0 to 1: the share of the time from the first start to the last in which its slots were taken (each from its
    /// call's arrival until one length after its end). If this window alone held the calls back, it is the part that
    /// was reached of the rate that `limit list` promises.
    pub(crate) utilisation: Option<f64>,
}

/// The windows of a run, from the calls that the vendor accepted and the most it counted in a minute and in a second.
pub(crate) fn windows(figures: &Figures, calls: &[Stretch], most: [u64; 2]) -> Vec<WindowUse> {
    let second = Duration::from_secs(1);
    let rows = [
        (
            "minute",
            60 * second,
            Some(figures.calls_per_minute),
            most[0],
        ),
        ("second", second, figures.calls_per_second, most[1]),
    ];
    let rows = rows.into_iter().filter_map(|(name, per, limit, most)| {
        let limit = limit?;
        Some(WindowUse {
            name,
            per_ms: u64::try_from(per.as_millis()).unwrap_or(u64::MAX),
            limit,
            may_count: may_count(figures, limit, per),
            most,
            utilisation: utilisation(calls, limit, per),
        })
    });
    rows.collect()
}

/// The most calls that the vendor may count in a window of a run. It is configured with this as its limit, so that it
/// refuses, and counts, every call beyond.
pub(super) fn may_count(figures: &Figures, calls: u64, per: Duration) -> u64 {
    let window = Limit {
        count_from: if figures.count_from_send {
            CountFrom::Send
        } else {
            CountFrom::Answer
        },
        ..Limit::window("window", calls, per)
    };
    let rules = Rules {
        limits: vec![Limit::concurrency("account", figures.concurrency), window],
        ..Rules::default()
    };
    let most = Gate::new(rules, Time::from_millis(0)).most_counted();
    most[1].expect("calls in flight are bounded")
}

fn utilisation(calls: &[Stretch], limit: u64, per: Duration) -> Option<f64> {
    let length = i64::try_from(per.as_micros()).unwrap_or(i64::MAX);
    let starts = || calls.iter().map(|call| call.from_us);
    let taken = calls.iter().map(|call| Stretch {
        to_us: call.to_us.saturating_add(length),
        ..*call
    });
    let observed = Observed {
        calls: taken.collect(),
        contended: vec![Stretch {
            from_us: starts().min()?,
            to_us: starts().max()?,
        }],
        max: u32::try_from(limit).ok()?,
        ..Observed::default()
    };
    observed
        .utilisation()
        .map(|share| (share * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(count_from_send: bool) -> Figures {
        Figures {
            concurrency: 10,
            calls_per_second: Some(2),
            calls_per_minute: 100,
            count_from_send,
            ..Figures::default()
        }
    }

    #[test]
    fn places_that_are_taken_again_as_soon_as_they_are_free_are_fully_used() {
        // Two slots, half a second of work and a second until each is free again: one call for each slot every 1.5 s.
        let call = |from_us: i64| Stretch {
            from_us,
            to_us: from_us + 500_000,
        };
        let calls: Vec<Stretch> = (0..10)
            .flat_map(|round| [call(round * 1_500_000), call(round * 1_500_000)])
            .collect();
        let [minute, second] = &windows(&figures(false), &calls, [20, 2])[..] else {
            panic!("there are two windows");
        };
        assert_eq!(second.utilisation, Some(1.0));
        assert!(minute.utilisation.is_some_and(|share| share < 0.2));
        assert_eq!((second.limit, second.may_count, second.most), (2, 2, 2));
        // Half of the starts, half of the use.
        let rare: Vec<Stretch> = (0..10).map(|round| call(round * 1_500_000)).collect();
        let rare = windows(&figures(false), &rare, [10, 1]);
        assert_eq!(rare[1].utilisation, Some(0.5));
    }

    #[test]
    fn counted_from_the_send_the_vendor_may_count_what_was_in_flight_too() {
        let windows = windows(&figures(true), &[], [0, 0]);
        assert_eq!((windows[1].may_count, windows[1].utilisation), (12, None));
    }
}

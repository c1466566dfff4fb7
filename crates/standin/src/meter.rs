//! Counts calls in flight, those of them that run long, and calls in every sliding window. Pure: moments arrive as
//! arguments. It knows nothing of what a call is, nor how it is answered.

use crate::clock::{Moment, nanoseconds};
use crate::options::{LongRunning, Window};
use std::collections::{BTreeMap, VecDeque};

/// The limits of an account, and what was measured against them.
#[derive(Debug)]
pub(crate) struct Meter {
    limit_in_flight: u32,
    long_running: Option<Aged>,
    windows: Vec<Sliding>,
    in_flight: u32,
    /// How many of the calls in flight entered at each moment.
    entered: BTreeMap<Moment, u32>,
    max_in_flight: u32,
    busy: u128,
    busy_until: Moment,
}

/// A limit on calls in flight that counts only those which have run for a while.
#[derive(Debug)]
struct Aged {
    limit: u32,
    after: u64,
    most: u32,
}

/// A limit on arrivals in every half-open window of one length.
#[derive(Debug)]
struct Sliding {
    limit: u64,
    length: u64,
    /// Arrivals that lie in the window ending with the latest one.
    arrivals: VecDeque<Moment>,
    most: u64,
}

/// What the meter says of one arriving call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// More calls would be in flight than the limit.
    pub(crate) breaks_in_flight: bool,
    /// As many calls as the limit have been running for long, so no other may come.
    pub(crate) breaks_long_running: bool,
    /// The first window that holds more calls than its limit.
    pub(crate) broken_window: Option<Broken>,
}

/// A window that holds too many calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Its index among the windows.
    pub(crate) index: usize,
    /// Nanoseconds until it has room again, if nothing more arrives.
    pub(crate) room_in: u64,
}

impl Reading {
    pub(crate) fn breaks_window(&self) -> bool {
        self.broken_window.is_some()
    }

    pub(crate) fn breaks_a_limit(&self) -> bool {
        self.breaks_in_flight || self.breaks_long_running || self.breaks_window()
    }
}

impl Meter {
    /// A meter for so many calls at once, and so many in every window.
    pub(crate) fn new(
        limit_in_flight: u32,
        long_running: Option<LongRunning>,
        windows: &[Window],
    ) -> Meter {
        Meter {
            limit_in_flight,
            long_running: long_running.map(|limit| Aged {
                limit: limit.calls,
                after: nanoseconds(limit.after),
                most: 0,
            }),
            windows: windows
                .iter()
                .map(|window| Sliding::new(window.calls, nanoseconds(window.per)))
                .collect(),
            in_flight: 0,
            entered: BTreeMap::new(),
            max_in_flight: 0,
            busy: 0,
            busy_until: 0,
        }
    }

    /// Changes the limits from now on; those of the windows in their order, as many as are given. What was counted
    /// stays counted.
    pub(crate) fn change_limits(&mut self, in_flight: u32, in_windows: &[u64]) {
        self.limit_in_flight = in_flight;
        for (window, limit) in self.windows.iter_mut().zip(in_windows) {
            window.limit = *limit;
        }
    }

    /// Notes an arrival. It counts in the windows whatever becomes of it; it is in flight only once it has
    /// [entered](Self::enter).
    pub(crate) fn arrive(&mut self, now: Moment) -> Reading {
        let mut broken_window = None;
        for (index, window) in self.windows.iter_mut().enumerate() {
            let broken = window.arrive(now).map(|room_in| Broken { index, room_in });
            broken_window = broken_window.or(broken);
        }
        self.max_in_flight = self.max_in_flight.max(self.in_flight + 1);
        self.note_aged(now);
        Reading {
            breaks_in_flight: self.in_flight >= self.limit_in_flight,
            breaks_long_running: self
                .long_running
                .as_ref()
                .is_some_and(|aged| self.aged(now, aged.after) >= aged.limit),
            broken_window,
        }
    }

    /// The call that has just arrived is worked on from now.
    pub(crate) fn enter(&mut self, now: Moment) {
        self.settle(now);
        self.in_flight += 1;
        *self.entered.entry(now).or_default() += 1;
    }

    /// The work of a call that entered at `entered` has ended.
    pub(crate) fn leave(&mut self, entered: Moment, now: Moment) {
        let of_that_moment = self.entered.get_mut(&entered);
        let of_that_moment = of_that_moment.expect("a call can only leave after it has entered");
        // Calls grow old by themselves and only leaving makes them fewer, so the most are there just before.
        *of_that_moment -= 1;
        let none_is_left = *of_that_moment == 0;
        self.note_aged_with(now, 1, entered);
        if none_is_left {
            self.entered.remove(&entered);
        }
        self.settle(now);
        self.in_flight -= 1;
    }

    /// Calls in flight that entered at least `after` ago.
    fn aged(&self, now: Moment, after: u64) -> u32 {
        match now.checked_sub(after) {
            Some(oldest) => self.entered.range(..=oldest).map(|(_, calls)| calls).sum(),
            None => 0,
        }
    }

    fn note_aged(&mut self, now: Moment) {
        let aged = self
            .long_running
            .as_ref()
            .map(|aged| self.aged(now, aged.after));
        if let (Some(limit), Some(aged)) = (&mut self.long_running, aged) {
            limit.most = limit.most.max(aged);
        }
    }

    /// The same with `more` calls that entered at `entered` and have just been taken out.
    fn note_aged_with(&mut self, now: Moment, more: u32, entered: Moment) {
        let aged = self.long_running.as_ref().map(|aged| {
            let is_old = now
                .checked_sub(aged.after)
                .is_some_and(|oldest| entered <= oldest);
            self.aged(now, aged.after) + if is_old { more } else { 0 }
        });
        if let (Some(limit), Some(aged)) = (&mut self.long_running, aged) {
            limit.most = limit.most.max(aged);
        }
    }

    fn settle(&mut self, now: Moment) {
        self.busy += u128::from(self.in_flight) * u128::from(now - self.busy_until);
        self.busy_until = now;
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub(crate) fn max_in_flight(&self) -> u32 {
        self.max_in_flight
    }

    /// The most calls that had run for long at once, up to now.
    pub(crate) fn max_long_running(&self, now: Moment) -> u32 {
        let aged = self.long_running.as_ref();
        aged.map_or(0, |limit| limit.most.max(self.aged(now, limit.after)))
    }

    /// The most calls in each window, in the order of the windows.
    pub(crate) fn most_in_windows(&self) -> impl Iterator<Item = u64> {
        self.windows.iter().map(|window| window.most)
    }

    /// The calls in each window that ends with the latest arrival, and its limit.
    pub(crate) fn in_windows(&self) -> impl Iterator<Item = (u64, u64)> {
        let windows = self.windows.iter();
        windows.map(|window| (window.arrivals.len() as u64, window.limit))
    }

    /// Seconds that calls were in flight, summed over the calls, up to now.
    pub(crate) fn busy_seconds(&self, now: Moment) -> f64 {
        let running = u128::from(self.in_flight) * u128::from(now - self.busy_until);
        (self.busy + running) as f64 / 1e9
    }
}

impl Sliding {
    fn new(limit: u64, length: u64) -> Sliding {
        Sliding {
            limit,
            length,
            arrivals: VecDeque::new(),
            most: 0,
        }
    }

    /// Notes an arrival. Returns how long until there is room, if it is one too many.
    fn arrive(&mut self, now: Moment) -> Option<u64> {
        // The window is (now - length, now]: an arrival exactly one length ago has just left it.
        while self
            .arrivals
            .front()
            .is_some_and(|&first| now - first >= self.length)
        {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
        // Any window holds at most as many calls as the one that ends with its last call, so looking at
        // arrivals alone finds the fullest window there ever was.
        let calls = self.arrivals.len() as u64;
        self.most = self.most.max(calls);
        let too_many = calls.checked_sub(self.limit).filter(|more| *more > 0)?;
        // There is room for the next call once one fewer than the limit are left.
        let must_leave = usize::try_from(too_many).ok()?;
        let leaves = *self.arrivals.get(must_leave)?;
        Some(leaves + self.length - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn window(calls: u64, nanoseconds: u64) -> Window {
        Window {
            calls,
            per: Duration::from_nanos(nanoseconds),
        }
    }

    fn meter(limit_in_flight: u32, limit_in_window: u64, length: u64) -> Meter {
        Meter::new(limit_in_flight, None, &[window(limit_in_window, length)])
    }

    impl Meter {
        fn max_in_window(&self) -> u64 {
            self.most_in_windows().max().unwrap_or(0)
        }
    }

    #[test]
    fn the_call_after_the_last_slot_breaks_the_limit_until_another_leaves() {
        let mut meter = meter(2, 100, 1_000);
        for now in [1, 2] {
            assert!(!meter.arrive(now).breaks_a_limit());
            meter.enter(now);
        }
        assert_eq!(
            meter.arrive(3),
            Reading {
                breaks_in_flight: true,
                ..Reading::default()
            }
        );
        meter.leave(1, 4);
        assert!(!meter.arrive(5).breaks_a_limit());
        assert_eq!(meter.max_in_flight(), 3);
    }

    #[test]
    fn an_arrival_leaves_the_window_exactly_one_window_later() {
        let mut meter = meter(100, 2, 1_000);
        assert!(!meter.arrive(0).breaks_window());
        assert!(!meter.arrive(500).breaks_window());
        assert!(meter.arrive(999).breaks_window());
        // At 1,000 the arrival at 0 has left; those at 500 and 999 have not.
        assert!(meter.arrive(1_000).breaks_window());
        assert!(meter.arrive(1_500).breaks_window());
        assert!(!meter.arrive(2_500).breaks_window());
        assert_eq!(meter.max_in_window(), 3);
    }

    #[test]
    fn every_window_counts_for_itself_and_a_limit_that_is_lowered_counts_what_came_before() {
        let mut meter = Meter::new(100, None, &[window(3, 1_000), window(4, 10_000)]);
        for now in [0, 1, 2] {
            assert!(!meter.arrive(now).breaks_window());
        }
        assert!(!meter.arrive(2_000).breaks_window());
        // The fifth within ten thousand, though the first window has room.
        assert!(meter.arrive(4_000).breaks_window());
        assert_eq!(meter.most_in_windows().collect::<Vec<_>>(), [3, 5]);
        meter.change_limits(100, &[1]);
        // The arrival at 4,000 takes the only slot that is left.
        assert!(meter.arrive(4_500).breaks_window());
        meter.change_limits(100, &[9, 9]);
        assert!(!meter.arrive(4_600).breaks_window());
        meter.enter(4_600);
        meter.change_limits(1, &[]);
        assert!(meter.arrive(4_700).breaks_in_flight);
    }

    #[test]
    fn busy_time_is_summed_over_the_calls_in_flight() {
        let mut meter = meter(10, 10, 1);
        meter.enter(1_000_000_000);
        meter.enter(2_000_000_000);
        meter.leave(1_000_000_000, 4_000_000_000);
        assert_eq!(meter.busy_seconds(5_000_000_000), 6.0);
    }

    #[test]
    fn every_window_is_kept_at_once_and_the_first_that_breaks_is_told_with_when_it_has_room() {
        let mut meter = Meter::new(100, None, &[window(1, 10), window(2, 1_000)]);
        assert!(!meter.arrive(0).breaks_a_limit());
        let second = meter.arrive(4).broken_window;
        assert_eq!(
            second,
            Some(Broken {
                index: 0,
                room_in: 10
            })
        );
        let third = meter.arrive(20).broken_window;
        assert_eq!(
            third,
            Some(Broken {
                index: 1,
                room_in: 4 + 1_000 - 20
            })
        );
        assert_eq!(meter.most_in_windows().collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn a_call_is_long_running_once_it_has_run_for_so_long_and_then_none_may_follow() {
        let limit = LongRunning {
            calls: 2,
            after: Duration::from_nanos(100),
        };
        let mut meter = Meter::new(u32::MAX, Some(limit), &[]);
        for now in [0, 10, 50] {
            assert!(!meter.arrive(now).breaks_a_limit());
            meter.enter(now);
        }
        assert!(!meter.arrive(109).breaks_a_limit());
        assert!(meter.arrive(110).breaks_long_running);
        // Only the third is young enough not to count when the first leaves.
        meter.leave(0, 120);
        assert!(!meter.arrive(130).breaks_a_limit());
        assert_eq!(meter.max_long_running(149), 2);
        assert!(meter.arrive(150).breaks_long_running);
        assert_eq!(meter.max_long_running(150), 2);
    }

    /// Arrivals `gap` after the one before, each held for `held`, measured by brute force.
    fn brute_force(calls: &[(u64, u64, bool)], window: u64) -> (u64, usize) {
        let fullest = calls
            .iter()
            .map(|end| {
                calls
                    .iter()
                    .filter(|c| c.0 <= end.0 && c.0 + window > end.0)
                    .count() as u64
            })
            .max()
            .unwrap_or(0);
        let crowd = calls
            .iter()
            .map(|at| {
                let inside = |c: &&(u64, u64, bool)| c.2 && c.0 < at.0 && c.1 > at.0;
                calls.iter().filter(inside).count() + 1
            })
            .max()
            .unwrap_or(0);
        (fullest, crowd)
    }

    proptest! {
        #[test]
        fn the_meter_agrees_with_counting_by_hand(
            gaps in prop::collection::vec((1_u64..50, 1_u64..200), 1..120),
            limit_in_flight in 1_u32..6,
            limit_in_window in 1_u64..12,
            window in 1_u64..300,
        ) {
            let mut meter = meter(limit_in_flight, limit_in_window, window);
            // Even moments are arrivals and odd ones ends, so that none coincide.
            let mut calls: Vec<(u64, u64, bool)> = Vec::new();
            let mut ends: Vec<(u64, u64)> = Vec::new();
            let mut now = 0;
            for (gap, held) in gaps {
                now += 2 * gap;
                ends.sort_unstable();
                while ends.first().is_some_and(|&(end, _)| end < now) {
                    let (end, entered) = ends.remove(0);
                    meter.leave(entered, end);
                }
                let in_flight = calls.iter().filter(|c| c.2 && c.1 > now).count();
                let in_window = calls.iter().filter(|c| c.0 + window > now).count() + 1;
                let reading = meter.arrive(now);
                prop_assert_eq!(reading.breaks_in_flight, in_flight >= limit_in_flight as usize);
                prop_assert_eq!(reading.breaks_window(), in_window as u64 > limit_in_window);
                let accepted = !reading.breaks_a_limit();
                let end = now + 2 * held + 1;
                if accepted {
                    meter.enter(now);
                    ends.push((end, now));
                }
                calls.push((now, end, accepted));
            }
            let (fullest, crowd) = brute_force(&calls, window);
            prop_assert_eq!(meter.max_in_window(), fullest);
            prop_assert_eq!(meter.max_in_flight() as usize, crowd);
            ends.sort_unstable();
            let last = ends.last().map_or(now, |&(end, _)| end.max(now));
            for (end, entered) in ends {
                meter.leave(entered, end);
            }
            let held: u64 = calls.iter().filter(|c| c.2).map(|c| c.1 - c.0).sum();
            prop_assert!((meter.busy_seconds(last) - held as f64 / 1e9).abs() < 1e-12);
            prop_assert_eq!(meter.in_flight(), 0);
        }
    }
}

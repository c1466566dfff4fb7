//! Counts calls in flight and calls in every sliding window. Pure: moments arrive as arguments.
//! It knows nothing of what a call is, nor how it is answered.

use crate::clock::Moment;
use std::collections::VecDeque;

/// The limits of an account, and what was measured against them.
#[derive(Debug)]
pub(crate) struct Meter {
    limit_in_flight: u32,
    /// At least one.
    windows: Vec<Window>,
    in_flight: u32,
    max_in_flight: u32,
    busy: u128,
    busy_until: Moment,
}

/// A limit on the calls in every window of one length.
#[derive(Debug)]
struct Window {
    limit: u64,
    /// In nanoseconds.
    length: u64,
    /// Arrivals that lie in the half-open window ending with the latest one.
    arrivals: VecDeque<Moment>,
    max: u64,
}

impl Window {
    fn new(limit: u64, length: u64) -> Window {
        Window {
            limit,
            length,
            arrivals: VecDeque::new(),
            max: 0,
        }
    }

    /// Notes an arrival; says whether it breaks the limit.
    fn arrive(&mut self, now: Moment) -> bool {
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
        let inside = self.arrivals.len() as u64;
        self.max = self.max.max(inside);
        inside > self.limit
    }
}

/// What the meter says of one arriving call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// More calls would be in flight than the limit.
    pub(crate) breaks_in_flight: bool,
    /// More calls arrived in the window that ends now than the limit.
    pub(crate) breaks_window: bool,
}

impl Reading {
    pub(crate) fn breaks_a_limit(self) -> bool {
        self.breaks_in_flight || self.breaks_window
    }
}

impl Meter {
    /// A meter for `limit_in_flight` calls at once and `limit_in_window` calls in every window of
    /// `window` nanoseconds.
    pub(crate) fn new(limit_in_flight: u32, limit_in_window: u64, window: u64) -> Meter {
        Meter {
            limit_in_flight,
            windows: vec![Window::new(limit_in_window, window)],
            in_flight: 0,
            max_in_flight: 0,
            busy: 0,
            busy_until: 0,
        }
    }

    /// The same with one more limit, on the calls in every window of `window` nanoseconds.
    pub(crate) fn and_window(mut self, limit: u64, window: u64) -> Meter {
        self.windows.push(Window::new(limit, window));
        self
    }

    /// Other limits from now on; those of the windows in their order, as many as are given. What was counted stays
    /// counted.
    pub(crate) fn change_limits(&mut self, in_flight: u32, in_windows: &[u64]) {
        self.limit_in_flight = in_flight;
        for (window, limit) in self.windows.iter_mut().zip(in_windows) {
            window.limit = *limit;
        }
    }

    /// Notes an arrival. It counts in the window whatever becomes of it; it is in flight only once it has
    /// [entered](Self::enter).
    pub(crate) fn arrive(&mut self, now: Moment) -> Reading {
        let mut breaks_window = false;
        for window in &mut self.windows {
            breaks_window |= window.arrive(now);
        }
        self.max_in_flight = self.max_in_flight.max(self.in_flight + 1);
        Reading {
            breaks_in_flight: self.in_flight >= self.limit_in_flight,
            breaks_window,
        }
    }

    /// The call that has just arrived is worked on from now.
    pub(crate) fn enter(&mut self, now: Moment) {
        self.settle(now);
        self.in_flight += 1;
    }

    /// The work of one call has ended.
    pub(crate) fn leave(&mut self, now: Moment) {
        assert!(
            self.in_flight > 0,
            "a call can only leave after it has entered"
        );
        self.settle(now);
        self.in_flight -= 1;
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

    /// The most calls there ever were in the first window.
    pub(crate) fn max_in_window(&self) -> u64 {
        self.windows[0].max
    }

    /// Of each window after the first: its limit now, its length in nanoseconds, and the most calls there ever were
    /// in it.
    pub(crate) fn further_windows(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let further = self.windows.iter().skip(1);
        further.map(|window| (window.limit, window.length, window.max))
    }

    /// Seconds that calls were in flight, summed over the calls, up to now.
    pub(crate) fn busy_seconds(&self, now: Moment) -> f64 {
        let running = u128::from(self.in_flight) * u128::from(now - self.busy_until);
        (self.busy + running) as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_call_after_the_last_slot_breaks_the_limit_until_another_leaves() {
        let mut meter = Meter::new(2, 100, 1_000);
        for now in [1, 2] {
            assert!(!meter.arrive(now).breaks_a_limit());
            meter.enter(now);
        }
        assert_eq!(
            meter.arrive(3),
            Reading {
                breaks_in_flight: true,
                breaks_window: false
            }
        );
        meter.leave(4);
        assert!(!meter.arrive(5).breaks_a_limit());
        assert_eq!(meter.max_in_flight(), 3);
    }

    #[test]
    fn an_arrival_leaves_the_window_exactly_one_window_later() {
        let mut meter = Meter::new(100, 2, 1_000);
        assert!(!meter.arrive(0).breaks_window);
        assert!(!meter.arrive(500).breaks_window);
        assert!(meter.arrive(999).breaks_window);
        // At 1,000 the arrival at 0 has left; those at 500 and 999 have not.
        assert!(meter.arrive(1_000).breaks_window);
        assert!(meter.arrive(1_500).breaks_window);
        assert!(!meter.arrive(2_500).breaks_window);
        assert_eq!(meter.max_in_window(), 3);
    }

    #[test]
    fn every_window_counts_for_itself_and_a_limit_that_is_lowered_counts_what_came_before() {
        let mut meter = Meter::new(100, 3, 1_000).and_window(4, 10_000);
        for now in [0, 1, 2] {
            assert!(!meter.arrive(now).breaks_window);
        }
        assert!(!meter.arrive(2_000).breaks_window);
        // The fifth within ten thousand, though the first window has room.
        assert!(meter.arrive(4_000).breaks_window);
        assert_eq!(
            meter.further_windows().collect::<Vec<_>>(),
            [(4, 10_000, 5)]
        );
        meter.change_limits(100, &[1]);
        // The arrival at 4,000 takes the only place that is left.
        assert!(meter.arrive(4_500).breaks_window);
        meter.change_limits(100, &[9, 9]);
        assert!(!meter.arrive(4_600).breaks_window);
        meter.enter(4_600);
        meter.change_limits(1, &[]);
        assert!(meter.arrive(4_700).breaks_in_flight);
    }

    #[test]
    fn busy_time_is_summed_over_the_calls_in_flight() {
        let mut meter = Meter::new(10, 10, 1);
        meter.enter(1_000_000_000);
        meter.enter(2_000_000_000);
        meter.leave(4_000_000_000);
        assert_eq!(meter.busy_seconds(5_000_000_000), 6.0);
    }

    /// Arrivals `gap` after the one before, each held for `held`, measured in the plainest way.
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
            let mut meter = Meter::new(limit_in_flight, limit_in_window, window);
            // Even moments are arrivals and odd ones ends, so that none coincide.
            let mut calls: Vec<(u64, u64, bool)> = Vec::new();
            let mut ends: Vec<u64> = Vec::new();
            let mut now = 0;
            for (gap, held) in gaps {
                now += 2 * gap;
                ends.sort_unstable();
                while ends.first().is_some_and(|&end| end < now) {
                    meter.leave(ends.remove(0));
                }
                let in_flight = calls.iter().filter(|c| c.2 && c.1 > now).count();
                let in_window = calls.iter().filter(|c| c.0 + window > now).count() + 1;
                let reading = meter.arrive(now);
                prop_assert_eq!(reading.breaks_in_flight, in_flight >= limit_in_flight as usize);
                prop_assert_eq!(reading.breaks_window, in_window as u64 > limit_in_window);
                let accepted = !reading.breaks_a_limit();
                let end = now + 2 * held + 1;
                if accepted {
                    meter.enter(now);
                    ends.push(end);
                }
                calls.push((now, end, accepted));
            }
            let (fullest, crowd) = brute_force(&calls, window);
            prop_assert_eq!(meter.max_in_window(), fullest);
            prop_assert_eq!(meter.max_in_flight() as usize, crowd);
            ends.sort_unstable();
            let last = ends.last().copied().unwrap_or(now).max(now);
            for end in ends {
                meter.leave(end);
            }
            let held: u64 = calls.iter().filter(|c| c.2).map(|c| c.1 - c.0).sum();
            prop_assert!((meter.busy_seconds(last) - held as f64 / 1e9).abs() < 1e-12);
            prop_assert_eq!(meter.in_flight(), 0);
        }
    }
}

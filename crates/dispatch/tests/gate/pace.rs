//! Windows that are filled evenly: ten in flight, a hundred a second, 80 ms a call, twice as many calls offered as fit. HIGH
//! finds a slot soon, nobody starves, nothing is over, and as many calls start as before.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rampmeter_dispatch::{Decision, Gate, Limit, Pace, PermitId, Priority, Rules, Time, Waiting};

use crate::scenarios::{only, rules};
use crate::vendor::{Seen, Vendor};

const SECOND: Duration = Duration::from_secs(1);
const CALL: Duration = Duration::from_millis(80);
const BEGIN: Time = Time::from_millis(0);

/// What a run amounts to.
#[derive(Debug)]
struct Figures {
    /// How long the calls of each lane waited, the shortest first.
    waits: [Vec<Duration>; 3],
    /// Starts a second from the second second on.
    rate: f64,
}

impl Figures {
    fn wait(&self, lane: Priority, part: f64) -> Duration {
        let waits = &self.waits[lane.index()];
        waits[((waits.len() - 1) as f64 * part) as usize]
    }
}

fn w3(pace: Pace) -> Rules {
    rules([
        Limit::concurrency("account", 10),
        Limit::window("second", 100, SECOND).paced(pace),
    ])
}

/// Runs a target for a minute: calls that take 80 ms, `spread` more or less; `late` between a moment and the decision that was asked for then. Arrivals of each lane are
/// spread, with a beat of their own.
fn run(pace: Pace, offered: [u64; 3], late: Duration, spread: u64) -> Figures {
    let length = MINUTE;
    let mut gate = Gate::new(w3(pace), BEGIN);
    let mut arrivals = arrivals(offered, length);
    let mut waiting: [VecDeque<Time>; 3] = Default::default();
    let mut out: BTreeMap<(Time, PermitId), (Priority, Time)> = BTreeMap::new();
    let mut vendor = Vendor::default();
    let mut figures = Figures {
        waits: Default::default(),
        rate: 0.0,
    };
    let mut starts = 0_u32;
    let mut id = 0;
    let mut now = BEGIN;
    let end = BEGIN.saturating_add(length);
    while now < end {
        while arrivals.front().is_some_and(|(at, _)| *at <= now) {
            let (at, lane) = arrivals.pop_front().expect("there is one");
            waiting[lane.index()].push_back(at);
        }
        while let Some(entry) = out.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, id), (_, started)) = entry.remove_entry();
            gate.finish(id, now);
            vendor.sees(Seen {
                started,
                ended: now,
                counted_at: (id % 256) as u8,
            });
        }
        let lanes = || Waiting::new([0, 1, 2].map(|lane: usize| !waiting[lane].is_empty()));
        let wake = match gate.decide(lanes(), now) {
            Decision::Start(lane) => {
                id += 1;
                gate.start(id, lane, lanes(), now);
                let call = CALL + Duration::from_millis(id as u64 * 7_919 % (2 * spread + 1));
                let answer = now.saturating_add(call - Duration::from_millis(spread));
                out.insert((answer, id), (lane, now));
                let sent = waiting[lane.index()].pop_front().expect("it waits");
                figures.waits[lane.index()].push(now.saturating_since(sent));
                starts += u32::from(now >= BEGIN.saturating_add(SECOND));
                continue;
            }
            Decision::NotBefore(wake) => wake,
            Decision::Idle => None,
        };
        let answer = out.first_key_value().map(|((at, _), _)| *at);
        let next = [wake, answer, arrivals.front().map(|(at, _)| *at)];
        let next = next.into_iter().flatten().min().unwrap_or(end);
        now = now.max(next).saturating_add(late);
    }
    for waits in &mut figures.waits {
        waits.sort_unstable();
    }
    figures.rate = f64::from(starts) / (length - SECOND).as_secs_f64();
    vendor.judge(&w3(pace)).expect("nothing is over");
    figures
}

/// The arrivals of all lanes, so many a second of each. The beats of the lanes drift against each other.
fn arrivals(offered: [u64; 3], length: Duration) -> VecDeque<(Time, Priority)> {
    let mut arrivals = Vec::new();
    for (lane, offered) in Priority::ALL.into_iter().zip(offered) {
        for number in 0..offered * length.as_secs() {
            let beat = 1_000_000 / offered.max(1);
            let drift = number * 7_919 % beat;
            let at = Duration::from_micros(number * beat + drift);
            arrivals.push((BEGIN.saturating_add(at), lane));
        }
    }
    arrivals.sort_unstable();
    arrivals.into()
}

const MINUTE: Duration = Duration::from_secs(60);
const OFFERED: [u64; 3] = [40, 40, 120];

#[test]
fn urgent_calls_find_a_place_soon_in_a_window_that_is_filled_evenly() {
    let figures = run(Pace::Even, OFFERED, Duration::ZERO, 0);
    let high = [0.5, 0.99].map(|part| figures.wait(Priority::High, part));
    let medium = figures.wait(Priority::Medium, 0.99);
    assert!(high[0] <= Duration::from_millis(20), "p50 {high:?}");
    assert!(high[1] <= Duration::from_millis(120), "p99 {high:?}");
    assert!(medium <= Duration::from_millis(250), "p99 {medium:?}");
    assert!(figures.rate >= 92.0, "{} a second", figures.rate);
}

#[test]
fn a_window_that_is_filled_at_once_makes_urgent_calls_wait() {
    // The measure can fail.
    let figures = run(Pace::Burst, OFFERED, Duration::ZERO, 0);
    let high = figures.wait(Priority::High, 0.99);
    assert!(high > Duration::from_millis(120), "p99 {high:?}");
}

#[test]
fn as_many_calls_start_at_either_pace() {
    for offered in [[40, 40, 120], [120, 40, 40], [0, 0, 200], [90, 0, 90]] {
        for (late, spread) in [(0, 0), (300, 40), (1_500, 0), (1_500, 60)] {
            let late = Duration::from_micros(late);
            let [even, burst] =
                [Pace::Even, Pace::Burst].map(|pace| run(pace, offered, late, spread).rate);
            assert!(
                even >= 0.99 * burst,
                "{offered:?}, {late:?} late, {spread} ms about: {even} a second, {burst} in bursts"
            );
        }
    }
}

#[test]
fn a_lower_lane_is_not_starved_by_urgent_calls_and_a_pace() {
    let [even, burst] = [Pace::Even, Pace::Burst].map(|pace| {
        let figures = run(pace, [200, 0, 200], Duration::ZERO, 0);
        figures.waits[Priority::Batch.index()].len() as f64
    });
    assert!(
        even >= 0.9 * burst && even > 0.0,
        "{even}, {burst} in bursts"
    );
}

#[test]
fn a_lower_lane_waits_for_its_step_and_an_urgent_call_does_not() {
    let second = Limit::window("second", 100, SECOND).paced(Pace::Even);
    let mut gate = Gate::new(rules([second]), BEGIN);
    let mut now = BEGIN;
    for id in 0..20 {
        let Decision::Start(_) = gate.decide(only(Priority::Batch), now) else {
            let Decision::NotBefore(Some(next)) = gate.decide(only(Priority::Batch), now) else {
                panic!("time alone lets it start");
            };
            assert!(next <= now.saturating_add(Duration::from_millis(13)));
            now = next;
            continue;
        };
        gate.start(id, Priority::Batch, only(Priority::Batch), now);
        let high = Waiting::NONE.with(Priority::High);
        assert_eq!(gate.decide(high, now), Decision::Start(Priority::High));
    }
    assert!(now > BEGIN.saturating_add(Duration::from_millis(70)));
}

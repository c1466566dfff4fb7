//! While HIGH asks for at most half of its reserve, its calls start before any further lower call: a target with a
//! backlog of MEDIUM and BATCH, HIGH calls at random moments, a virtual clock.

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_dispatch::{
    Decision, Gate, Limit, PermitId, Priority, Reserve, Rules, Time, Waiting,
};

/// HIGH calls of one run.
const HIGHS: usize = 20_000;

/// The part of HIGH calls that must start before any further lower call.
const PROMISED: f64 = 0.99;

/// What HIGH met.
#[derive(Debug, Default)]
struct Seen {
    highs: usize,
    /// Those that had to let a lower call start first after they had arrived.
    passed: usize,
    lower: usize,
}

/// A multiplicative generator (Lehmer, modulus 2^61 - 1): enough for arrivals, and the same in every run.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = (u128::from(self.0) * 437_799_614_237_992_725 % ((1 << 61) - 1)) as u64;
        self.0 as f64 / (1_u64 << 61) as f64
    }

    /// A time whose mean this is, without a memory.
    fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.unit()).ln())
    }
}

/// Runs a target on which MEDIUM and BATCH always wait; HIGH calls come `between` apart on average, and every call
/// takes `latency` on average.
fn run(limits: Vec<Limit>, between: Duration, latency: Duration, seed: u64) -> Seen {
    let rules = Rules {
        limits,
        ..Rules::default()
    };
    let mut chance = Chance(seed);
    let mut now = Time::from_millis(0);
    let mut gate = Gate::new(rules, now);
    let mut answers: BTreeMap<(Time, PermitId), ()> = BTreeMap::new();
    // The HIGH calls that wait, each with whether a lower one has started since it came.
    let mut waiting: Vec<bool> = Vec::new();
    let mut arrival = now.saturating_add(chance.exponential(between));
    let mut next_id = 1;
    let mut seen = Seen::default();
    while seen.highs < HIGHS {
        let lanes = Waiting::new([!waiting.is_empty(), true, true]);
        match gate.decide(lanes, now) {
            Decision::Start(lane) => {
                gate.start(next_id, lane, lanes, now);
                let end = now.saturating_add(chance.exponential(latency));
                answers.insert((end, next_id), ());
                next_id += 1;
                if lane == Priority::High {
                    seen.highs += 1;
                    seen.passed += usize::from(waiting.remove(0));
                } else {
                    seen.lower += 1;
                    waiting.fill(true);
                }
            }
            Decision::NotBefore(again) => {
                let answer = answers.first_key_value().map(|((end, _), ())| *end);
                let next = [Some(arrival), answer, again].into_iter().flatten().min();
                now = next.expect("HIGH calls never end").max(now);
                if now >= arrival {
                    waiting.push(false);
                    arrival = now.saturating_add(chance.exponential(between));
                }
                while let Some(((end, id), ())) = answers.pop_first() {
                    if end > now {
                        answers.insert((end, id), ());
                        break;
                    }
                    gate.finish(id, now);
                }
            }
            Decision::Idle => unreachable!("lower calls always wait"),
        }
    }
    seen
}

fn reserve(limit: Limit, high: u32) -> Limit {
    Limit {
        reserve: Reserve {
            high,
            ..Reserve::default()
        },
        ..limit
    }
}

fn keeps_its_promise(name: &str, seen: &Seen) {
    let first = 1.0 - seen.passed as f64 / seen.highs as f64;
    assert!(
        first >= PROMISED,
        "{name}: {first:.4} of the HIGH calls started first: {seen:?}"
    );
    assert!(
        seen.lower > seen.highs,
        "{name}: lower calls must fill the rest, or this proves little: {seen:?}"
    );
}

const LATENCY: Duration = Duration::from_millis(500);

#[test]
fn high_at_half_of_its_slots_starts_before_any_further_lower_call() {
    for slots in [1, 2, 4, 6] {
        // Calls in flight are rate times latency, so this offers half of the reserve.
        let between = LATENCY.mul_f64(2.0 / f64::from(slots));
        let limits = vec![reserve(Limit::concurrency("account", 15), slots)];
        let seen = run(limits, between, LATENCY, u64::from(slots));
        keeps_its_promise(&format!("{slots} slots"), &seen);
    }
}

#[test]
fn high_at_half_of_its_places_in_a_window_starts_before_any_further_lower_call() {
    for places in [10, 30] {
        let length = Duration::from_secs(10);
        // A slot is taken for the latency and one length.
        let between = (length + LATENCY).mul_f64(2.0 / f64::from(places));
        let limits = vec![
            reserve(Limit::window("window", 100, length), places),
            reserve(Limit::concurrency("account", 15), 4),
        ];
        let seen = run(limits, between, LATENCY, u64::from(places));
        keeps_its_promise(&format!("{places} places"), &seen);
    }
}

#[test]
fn without_a_reserve_high_waits_behind_calls_that_have_started() {
    // The measure can fail: with one slot for all, HIGH at the same load meets lower calls that are due.
    let limits = vec![Limit::concurrency("account", 1)];
    let seen = run(limits, LATENCY.mul_f64(1.02), LATENCY, 3);
    let first = 1.0 - seen.passed as f64 / seen.highs as f64;
    assert!(first < PROMISED, "{first:.4}: {seen:?}");
}

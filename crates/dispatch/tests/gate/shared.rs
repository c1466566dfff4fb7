//! Several processes share one gate by reading and writing its compact state. Their clocks differ,
//! they die with calls in flight, they take permits that no call uses; the vendor counts.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use rampmeter_dispatch::{
    CLOCK_MARGIN, Decision, Gate, Limit, MAX_SHARED_BYTES, PermitId, Reserve, Rules, Shared, Time,
    Waiting,
};

use crate::differential::config;
use crate::vendor::{Seen, Vendor};
use crate::world::BEGIN;

const TIMEOUT: Duration = Duration::from_millis(400);
const HOLD: Duration = Duration::from_millis(300);

/// A call of a process, in true time.
struct Call {
    id: PermitId,
    process: usize,
    started: Time,
    ends: Time,
}

struct World {
    rules: Rules,
    state: Vec<u8>,
    clocks: Vec<Duration>,
    out: Vec<Call>,
    vendor: Vendor,
    next: PermitId,
    calls: u64,
}

impl World {
    fn new(rules: &Rules, clocks: Vec<Duration>) -> World {
        let shared = rules.clone().shared();
        let state = Shared {
            now: BEGIN,
            ..Shared::default()
        };
        World {
            state: state.to_bytes(&shared),
            rules: shared,
            clocks,
            out: Vec::new(),
            vendor: Vendor::default(),
            next: 1,
            calls: 0,
        }
    }

    /// One process reads, decides and writes.
    fn turn(
        &mut self,
        process: usize,
        now: Time,
        latency: Duration,
        void: bool,
    ) -> Result<(), TestCaseError> {
        let local = now.saturating_add(self.clocks[process]);
        let state = Shared::from_bytes(&self.state).expect("a process wrote it");
        let mut gate = state.gate(&self.rules, local);
        gate.release_holds(local);
        let (ended, out) = std::mem::take(&mut self.out)
            .into_iter()
            .partition(|call: &Call| call.process == process && call.ends <= now);
        self.out = out;
        for call in ended {
            self.sees(&call);
            // One that is not open any more was given up by another process.
            if gate.is_open(call.id) {
                gate.finish(call.id, local);
            }
        }
        while let Decision::Start(lane) = gate.decide(Waiting::ALL, local) {
            let admitted = gate.view(local).admitted(Waiting::ALL);
            let id = self.next;
            self.next += 1;
            gate.start(id, lane, Waiting::ALL, local);
            if void && id % 3 == 0 {
                gate.give_back(id, admitted, local);
                break;
            }
            self.calls += 1;
            let call = Call {
                id,
                process,
                started: now,
                ends: now.saturating_add(latency),
            };
            if latency.is_zero() {
                self.sees(&call);
                gate.finish(id, local);
            } else {
                self.out.push(call);
            }
        }
        self.write(&gate, local)
    }

    fn write(&mut self, gate: &Gate, local: Time) -> Result<(), TestCaseError> {
        let unheld = TIMEOUT + HOLD + CLOCK_MARGIN;
        self.state = Shared::of(gate, unheld, [local; 3], local).to_bytes(&self.rules);
        prop_assert!(self.state.len() <= MAX_SHARED_BYTES);
        Ok(())
    }

    /// A process dies. What it called goes on at the vendor, for no longer than timeout and hold.
    fn kill(&mut self, process: usize) {
        let (dead, out) = std::mem::take(&mut self.out)
            .into_iter()
            .partition(|call: &Call| call.process == process);
        self.out = out;
        for mut call in dead {
            call.ends = call.started.saturating_add(TIMEOUT + HOLD);
            self.sees(&call);
        }
    }

    fn sees(&mut self, call: &Call) {
        self.vendor.sees(Seen {
            started: call.started,
            ended: call.ends,
            counted_at: u8::try_from(call.id % 256).expect("below 256"),
        });
    }
}

#[test]
fn processes_with_different_clocks_never_exceed_a_limit_together() {
    let limits = (
        1_u32..8,
        (1_u64..130, 100_u64..2_500),
        (1_u64..900, 500_u64..9_000),
        any::<bool>(),
    );
    let millis = |most: u64| (0..most).prop_map(Duration::from_millis);
    let clocks = proptest::collection::vec(millis(251), 2..5);
    let step = (0_u64..60, any::<usize>(), millis(400), any::<u8>());
    let steps = proptest::collection::vec(step, 50..400);
    let mut runner = TestRunner::new(config(64));
    let result = runner.run(&(limits, clocks, steps), |(limits, clocks, steps)| {
        let (slots, (calls, per), (more, longer), reserved) = limits;
        let mut window = Limit::window("window", calls, Duration::from_millis(per));
        if reserved && calls > 1 {
            window.reserve = Reserve {
                high: 1,
                ..Reserve::default()
            };
        }
        let rules = Rules {
            limits: vec![
                Limit::concurrency("account", slots),
                window,
                Limit::window("longer", more, Duration::from_millis(longer)),
            ],
            ..Rules::default()
        };
        let mut world = World::new(&rules, clocks);
        let mut now = BEGIN;
        for (after, process, latency, what) in steps {
            now = now.saturating_add(Duration::from_millis(after));
            let process = process % world.clocks.len();
            if what < 8 {
                world.kill(process);
            } else {
                world.turn(process, now, latency, what % 5 == 0)?;
            }
        }
        prop_assert!(world.calls > 0);
        for process in 0..world.clocks.len() {
            world.kill(process);
        }
        world.vendor.judge(&rules).map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// A greedy client with answers at once: what a shared window loses is its margin and its buckets.
#[test]
fn a_shared_window_is_at_most_a_63rd_and_the_margin_under() {
    for calls in [64, 600] {
        let per = Duration::from_secs(60);
        let rules = Rules {
            limits: vec![Limit::window("minute", calls, per)],
            ..Rules::default()
        };
        let mut world = World::new(&rules, vec![Duration::ZERO]);
        let minutes = 30_u32;
        for tenth in 0..minutes * 600 {
            let now = BEGIN.saturating_add(Duration::from_millis(100) * tenth);
            world.turn(0, now, Duration::ZERO, false).unwrap();
        }
        world.vendor.judge(&rules).unwrap();
        // A tenth of a second more for the steps of this test.
        let lateness = rules.limits[0].shared_lateness() + CLOCK_MARGIN;
        let worst = per + lateness + Duration::from_millis(100);
        let least = f64::from(minutes) * 60.0 / worst.as_secs_f64() * calls as f64;
        assert!(
            world.calls as f64 >= least.floor(),
            "{} calls, not {least}",
            world.calls
        );
        assert!(world.calls <= calls * u64::from(minutes + 1));
    }
}

#[test]
fn without_a_hold_for_the_dead_the_vendor_sees_too_many() {
    let rules = Rules {
        limits: vec![Limit::concurrency("account", 1)],
        ..Rules::default()
    };
    let mut world = World::new(&rules, vec![Duration::ZERO; 2]);
    world.turn(0, BEGIN, TIMEOUT, false).unwrap();
    world.kill(0);
    // As if nobody had kept the slot of the one who died.
    world.state = Shared {
        now: BEGIN,
        ..Shared::default()
    }
    .to_bytes(&world.rules);
    world.turn(1, BEGIN, TIMEOUT, false).unwrap();
    world.kill(1);
    assert!(world.vendor.judge(&rules).is_err());
    assert_eq!(world.calls, 2);
}

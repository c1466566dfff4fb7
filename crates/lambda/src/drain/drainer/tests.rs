//! Drainers in a world of their own: virtual time, one item, three queues, a vendor that counts. Writes get lost, writes
//! are made and look lost, drainers die with calls in flight, clocks differ. Nothing may exceed a limit, and every
//! message is served.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use rampmeter_call::Reach;
use rampmeter_dispatch::{Limit, SharedCeiling, Trouble, Whose};

use super::*;

const BEGIN: Time = Time::from_millis(1_795_000_000_000);
const TIMEOUT: Duration = Duration::from_secs(2);
const HOLD: Duration = Duration::from_secs(1);
const HIDDEN: Duration = Duration::from_secs(5);
const MAX_DRAINERS: usize = 6;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A small generator, so that one seed tells the whole run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 20
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A call at the vendor.
#[derive(Clone, Copy, Debug)]
struct Seen {
    started: Time,
    ended: Time,
}

struct Out {
    permit: PermitId,
    message: usize,
    started: Time,
    ends: Time,
    ending: Ending,
}

struct Sim {
    drainer: Drainer,
    skew: Duration,
    hand: Option<usize>,
    out: Vec<Out>,
    wakes_at: Time,
}

struct World {
    chance: Chance,
    terms: Terms,
    trouble: u64,
    now: Time,
    item: Option<(Vec<u8>, u64)>,
    lanes: [VecDeque<usize>; 3],
    hidden: Vec<(Time, usize)>,
    lane_of: Vec<Priority>,
    served: BTreeMap<usize, u32>,
    drainers: Vec<Sim>,
    seen: Vec<Seen>,
    ends: Vec<End>,
    counts: Counts,
    order: Vec<Priority>,
    /// A planted mistake: writes are made whatever the version.
    unconditional: bool,
}

impl World {
    fn new(limits: Vec<Limit>, seed: u64, trouble: u64) -> World {
        let rules = Rules {
            limits,
            ..Rules::default()
        }
        .shared();
        let SharedCeiling { in_flight } = rules.shared_ceiling().expect("it is small");
        World {
            chance: Chance(seed),
            terms: Terms {
                rules,
                in_flight,
                timeout: TIMEOUT,
                hold: HOLD,
                stop_at: Time::MAX,
            },
            trouble,
            now: BEGIN,
            item: None,
            lanes: Default::default(),
            hidden: Vec::new(),
            lane_of: Vec::new(),
            served: BTreeMap::new(),
            drainers: Vec::new(),
            seen: Vec::new(),
            ends: Vec::new(),
            counts: Counts::default(),
            order: Vec::new(),
            unconditional: false,
        }
    }

    fn send(&mut self, lane: Priority) {
        let message = self.lane_of.len();
        self.lane_of.push(lane);
        self.lanes[lane.index()].push_back(message);
    }

    fn is_over(&self) -> bool {
        self.served.len() == self.lane_of.len()
    }

    /// Runs until every message is served, or for so long.
    fn run(&mut self, longest: Duration) {
        let end = BEGIN.saturating_add(longest);
        while !self.is_over() && self.now < end {
            self.wake_drainers();
            let mut index = 0;
            while index < self.drainers.len() {
                index += usize::from(self.turn(index));
            }
            assert!(self.drainers.len() <= MAX_DRAINERS);
            self.pass_time();
        }
        for sim in std::mem::take(&mut self.drainers) {
            self.die(sim);
        }
    }

    /// As the mappings do: a message that is there wakes a drainer.
    fn wake_drainers(&mut self) {
        let (visible, hidden) = std::mem::take(&mut self.hidden)
            .into_iter()
            .partition(|(until, _)| *until <= self.now);
        self.hidden = hidden;
        let visible: Vec<(Time, usize)> = visible;
        for (_, message) in visible {
            self.lanes[self.lane_of[message].index()].push_back(message);
        }
        for lane in Priority::ALL {
            let woken = self
                .drainers
                .iter()
                .filter(|sim| sim.drainer.number == 0 && sim.hand.is_some())
                .count();
            if self.drainers.len() < MAX_DRAINERS
                && woken < 2
                && let Some(message) = self.lanes[lane.index()].pop_front()
            {
                let skew = millis(self.chance.below(250));
                let now = self.now.saturating_add(skew);
                let mut terms = self.terms.clone();
                terms.stop_at = now.saturating_add(Duration::from_secs(30));
                let owner = u32::try_from(self.chance.next() % (1 << 31)).expect("31 bits");
                self.drainers.push(Sim {
                    drainer: Drainer::new(terms, owner, Some(lane), now),
                    skew,
                    hand: Some(message),
                    out: Vec::new(),
                    wakes_at: self.now,
                });
            }
        }
    }

    /// One drainer's turn; false if it is gone and another stands in its place.
    fn turn(&mut self, index: usize) -> bool {
        let mut sim = self.drainers.swap_remove(index);
        let local = self.now.saturating_add(sim.skew);
        let (ended, out) = std::mem::take(&mut sim.out)
            .into_iter()
            .partition(|out: &Out| out.ends <= self.now);
        sim.out = out;
        let ended: Vec<Out> = ended;
        let mut happened = !ended.is_empty();
        for out in ended {
            self.seen.push(Seen {
                started: out.started,
                ended: out.ends,
            });
            sim.drainer.ended(out.permit, out.ending);
            match out.ending {
                Ending::Answered => *self.served.entry(out.message).or_default() += 1,
                _ => self
                    .hidden
                    .push((self.now.saturating_add(millis(500)), out.message)),
            }
        }
        happened |= sim.wakes_at <= self.now;
        let mut ends = None;
        let mut budget = 200;
        while happened && ends.is_none() {
            budget -= 1;
            assert!(budget > 0, "a drainer does not come to rest");
            match sim.drainer.step(local, self.chance.next()) {
                Step::Wait(until) => {
                    let wait = until.saturating_since(local).max(millis(1));
                    sim.wakes_at = self.now.saturating_add(wait);
                    happened = false;
                }
                Step::End(end) => ends = Some(end),
                step => self.perform(&mut sim, step, local),
            }
        }
        let dies = self.trouble > 0 && self.chance.below(1_000) < self.trouble / 5;
        if let Some(end) = ends {
            self.ends.push(end);
            assert!(sim.out.is_empty(), "no drainer ends while a call is out");
        } else if !dies {
            let last = self.drainers.len();
            self.drainers.push(sim);
            self.drainers.swap(index, last);
            return true;
        }
        self.die(sim);
        false
    }

    fn perform(&mut self, sim: &mut Sim, step: Step, local: Time) {
        match step {
            Step::Read => {
                let item = self.item.as_ref();
                let item = item.map(|(bytes, version)| (bytes.as_slice(), *version));
                sim.drainer.has_read(item, local).expect("it is ours");
            }
            Step::Write { state, version } => {
                assert!(state.len() <= rampmeter_dispatch::MAX_SHARED_BYTES);
                let current = self.item.as_ref().map(|(_, version)| *version);
                let fits = (self.unconditional || current == version)
                    && !self.chance.percent(self.trouble);
                if fits {
                    self.item = Some((state, version.map_or(1, |version| version + 1)));
                }
                // One that was made may look as if it was not.
                let looks_made = fits && !self.chance.percent(self.trouble);
                let written = if looks_made {
                    Written::Done
                } else {
                    Written::Lost
                };
                sim.drainer.has_written(written, local, self.chance.next());
            }
            Step::Receive { lane, permits } => {
                let queue = &mut self.lanes[lane.index()];
                let count = permits.len().min(queue.len());
                let messages: Vec<usize> = queue.drain(..count).collect();
                let used = sim.drainer.has_received(lane, &permits, count, local);
                for (permit, message) in used.into_iter().zip(messages) {
                    self.call(sim, permit, message, local);
                }
            }
            Step::UseHand { permit } => {
                let message = sim.hand.take().expect("it is in hand");
                self.call(sim, permit, message, local);
            }
            Step::HandBack { after } => {
                let message = sim.hand.take().expect("it is in hand");
                self.hidden
                    .push((self.now.saturating_add(after + millis(5)), message));
            }
            Step::Wait(_) | Step::End(_) => unreachable!("handled before"),
        }
    }

    fn call(&mut self, sim: &mut Sim, permit: PermitId, message: usize, local: Time) {
        let leaves = sim
            .drainer
            .leave_before(permit)
            .is_some_and(|at| local <= at);
        if !leaves || self.chance.percent(self.trouble / 4) {
            sim.drainer.ended(permit, Ending::Unused);
            self.hidden.push((self.now, message));
            return;
        }
        self.order.push(self.lane_of[message]);
        let lost = self.chance.percent(self.trouble / 4);
        let takes = if lost {
            TIMEOUT
        } else {
            millis(20 + self.chance.below(600))
        };
        sim.out.push(Out {
            permit,
            message,
            started: self.now,
            ends: self.now.saturating_add(takes),
            ending: if lost { Ending::Lost } else { Ending::Answered },
        });
    }

    /// A process is gone: what it called goes on at the vendor, what it held comes again.
    fn die(&mut self, sim: Sim) {
        let counts = sim.drainer.counts();
        self.counts.writes += counts.writes;
        self.counts.taken += counts.taken;
        self.counts.given_back += counts.given_back;
        for out in sim.out {
            self.seen.push(Seen {
                started: out.started,
                ended: out.started.saturating_add(TIMEOUT + HOLD),
            });
            self.hidden
                .push((self.now.saturating_add(HIDDEN), out.message));
        }
        if let Some(message) = sim.hand {
            self.hidden.push((self.now.saturating_add(HIDDEN), message));
        }
    }

    fn pass_time(&mut self) {
        let sims = self.drainers.iter();
        let outs = sims
            .clone()
            .flat_map(|sim| sim.out.iter().map(|out| out.ends));
        let wakes = sims.map(|sim| sim.wakes_at);
        let hidden = self.hidden.iter().map(|(until, _)| *until);
        let next = outs.chain(wakes).chain(hidden).min();
        let least = self.now.saturating_add(millis(1));
        self.now = next.unwrap_or(least).max(least);
    }

    /// The vendor's own count of calls at once and of calls in a window, wherever it is placed.
    fn judge(&self, slots: usize, calls: usize, per: Duration) -> Result<(), TestCaseError> {
        let mut changes: Vec<(Time, bool)> = Vec::new();
        for seen in &self.seen {
            changes.push((seen.ended, false));
            changes.push((seen.started, true));
        }
        changes.sort_unstable();
        let mut in_flight = 0_usize;
        for (moment, starts) in changes {
            if starts {
                in_flight += 1;
            } else {
                in_flight = in_flight.saturating_sub(1);
            }
            prop_assert!(in_flight <= slots, "{in_flight} at once at {moment:?}");
        }
        for counted in [|seen: &Seen| seen.started, |seen: &Seen| seen.ended] {
            let mut moments: Vec<Time> = self.seen.iter().map(counted).collect();
            moments.sort_unstable();
            for row in moments.windows(calls + 1) {
                let apart = row[calls].saturating_since(row[0]);
                prop_assert!(apart >= per, "{} calls within {apart:?}", calls + 1);
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn drainers_together_exceed_nothing_and_serve_every_message(
        seed in any::<u64>(),
        slots in 1_u32..12,
        calls in 2_u64..80,
        messages in proptest::collection::vec(0_usize..3, 1..160),
        trouble in prop_oneof![Just(0_u64), Just(20)],
    ) {
        let per = Duration::from_secs(1);
        let limits = vec![Limit::concurrency("account", slots), Limit::window("second", calls, per)];
        let mut world = World::new(limits, seed, trouble);
        for lane in &messages {
            world.send(Priority::ALL[*lane]);
        }
        world.run(Duration::from_secs(3_600));
        prop_assert!(
            world.is_over(),
            "{} of {} messages were served; ends: {:?}",
            world.served.len(), messages.len(), world.ends
        );
        world.judge(slots as usize, usize::try_from(calls).expect("below 80"), per)?;
    }
}

#[test]
fn an_urgent_message_passes_a_backlog_and_the_backlog_is_not_starved() {
    let mut world = World::new(vec![Limit::concurrency("account", 1)], 7, 0);
    for _ in 0..60 {
        world.send(Priority::Batch);
        world.send(Priority::High);
    }
    world.run(Duration::from_secs(600));
    assert!(world.is_over());
    let first_half = &world.order[..60];
    let high = first_half
        .iter()
        .filter(|lane| **lane == Priority::High)
        .count();
    assert!(high >= 50, "{high} of the first 60 are HIGH");
    assert!(high < 60, "BATCH is due after 20 deferrals");
}

#[test]
fn a_write_for_each_call_is_enough_where_one_drainer_is_at_work() {
    let mut world = World::new(vec![Limit::concurrency("account", 8)], 3, 0);
    for _ in 0..400 {
        world.send(Priority::Medium);
    }
    world.run(Duration::from_secs(600));
    assert!(world.is_over());
    let writes = world.counts.writes;
    assert!(writes <= 2 * 400, "{writes} writes for 400 calls");
}

#[test]
fn a_target_that_is_closed_for_long_sends_its_drainer_home() {
    let mut world = World::new(
        vec![Limit::window("hour", 1, Duration::from_secs(3_600))],
        5,
        0,
    );
    world.send(Priority::High);
    world.send(Priority::High);
    world.run(Duration::from_secs(60));
    let closed = |end: &End| matches!(end, End::Closed { .. });
    assert!(world.ends.iter().any(closed), "{:?}", world.ends);
    assert_eq!(world.served.len(), 1);
}

#[test]
fn what_an_unacknowledged_write_took_is_taken_up_and_not_taken_twice() {
    let terms = Terms {
        rules: Rules {
            limits: vec![Limit::concurrency("account", 1)],
            ..Rules::default()
        },
        in_flight: 10,
        timeout: TIMEOUT,
        hold: HOLD,
        stop_at: Time::MAX,
    };
    let mut drainer = Drainer::new(terms, 9, Some(Priority::High), BEGIN);
    assert_eq!(drainer.step(BEGIN, 0), Step::Read);
    drainer.has_read(None, BEGIN).unwrap();
    let Step::Write { state, version } = drainer.step(BEGIN, 0) else {
        panic!("it takes a permit");
    };
    assert_eq!(version, None);
    // Made, but nobody said so.
    drainer.has_written(Written::Lost, BEGIN, 0);
    assert_eq!(drainer.step(BEGIN, 0), Step::Read);
    drainer.has_read(Some((&state, 1)), BEGIN).unwrap();
    assert!(matches!(drainer.step(BEGIN, 0), Step::UseHand { .. }));
    assert!(matches!(drainer.step(BEGIN, 0), Step::Wait(_)));
}

#[test]
fn calls_that_cannot_connect_close_the_target_for_every_drainer_and_hear_whose_trouble_it_is() {
    let rules = Rules {
        limits: vec![Limit::concurrency("account", 3)],
        ..Rules::default()
    };
    let terms = Terms {
        rules: rules.clone(),
        in_flight: 10,
        timeout: TIMEOUT,
        hold: HOLD,
        stop_at: Time::MAX,
    };
    let mut drainer = Drainer::new(terms, 9, None, BEGIN);
    let mut item: Option<(Vec<u8>, u64)> = None;
    let mut now = BEGIN;
    let mut calls = 0;
    let mut heard: Vec<Judgement> = Vec::new();
    while heard
        .last()
        .is_none_or(|judgement| judgement.closed_for.is_none())
    {
        match drainer.step(now, 0) {
            Step::Read => {
                let item = item.as_ref().map(|(state, version)| (&state[..], *version));
                drainer.has_read(item, now).unwrap();
            }
            Step::Write { state, version } => {
                item = Some((state, version.map_or(1, |version| version + 1)));
                drainer.has_written(Written::Done, now, 0);
            }
            Step::Receive { lane, permits } => {
                for permit in drainer.has_received(lane, &permits, permits.len(), now) {
                    calls += 1;
                    let wrong = WentWrong {
                        end: PermitEnd::Troubled {
                            kind: Trouble::Unreachable,
                            reach: Reach::NotSent,
                        },
                        call: calls,
                        refusals: 0,
                    };
                    drainer.ended(permit, Ending::Wrong(wrong));
                }
            }
            Step::Wait(until) => now = until,
            other => panic!("{other:?}"),
        }
        let judgements = drainer.take_judgements().into_iter();
        heard.extend(judgements.map(|(_, judgement)| judgement));
        assert!(calls < 20, "{heard:?}");
    }
    assert!(
        heard
            .iter()
            .all(|judgement| judgement.whose == Whose::Account)
    );
    let (state, _) = item.expect("it was written");
    let shared = Shared::from_bytes(&state).unwrap();
    let trouble = shared.gate(&rules, now).trouble();
    assert_eq!(
        trouble.map(|trouble| trouble.kind),
        Some(Trouble::Unreachable)
    );
}

#[test]
fn writes_without_a_condition_are_seen_to_break_the_limit() {
    let broken = (0..20).filter(|seed| {
        let mut world = World::new(vec![Limit::concurrency("account", 2)], *seed, 20);
        world.unconditional = true;
        for _ in 0..120 {
            world.send(Priority::High);
            world.send(Priority::Batch);
        }
        world.run(Duration::from_secs(600));
        world.judge(2, 1_000, Duration::ZERO).is_err()
    });
    assert!(broken.count() > 0, "the judge of this test sees nothing");
}

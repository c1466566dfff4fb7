//! The world that drainers are tested in: virtual time, one item, three queues, a vendor that counts.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proptest::prelude::*;
use rampmeter_dispatch::{Limit, PermitId, Priority, Rules, SharedCeiling, Time};

use super::super::super::action::{Action, Counts, End, GRACE, Terms, Written};
use super::super::Drainer;
use crate::ending::Ending;
use crate::shared::{Generation, Item};

pub(super) const BEGIN: Time = Time::from_millis(1_795_000_000_000);
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);
pub(super) const HOLD: Duration = Duration::from_secs(1);
pub(super) const HIDDEN: Duration = Duration::from_secs(5);
pub(super) const MAX_DRAINERS: usize = 6;
/// The digests of the first configuration, and of the one that is deployed over it.
pub(super) const FIRST: u64 = 1;
pub(super) const SECOND: u64 = 2;

pub(super) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A small random generator, so that one seed determines the whole run.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 20
    }

    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A call at the vendor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) started: Time,
    pub(super) ended: Time,
}

pub(super) struct Out {
    pub(super) permit: PermitId,
    pub(super) message: usize,
    pub(super) started: Time,
    pub(super) ends: Time,
    pub(super) ending: Ending,
}

pub(super) struct Sim {
    pub(super) drainer: Drainer,
    pub(super) skew: Duration,
    pub(super) hand: Option<usize>,
    pub(super) out: Vec<Out>,
    pub(super) wakes_at: Time,
}

pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) terms: Terms,
    pub(super) trouble: u64,
    pub(super) now: Time,
    pub(super) item: Option<Item>,
    /// From when on drainers begin with these rules instead.
    pub(super) later: Option<(Time, Rules)>,
    /// When the first drainer of the later rules wrote.
    pub(super) taken_over: Option<Time>,
    pub(super) lanes: [VecDeque<usize>; 3],
    pub(super) hidden: Vec<(Time, usize)>,
    pub(super) lane_of: Vec<Priority>,
    pub(super) served: BTreeMap<usize, u32>,
    pub(super) drainers: Vec<Sim>,
    pub(super) seen: Vec<Seen>,
    pub(super) ends: Vec<End>,
    pub(super) counts: Counts,
    pub(super) order: Vec<Priority>,
    /// A planted mistake: writes succeed whatever the version.
    pub(super) unconditional: bool,
}

/// What the drainers of the first configuration hold to.
pub(super) fn terms(rules: Rules, in_flight: u32) -> Terms {
    Terms {
        rules,
        in_flight,
        timeout: TIMEOUT,
        hold: HOLD,
        stop_at: Time::MAX,
        generation: Generation::begun(FIRST, BEGIN),
    }
}

impl World {
    pub(super) fn new(limits: Vec<Limit>, seed: u64, trouble: u64) -> World {
        let rules = Rules {
            limits,
            ..Rules::default()
        }
        .shared();
        let SharedCeiling { in_flight } = rules.shared_ceiling().expect("it is small");
        World {
            chance: Chance(seed),
            terms: terms(rules, in_flight),
            trouble,
            now: BEGIN,
            item: None,
            later: None,
            taken_over: None,
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

    pub(super) fn send(&mut self, lane: Priority) {
        let message = self.lane_of.len();
        self.lane_of.push(lane);
        self.lanes[lane.index()].push_back(message);
    }

    pub(super) fn is_over(&self) -> bool {
        self.served.len() == self.lane_of.len()
    }

    /// Runs until every message is served, or for so long.
    pub(super) fn run(&mut self, longest: Duration) {
        self.run_on(longest);
        for sim in std::mem::take(&mut self.drainers) {
            self.die(sim);
        }
    }

    /// The same, but drainers at work at the end are left as they are.
    pub(super) fn run_on(&mut self, longest: Duration) {
        let end = self.now.saturating_add(longest);
        while !self.is_over() && self.now < end {
            self.wake_drainers();
            let mut index = 0;
            while index < self.drainers.len() {
                index += usize::from(self.turn(index));
            }
            assert!(self.drainers.len() <= MAX_DRAINERS);
            self.pass_time();
        }
    }

    /// As the event source mappings do: a waiting message wakes a drainer.
    pub(super) fn wake_drainers(&mut self) {
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
                terms.generation.since = now;
                // Lambda takes a few seconds to replace the old configuration everywhere.
                let deployed = self.later.as_ref().filter(|(from, _)| {
                    let late = millis(self.chance.below(3_000));
                    self.now >= from.saturating_add(late)
                });
                if let Some((_, rules)) = deployed {
                    terms.rules = rules.clone();
                    terms.generation.digest = SECOND;
                }
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

    /// One drainer's turn; `false` if it is gone and another has taken its index.
    pub(super) fn turn(&mut self, index: usize) -> bool {
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
                Action::Wait(until) => {
                    let wait = until.saturating_since(local).max(millis(1));
                    sim.wakes_at = self.now.saturating_add(wait);
                    happened = false;
                }
                Action::End(end) => ends = Some(end),
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

    pub(super) fn perform(&mut self, sim: &mut Sim, step: Action, local: Time) {
        match step {
            Action::Read => {
                let item = self.item.as_ref();
                sim.drainer.has_read(item, local).expect("it is ours");
            }
            Action::Write {
                state,
                version,
                generation,
                orders,
            } => {
                if self.later.is_none() {
                    assert!(state.len() <= rampmeter_dispatch::MAX_SHARED_BYTES);
                }
                let current = self.item.as_ref().map(|item| item.version);
                let fits = (self.unconditional || current == version)
                    && !self.chance.percent(self.trouble);
                if fits {
                    if generation.digest == SECOND {
                        self.taken_over.get_or_insert(self.now);
                    }
                    self.item = Some(Item {
                        state,
                        version: version.map_or(1, |version| version + 1),
                        generation,
                        orders,
                    });
                }
                // A write that succeeded may look as if it had not.
                let looks_made = fits && !self.chance.percent(self.trouble);
                let written = if looks_made {
                    Written::Done
                } else {
                    Written::Lost
                };
                sim.drainer.has_written(written, local, self.chance.next());
            }
            Action::Receive { lane, permits } => {
                let queue = &mut self.lanes[lane.index()];
                let count = permits.len().min(queue.len());
                let messages: Vec<usize> = queue.drain(..count).collect();
                let used = sim.drainer.has_received(lane, &permits, count, local);
                for (permit, message) in used.into_iter().zip(messages) {
                    self.call(sim, permit, message, local);
                }
            }
            Action::UseHand { permit } => {
                let message = sim.hand.take().expect("it is in hand");
                self.call(sim, permit, message, local);
            }
            Action::HandBack { after } => {
                let message = sim.hand.take().expect("it is in hand");
                self.hidden
                    .push((self.now.saturating_add(after + millis(5)), message));
            }
            Action::Wait(_) | Action::End(_) => unreachable!("handled before"),
        }
    }

    pub(super) fn call(&mut self, sim: &mut Sim, permit: PermitId, message: usize, local: Time) {
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
    pub(super) fn die(&mut self, sim: Sim) {
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

    pub(super) fn pass_time(&mut self) {
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

    /// The same for each call that started after the later rules took over: it must have found room in them. A window
    /// under a new name counts from then on.
    pub(super) fn judge_later(
        &self,
        slots: usize,
        calls: usize,
        per: Duration,
        renamed: bool,
    ) -> Result<(), TestCaseError> {
        let Some(taken_over) = self.taken_over else {
            return Ok(());
        };
        // A permit taken before may be used for a while afterwards.
        let from = taken_over.saturating_add(GRACE);
        for call in self.seen.iter().filter(|call| call.started > from) {
            let beside = |seen: &&Seen| seen.started <= call.started && seen.ended > call.started;
            let at_once = self.seen.iter().filter(beside).count();
            prop_assert!(at_once <= slots, "{at_once} at once at {:?}", call.started);
            let recent = |seen: &&Seen| {
                let counted = !renamed || seen.started > from;
                counted
                    && seen.started <= call.started
                    && call.started.saturating_since(seen.started) < per
            };
            let in_window = self.seen.iter().filter(recent).count();
            prop_assert!(
                in_window <= calls,
                "{in_window} in a window at {:?}",
                call.started
            );
        }
        Ok(())
    }

    /// The vendor's own count of calls at once and of calls in a window, wherever it is placed.
    pub(super) fn judge(
        &self,
        slots: usize,
        calls: usize,
        per: Duration,
    ) -> Result<(), TestCaseError> {
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

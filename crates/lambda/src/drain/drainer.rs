//! What a drainer does next: which permits to take, which queue to receive from, what to write, when to end. Pure: it
//! is given the time, what was read and written, and what became of each call.
//!
//! A drainer decides with a [`Gate`](rampmeter_dispatch::Gate) made from the target's item, and none of its decisions
//! counts until the item is written, on condition that nobody has written since. So all drainers of a target decide one
//! after the other, and a lost write costs a read and another attempt. A permit is taken before its message is
//! received: no drainer has a message that it may not start, and a message that nobody may start stays in its queue,
//! where every drainer sees it. A permit for which the queue has no message is given back with the next write.

mod hand_over;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rampmeter_call::{EndedRequest, Judgement, PermitEnd};
use rampmeter_dispatch::{
    CLOCK_MARGIN, Decision, Gate, PermitId, Priority, Rules, Shared, Time, Undecodable, Waiting,
};
use rampmeter_orders::Orders;

use super::action::{Action, Counts, End, GRACE, MAX_RECEIVED, Terms, Written};
use super::empty_hints::EmptyHints;
use crate::ending::{Ending, WentWrong};
use crate::shared::{Generation, Item};

/// The most calls that one environment has in flight.
const MAX_CALLS: usize = 200;
/// A drainer that may start nothing for this long ends.
const PATIENCE: Duration = Duration::from_secs(20);
/// While a target is closed for longer than this, its queues do not wake it.
pub(crate) const LONG_CLOSED: Duration = Duration::from_secs(60);
/// How long the message that woke a drainer is hidden while its lane is paused by a person. Where no drainer runs, a
/// resume is noticed at most this late.
const PAUSED_POLL: Duration = Duration::from_secs(30);
/// How soon a drainer that may start nothing reads the item again: at first, and at most.
const RECEIVE_DELAYS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Idle,
    /// A message is being received for it.
    Asked,
    Used,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    lane: Priority,
    /// The lanes that could have started instead.
    admitted: Waiting,
    since: Time,
    used: Use,
}

struct Known {
    shared: Shared,
    version: Option<u64>,
    generation: Generation,
    orders: Orders,
    /// The configured limits, unless an order lowers them.
    rules: Rules,
}

struct Writing {
    bytes: Vec<u8>,
    version: Option<u64>,
    generation: Generation,
    orders: Orders,
    /// Ended permits are left in the item for drainers of a later configuration.
    hands_over: bool,
    starts: Vec<(PermitId, Lease)>,
    foreign_throttles: u64,
    judgements: Vec<(PermitId, Judgement)>,
}

/// What the gate learned from the calls that ended.
#[derive(Default)]
struct Applied {
    /// Throttles although our own limits had room.
    foreign_throttles: u64,
    /// What the gate says of those that went wrong.
    judgements: Vec<(PermitId, Judgement)>,
}

/// What a plan came to.
enum Plan {
    Write(Writing),
    /// Nothing to write; a waiting lane may start at this moment.
    Nothing {
        opens_at: Option<Time>,
        waits: bool,
    },
}

/// One drainer.
pub(crate) struct Drainer {
    terms: Terms,
    owner: u32,
    number: u32,
    known: Option<Known>,
    writing: Option<Writing>,
    leases: BTreeMap<PermitId, Lease>,
    /// Ended, and not written yet.
    pending: BTreeMap<PermitId, Ending>,
    /// Kept for calls of unknown outcome, or for others to release; never used again.
    lost: BTreeSet<PermitId>,
    beliefs: EmptyHints,
    /// The lane of the message that woke it, while it is in hand.
    hand: Option<Priority>,
    progress_at: Time,
    look_at: Time,
    receive_after: Duration,
    lost_writes: u32,
    counts: Counts,
    /// What the gate said of calls that went wrong, once it is written.
    judgements: Vec<(PermitId, Judgement)>,
}

impl Drainer {
    /// A drainer with a name that no other has: any random number.
    pub(crate) fn new(terms: Terms, owner: u32, hand: Option<Priority>, now: Time) -> Drainer {
        Drainer {
            terms,
            // Permits are positive numbers.
            owner: owner & 0x7fff_ffff,
            number: 0,
            known: None,
            writing: None,
            leases: BTreeMap::new(),
            pending: BTreeMap::new(),
            lost: BTreeSet::new(),
            beliefs: EmptyHints::default(),
            hand,
            progress_at: now,
            look_at: now,
            receive_after: RECEIVE_DELAYS[0],
            lost_writes: 0,
            counts: Counts::default(),
            judgements: Vec::new(),
        }
    }

    /// What the gate says of calls that went wrong: all that has been written and was not taken before.
    pub(crate) fn take_judgements(&mut self) -> Vec<(PermitId, Judgement)> {
        std::mem::take(&mut self.judgements)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Until when the call of a permit may leave.
    pub(crate) fn leave_before(&self, permit: PermitId) -> Option<Time> {
        let lease = self.leases.get(&permit)?;
        Some(lease.since.saturating_add(GRACE))
    }

    /// Decides what to do now. `random` is any random number.
    pub(crate) fn step(&mut self, now: Time, random: u64) -> Action {
        if let Some(step) = self.use_permits(now) {
            return step;
        }
        if now < self.look_at && self.known.is_none() {
            return Action::Wait(self.look_at);
        }
        if self.known.is_none() {
            return Action::Read;
        }
        match self.plan(now, random) {
            Plan::Write(writing) => {
                let step = Action::Write {
                    state: writing.bytes.clone(),
                    version: writing.version,
                    generation: writing.generation,
                    orders: writing.orders.clone(),
                };
                self.writing = Some(writing);
                step
            }
            Plan::Nothing { opens_at, waits } => self.rest(opens_at, waits, now),
        }
    }

    /// Takes in the item; `None` if there is none yet.
    ///
    /// # Errors
    /// When the item is not one of ours.
    pub(crate) fn has_read(&mut self, item: Option<&Item>, now: Time) -> Result<(), Undecodable> {
        self.counts.reads += 1;
        let shared = match item {
            Some(item) => Shared::from_bytes(&item.state)?,
            None => Shared::default(),
        };
        let ours = |id: PermitId| (id >> 32) == i64::from(self.owner);
        for permit in shared.permits.iter().filter(|permit| ours(permit.id)) {
            // From a write that was never acknowledged.
            let known = self.leases.contains_key(&permit.id)
                || self.pending.contains_key(&permit.id)
                || self.lost.contains(&permit.id);
            if !known {
                let lease = Lease {
                    lane: permit.priority,
                    admitted: Waiting::NONE,
                    since: permit.started_at,
                    used: Use::Idle,
                };
                self.leases.insert(permit.id, lease);
            }
        }
        let open: BTreeSet<PermitId> = shared.permits.iter().map(|permit| permit.id).collect();
        self.leases
            .retain(|id, lease| lease.used != Use::Idle || open.contains(id));
        let version = item.map(|item| item.version);
        let Item {
            generation, orders, ..
        } = item.cloned().unwrap_or_default();
        self.known = Some(Known {
            shared,
            version,
            generation,
            rules: orders.rules(&self.terms.rules),
            orders,
        });
        self.look_at = now.saturating_add(self.receive_after);
        Ok(())
    }

    /// How the write of the last step went. `random` is any random number.
    pub(crate) fn has_written(&mut self, written: Written, now: Time, random: u64) {
        let writing = self.writing.take();
        let writing = writing.expect("only what a step asked for is written");
        self.counts.writes += 1;
        if written == Written::Lost {
            self.counts.conflicts += 1;
            self.known = None;
            self.lost_writes = (self.lost_writes + 1).min(6);
            // Wait until whoever was first has written: at most 1, 2, 4 ... 64 ms.
            let most = 1_000_u64 << self.lost_writes;
            self.look_at = now.saturating_add(Duration::from_micros(random % most));
            return;
        }
        let shared = Shared::from_bytes(&writing.bytes).expect("we have just written it");
        self.known = Some(Known {
            shared,
            version: Some(writing.version.map_or(1, |version| version + 1)),
            generation: writing.generation,
            rules: writing.orders.rules(&self.terms.rules),
            orders: writing.orders,
        });
        self.lost_writes = 0;
        self.counts.foreign_throttles += writing.foreign_throttles;
        self.judgements.extend(writing.judgements);
        for (id, ending) in std::mem::take(&mut self.pending) {
            let lease = self.leases.remove(&id);
            if ending == Ending::Lost || writing.hands_over {
                self.lost.insert(id);
            }
            if ending == Ending::Unused && lease.is_some() {
                self.counts.given_back += 1;
            }
        }
        self.beliefs.were_written();
        if !writing.starts.is_empty() {
            self.counts.taken += writing.starts.len() as u64;
            self.progress_at = now;
            self.receive_after = RECEIVE_DELAYS[0];
        }
        self.leases.extend(writing.starts);
        self.look_at = now.saturating_add(self.receive_after);
    }

    /// A receive brought so many messages for its permits. Returns the permits to use for them, in order.
    pub(crate) fn has_received(
        &mut self,
        lane: Priority,
        permits: &[PermitId],
        messages: usize,
        now: Time,
    ) -> Vec<PermitId> {
        self.beliefs
            .has_received(lane, permits.len(), messages, now);
        let (used, unused) = permits.split_at(messages.min(permits.len()));
        for permit in used {
            if let Some(lease) = self.leases.get_mut(permit) {
                lease.used = Use::Used;
            }
        }
        for permit in unused {
            self.ended(*permit, Ending::Unused);
        }
        used.to_vec()
    }

    /// The call of a permit has ended, or never left.
    pub(crate) fn ended(&mut self, permit: PermitId, ending: Ending) {
        let is_throttle = matches!(
            ending,
            Ending::Wrong(WentWrong {
                end: PermitEnd::Throttled { .. },
                ..
            })
        );
        self.counts.throttles += u64::from(is_throttle);
        self.pending.insert(permit, ending);
    }

    /// What can be done with the permits at hand.
    fn use_permits(&mut self, now: Time) -> Option<Action> {
        let idle: Vec<PermitId> = self.idle().collect();
        for id in idle {
            if self.is_succeeded() || now >= self.leases[&id].since.saturating_add(GRACE) {
                self.ended(id, Ending::Unused);
                self.set_use(id, Use::Asked);
            }
        }
        let for_hand = self
            .hand
            .and_then(|lane| self.idle().find(|id| self.leases[id].lane == lane));
        if let Some(permit) = for_hand {
            self.hand = None;
            self.set_use(permit, Use::Used);
            return Some(Action::UseHand { permit });
        }
        let lane = Priority::ALL
            .into_iter()
            .find(|lane| self.idle().any(|id| self.leases[&id].lane == *lane))?;
        let of_lane = self.idle().filter(|id| self.leases[id].lane == lane);
        let permits: Vec<PermitId> = of_lane.take(MAX_RECEIVED).collect();
        for id in &permits {
            self.set_use(*id, Use::Asked);
        }
        Some(Action::Receive { lane, permits })
    }

    fn idle(&self) -> impl Iterator<Item = PermitId> {
        let idle = |(_, lease): &(&PermitId, &Lease)| lease.used == Use::Idle;
        self.leases.iter().filter(idle).map(|(id, _)| *id)
    }

    fn set_use(&mut self, permit: PermitId, used: Use) {
        if let Some(lease) = self.leases.get_mut(&permit) {
            lease.used = used;
        }
    }

    /// What there is to write: what ended, and what starts instead.
    fn plan(&mut self, now: Time, random: u64) -> Plan {
        if self.is_succeeded() {
            return self.hand_over(now);
        }
        let known = self.known.as_ref().expect("the item was read");
        let (shared, version) = (known.shared.clone(), known.version);
        let generation = self.terms.generation.kept(known.generation);
        let succeeds = self.terms.generation.succeeds(known.generation);
        let (rules, orders) = (known.rules.clone(), known.orders.clone());
        let now = now.max(shared.now);
        let mut gate = shared.gate(&rules, now);
        orders.hold(&mut gate);
        gate.release_holds(now);
        let ended = self.apply_endings(&mut gate, now, random);
        let (empty_until, contradicted) = self.beliefs.applied(shared.empty_until, now);
        let mut waiting = Waiting::NONE;
        for lane in Priority::ALL {
            waiting.set(
                lane,
                empty_until[lane.index()] <= now || self.hand == Some(lane),
            );
        }
        let waits = waiting.any();
        let (starts, opens_at) = self.start(&mut gate, waiting, now);
        // Drainers of an older configuration should see this at once, even if nothing can start.
        if ended.is_none() && !contradicted && starts.is_empty() && !succeeds {
            return Plan::Nothing { opens_at, waits };
        }
        let mut next = Shared::of(&gate, self.terms.kept(), empty_until, now);
        next.keep_unknown(&shared, &rules);
        let Applied {
            foreign_throttles,
            judgements,
        } = ended.unwrap_or_default();
        Plan::Write(Writing {
            bytes: next.to_bytes(&rules),
            version,
            generation,
            orders,
            hands_over: false,
            starts,
            foreign_throttles,
            judgements,
        })
    }

    /// Tells the gate what ended. Permits that are no longer open were given up by another drainer when their time was
    /// over, or ended in a write that was never acknowledged. `None` if nothing ended.
    fn apply_endings(&mut self, gate: &mut Gate, now: Time, random: u64) -> Option<Applied> {
        let mut endings = None;
        for (id, ending) in self.pending.clone() {
            let lease = self.leases.get(&id).copied();
            if !gate.is_open(id) {
                self.leases.remove(&id);
                if let Some(Ending::Wrong(_)) = self.pending.remove(&id) {
                    self.judgements.push((id, Judgement::CALL));
                }
                continue;
            }
            let applied = endings.get_or_insert_with(Applied::default);
            match ending {
                Ending::Answered => {
                    gate.finish(id, now);
                }
                Ending::UsedUp(resets_in) => {
                    gate.finish(id, now);
                    gate.feedback(now).used_up(resets_in);
                }
                Ending::Wrong(wrong) => {
                    let request = EndedRequest {
                        permit: id,
                        call: wrong.call,
                        refusals: wrong.refusals,
                        held_until: self.held_until(lease, now),
                        now,
                        jitter: random,
                    };
                    let reply = wrong.end.settle(gate, &request);
                    let throttle = reply.throttle;
                    applied.foreign_throttles +=
                        u64::from(throttle.is_some_and(|report| report.under_our_limit));
                    applied.judgements.push((id, reply.judgement));
                }
                Ending::Lost => gate.hold(id, self.held_until(lease, now)),
                Ending::Unused => {
                    let admitted = lease.map_or(Waiting::NONE, |lease| lease.admitted);
                    gate.give_back(id, admitted, now);
                }
            }
        }
        endings
    }

    /// Until when the vendor may still be working on a call whose answer was lost.
    fn held_until(&self, lease: Option<Lease>, now: Time) -> Time {
        let since = lease.map_or(now, |lease| lease.since);
        let kept = since.saturating_add(self.terms.kept());
        kept.max(now.saturating_add(self.terms.hold + CLOCK_MARGIN))
    }

    /// Takes permits while the gate offers them.
    fn start(
        &mut self,
        gate: &mut Gate,
        mut waiting: Waiting,
        now: Time,
    ) -> (Vec<(PermitId, Lease)>, Option<Time>) {
        let mut starts = Vec::new();
        if now >= self.terms.stop_at {
            return (starts, None);
        }
        let mut outstanding = self.outstanding();
        loop {
            for lane in waiting.lanes() {
                if outstanding[lane.index()] >= self.beliefs.most_at_once(lane) {
                    waiting.set(lane, false);
                }
            }
            let out = self.leases.len() - self.pending.len().min(self.leases.len()) + starts.len();
            if out >= MAX_CALLS || gate.in_flight() >= u64::from(self.terms.in_flight) {
                return (starts, None);
            }
            match gate.decide(waiting, now) {
                Decision::Start(lane) => {
                    let lease = Lease {
                        lane,
                        admitted: gate.view(now).admitted(waiting),
                        since: now,
                        used: Use::Idle,
                    };
                    self.number += 1;
                    let id = i64::from(self.owner) << 32 | i64::from(self.number);
                    gate.start(id, lane, waiting, now);
                    outstanding[lane.index()] += 1;
                    starts.push((id, lease));
                }
                Decision::NotBefore(opens_at) => return (starts, opens_at),
                Decision::Idle => return (starts, None),
            }
        }
    }

    /// Permits of each lane that have no message yet.
    fn outstanding(&self) -> [usize; 3] {
        let mut outstanding = [0; 3];
        for (id, lease) in &self.leases {
            let outstands = lease.used != Use::Used && !self.pending.contains_key(id);
            outstanding[lease.lane.index()] += usize::from(outstands);
        }
        outstanding
    }

    /// There is nothing to write and nothing to receive.
    fn rest(&mut self, opens_at: Option<Time>, waits: bool, now: Time) -> Action {
        let known = self.known.as_ref().expect("the item was read");
        let now = now.max(known.shared.now);
        if let Some(lane) = self.hand.take() {
            self.beliefs.has_seen(lane);
            let until = known.shared.lane_closed_until(lane, &known.rules, now);
            let closed = until.map_or(Duration::ZERO, |until| until.saturating_since(now));
            let after = match known.orders.pause_of(lane) {
                Some(_) => closed.max(PAUSED_POLL),
                None => closed,
            };
            return Action::HandBack { after };
        }
        let stops = now >= self.terms.stop_at;
        if self.leases.is_empty() && self.pending.is_empty() {
            if self.is_succeeded() {
                return Action::End(End::Succeeded);
            }
            if stops {
                return Action::End(End::Deadline);
            }
            if !waits {
                return Action::End(End::Idle);
            }
            let until = known.shared.closed_until(&known.rules, now);
            if let Some(until) = until.filter(|until| *until > now.saturating_add(LONG_CLOSED)) {
                return Action::End(End::Closed { until });
            }
            if now >= self.progress_at.saturating_add(PATIENCE) {
                return Action::End(End::Starved);
            }
        }
        if waits && !stops && now >= self.look_at {
            self.receive_after = (self.receive_after * 2).min(RECEIVE_DELAYS[1]);
            return Action::Read;
        }
        let lanes = known.shared.empty_until.into_iter();
        let probe = lanes.filter(|until| *until > now).min();
        let look = waits.then_some(self.look_at);
        let patience = self.progress_at.saturating_add(PATIENCE);
        let moments = [
            opens_at,
            probe,
            look,
            Some(patience),
            Some(self.terms.stop_at),
        ];
        let next = moments
            .into_iter()
            .flatten()
            .filter(|moment| *moment > now)
            .min();
        let latest = now.saturating_add(RECEIVE_DELAYS[1]);
        Action::Wait(next.map_or(latest, |next| next.min(latest)))
    }
}

#[cfg(test)]
mod tests;

//! What a drainer does next: which permits to take, which queue to receive from, what to write, when to end. Pure: it
//! is told the time, what was read and written, and what became of each call.
//!
//! A drainer decides with a [`Gate`](rampmeter_dispatch::Gate) made from the target's item, and nothing it decides
//! holds before the item is written on condition that nobody wrote since. So all drainers of a target decide one after
//! the other, and a lost write costs a read and another try. A permit is taken before its message is received: no
//! drainer has a message that it may not start, and a message nobody may start stays in its queue, where every drainer
//! sees it. A permit for which the queue has no message is given back with the next write.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rampmeter_call::{EndedRequest, Judgement, PermitEnd};
use rampmeter_dispatch::{
    CLOCK_MARGIN, Decision, Gate, PermitId, Priority, Rules, Shared, Time, Undecodable, Waiting,
};

use super::empty_hints::EmptyHints;
use crate::ending::{Ending, WentWrong};

/// How long after it was taken a permit may be used: the time to receive a message and to ask for its task.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// Most messages that one receive gives.
pub(crate) const MAX_RECEIVED: usize = 10;
/// Most calls that one environment has out.
const MAX_CALLS: usize = 200;
/// A drainer for which nothing may start for so long ends.
const PATIENCE: Duration = Duration::from_secs(20);
/// A target that is closed for longer is not woken by its queues.
pub(crate) const LONG_CLOSED: Duration = Duration::from_secs(60);
/// How soon a drainer that may start nothing looks at the item again, at first and at last.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// What a drainer holds to.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The limits, with the margin of the clocks.
    pub(crate) rules: Rules,
    /// Most calls of all drainers together, whatever the limits say.
    pub(crate) in_flight: u32,
    pub(crate) timeout: Duration,
    pub(crate) hold: Duration,
    /// From when on nothing is started.
    pub(crate) stop_at: Time,
}

impl Terms {
    /// How long a permit is kept whose drainer is not heard of any more: nobody can be calling after that.
    fn kept(&self) -> Duration {
        GRACE + self.timeout + self.hold + CLOCK_MARGIN
    }
}

/// What is to be done next. Each is followed by telling the drainer how it went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read the item.
    Read,
    /// Write the item, if its version is still this one (none: if there is no item).
    Write {
        state: Vec<u8>,
        version: Option<u64>,
    },
    /// Receive as many messages of this lane as there are permits.
    Receive {
        lane: Priority,
        permits: Vec<PermitId>,
    },
    /// Use this permit for the message that woke the drainer.
    UseHand { permit: PermitId },
    /// The message that woke it is handed back, for so long invisible.
    HandBack { after: Duration },
    /// Until something happens, or this moment.
    Wait(Time),
    /// There is nothing more to do.
    End(End),
}

/// Why a drainer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The queues are empty.
    Idle,
    /// Nothing could start for 20 s.
    Starved,
    /// Its time is over.
    Deadline,
    /// The target is closed for longer than a minute.
    Closed {
        /// Nothing can start before this moment.
        until: Time,
    },
}

/// How a write went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Done,
    /// Somebody else wrote first, or nobody knows: what the item says decides.
    Lost,
}

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

/// What a drainer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) taken: u64,
    pub(crate) given_back: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) conflicts: u64,
    pub(crate) throttles: u64,
    /// Refused although our own limits had room.
    pub(crate) foreign_throttles: u64,
}

struct Known {
    shared: Shared,
    version: Option<u64>,
}

struct Writing {
    bytes: Vec<u8>,
    version: Option<u64>,
    starts: Vec<(PermitId, Lease)>,
    foreign_throttles: u64,
    judgements: Vec<(PermitId, Judgement)>,
}

/// What the gate made of the calls that ended.
#[derive(Default)]
struct Applied {
    /// Throttles although our own limits had room.
    foreign_throttles: u64,
    /// What it says of those that went wrong.
    judgements: Vec<(PermitId, Judgement)>,
}

/// What a plan came to.
enum Plan {
    Write(Writing),
    /// Nothing to write; a lane that waits may start at this moment.
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
    /// Kept for calls whose outcome nobody knows.
    lost: BTreeSet<PermitId>,
    beliefs: EmptyHints,
    /// The lane of the message that woke it, while it is in hand.
    hand: Option<Priority>,
    progress_at: Time,
    look_at: Time,
    look_after: Duration,
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
            look_after: LOOK_AGAIN[0],
            lost_writes: 0,
            counts: Counts::default(),
            judgements: Vec::new(),
        }
    }

    /// What the gate says of calls that went wrong, as far as it is written and was not taken before.
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

    /// What is to be done now. `random` is any random number.
    pub(crate) fn step(&mut self, now: Time, random: u64) -> Step {
        if let Some(step) = self.use_permits(now) {
            return step;
        }
        if now < self.look_at && self.known.is_none() {
            return Step::Wait(self.look_at);
        }
        if self.known.is_none() {
            return Step::Read;
        }
        match self.plan(now, random) {
            Plan::Write(writing) => {
                let step = Step::Write {
                    state: writing.bytes.clone(),
                    version: writing.version,
                };
                self.writing = Some(writing);
                step
            }
            Plan::Nothing { opens_at, waits } => self.rest(opens_at, waits, now),
        }
    }

    /// The item, or none if there is none yet.
    ///
    /// # Errors
    /// When the item is none of ours.
    pub(crate) fn has_read(
        &mut self,
        item: Option<(&[u8], u64)>,
        now: Time,
    ) -> Result<(), Undecodable> {
        self.counts.reads += 1;
        let (shared, version) = match item {
            Some((bytes, version)) => (Shared::from_bytes(bytes)?, Some(version)),
            None => (Shared::default(), None),
        };
        let ours = |id: PermitId| (id >> 32) == i64::from(self.owner);
        for permit in shared.permits.iter().filter(|permit| ours(permit.id)) {
            // From a write of which nobody said that it was made.
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
        self.known = Some(Known { shared, version });
        self.look_at = now.saturating_add(self.look_after);
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
            // Somebody who was first has written by now: at most 1, 2, 4 ... 64 ms.
            let most = 1_000_u64 << self.lost_writes;
            self.look_at = now.saturating_add(Duration::from_micros(random % most));
            return;
        }
        let shared = Shared::from_bytes(&writing.bytes).expect("we have just written it");
        self.known = Some(Known {
            shared,
            version: Some(writing.version.map_or(1, |version| version + 1)),
        });
        self.lost_writes = 0;
        self.counts.foreign_throttles += writing.foreign_throttles;
        self.judgements.extend(writing.judgements);
        for (id, ending) in std::mem::take(&mut self.pending) {
            let lease = self.leases.remove(&id);
            if ending == Ending::Lost {
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
            self.look_after = LOOK_AGAIN[0];
        }
        self.leases.extend(writing.starts);
        self.look_at = now.saturating_add(self.look_after);
    }

    /// So many messages came for the permits of a receive. Answers with the permits to use for them, in order.
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
    fn use_permits(&mut self, now: Time) -> Option<Step> {
        let idle: Vec<PermitId> = self.idle().collect();
        for id in idle {
            if now >= self.leases[&id].since.saturating_add(GRACE) {
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
            return Some(Step::UseHand { permit });
        }
        let lane = Priority::ALL
            .into_iter()
            .find(|lane| self.idle().any(|id| self.leases[&id].lane == *lane))?;
        let of_lane = self.idle().filter(|id| self.leases[id].lane == lane);
        let permits: Vec<PermitId> = of_lane.take(MAX_RECEIVED).collect();
        for id in &permits {
            self.set_use(*id, Use::Asked);
        }
        Some(Step::Receive { lane, permits })
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
        let known = self.known.as_ref().expect("the item was read");
        let (shared, version) = (known.shared.clone(), known.version);
        let now = now.max(shared.now);
        let mut gate = shared.gate(&self.terms.rules, now);
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
        if ended.is_none() && !contradicted && starts.is_empty() {
            return Plan::Nothing { opens_at, waits };
        }
        let next = Shared::of(&gate, self.terms.kept(), empty_until, now);
        let Applied {
            foreign_throttles,
            judgements,
        } = ended.unwrap_or_default();
        Plan::Write(Writing {
            bytes: next.to_bytes(&self.terms.rules),
            version,
            starts,
            foreign_throttles,
            judgements,
        })
    }

    /// Tells the gate what ended. Permits that are not open any more were given up by somebody else when their time
    /// was over, or ended in a write of which nobody said that it was made. Answers with nothing if nothing
    /// ended.
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

    /// Until when the vendor may be at work on a call whose answer was lost.
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
    fn rest(&mut self, opens_at: Option<Time>, waits: bool, now: Time) -> Step {
        let known = self.known.as_ref().expect("the item was read");
        let now = now.max(known.shared.now);
        if let Some(lane) = self.hand.take() {
            self.beliefs.has_seen(lane);
            let until = known.shared.lane_closed_until(lane, &self.terms.rules, now);
            let after = until.map_or(Duration::ZERO, |until| until.saturating_since(now));
            return Step::HandBack { after };
        }
        let stops = now >= self.terms.stop_at;
        if self.leases.is_empty() && self.pending.is_empty() {
            if stops {
                return Step::End(End::Deadline);
            }
            if !waits {
                return Step::End(End::Idle);
            }
            let until = known.shared.closed_until(&self.terms.rules, now);
            if let Some(until) = until.filter(|until| *until > now.saturating_add(LONG_CLOSED)) {
                return Step::End(End::Closed { until });
            }
            if now >= self.progress_at.saturating_add(PATIENCE) {
                return Step::End(End::Starved);
            }
        }
        if waits && !stops && now >= self.look_at {
            self.look_after = (self.look_after * 2).min(LOOK_AGAIN[1]);
            return Step::Read;
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
        let latest = now.saturating_add(LOOK_AGAIN[1]);
        Step::Wait(next.map_or(latest, |next| next.min(latest)))
    }
}

#[cfg(test)]
mod tests;

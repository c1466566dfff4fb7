//! The gate's specification as plainly as it can be put: the whole history is kept and every answer
//! derived from it anew.
//!
//! Nothing is shared with the gate but its public types. Slow on purpose.

mod hours;

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_dispatch::{
    CountFrom, Decision, DeferralBound, Limit, LimitKind, MAX_EXACT_CALLS, Pace, PermitId,
    Priority, QUIET_INTERVAL, RAMP_ENDS_AT, Refusal, Rules, Scope, Share, Throttle, Time, Troubled,
    Waiting, Whose,
};

use crate::replay::{Feedback, Learned, quiet_intervals};
use crate::vendor::end_of_day;

/// Everything that ever happened to a target.
#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) rules: Rules,
    pub(crate) now: Time,
    calls: Vec<Call>,
    starts: Vec<Start>,
    feedback: Vec<Feedback>,
    paused: Vec<Scope>,
    /// When each window that is filled evenly lets a lower lane start its next call.
    paces: BTreeMap<String, Time>,
}

#[derive(Clone, Debug)]
struct Call {
    id: PermitId,
    priority: Priority,
    started: Time,
    answered: Option<Time>,
    held_until: Option<Time>,
}

/// A start, and the lanes that were eligible then.
#[derive(Clone, Copy, Debug)]
struct Start {
    priority: Priority,
    eligible: Waiting,
}

impl Oracle {
    pub(crate) fn new(rules: Rules, now: Time) -> Oracle {
        Oracle {
            rules,
            now,
            calls: Vec::new(),
            starts: Vec::new(),
            feedback: Vec::new(),
            paused: Vec::new(),
            paces: BTreeMap::new(),
        }
    }

    /// The clock says `now`. An earlier time than before changes nothing. Calls that no limit
    /// counts any more are forgotten.
    pub(crate) fn clock(&mut self, now: Time) {
        self.now = self.now.max(now);
        let now = self.now;
        let rules = self.rules.clone();
        self.calls.retain(|call| {
            call.answered.is_none()
                || rules
                    .limits
                    .iter()
                    .any(|limit| call.occupies(limit, now, false))
        });
    }

    pub(crate) fn start(&mut self, id: PermitId, priority: Priority, waiting: Waiting) {
        let eligible = self.eligible(waiting);
        self.starts.push(Start { priority, eligible });
        self.feedback.push(Feedback::Started(id));
        self.calls.push(Call {
            id,
            priority,
            started: self.now,
            answered: None,
            held_until: None,
        });
        self.pace();
    }

    /// A call has started: each window that is filled evenly moves on by one step, and makes up for no more than a grain.
    fn pace(&mut self) {
        let (now, in_flight) = (self.now.as_micros(), self.open().count() as u64);
        for limit in self
            .rules
            .limits
            .iter()
            .filter(|limit| limit.pace == Pace::Even)
        {
            let LimitKind::Window { calls, per } = limit.kind else {
                continue;
            };
            let places = match limit.count_from {
                CountFrom::Answer => calls.saturating_sub(in_flight).max(1),
                CountFrom::Send => calls,
            };
            let per = per.as_micros() as i64;
            let step = per * 99 / 100 / places as i64;
            let earliest = now - step.max(per / 100);
            let next = self.paces.get(&limit.name).map(|next| next.as_micros());
            let next = next.map_or(earliest, |next| next.max(earliest)) + step;
            self.paces
                .insert(limit.name.clone(), Time::from_micros(next));
        }
    }

    /// The process ended: the windows start their schedules afresh.
    pub(crate) fn forget_paces(&mut self) {
        self.paces.clear();
    }

    /// Whether a window holds up a lower lane for the sake of its pace.
    pub(crate) fn is_paced(&self, lane: Priority, waiting: Waiting, at: Time) -> bool {
        lane != Priority::High
            && self.paces.values().any(|next| *next > at)
            && !(waiting.has(Priority::High) && self.admits(Priority::High, at, false))
    }

    /// When this window lets a lower lane start its next call.
    pub(crate) fn paced_until(&self, limit: &str) -> Option<Time> {
        self.paces.get(limit).copied()
    }

    fn admits(&self, lane: Priority, at: Time, releasing: bool) -> bool {
        let mut limits = self.rules.limits.iter();
        limits.all(|limit| self.limit_admits(limit, lane, at, releasing))
            && self.is_open_for(lane, at)
    }

    /// A call is answered, `well` unless it was said to be throttled or in trouble.
    pub(crate) fn answer(&mut self, id: PermitId, well: bool) {
        let now = self.now;
        let started = self.open_call(id).started;
        self.feedback.push(if well {
            Feedback::Good {
                id,
                started,
                at: now,
            }
        } else {
            Feedback::Answered(id)
        });
        self.open_call(id).answered = Some(now);
    }

    /// A call ended with the account's trouble without having reached the vendor: no limit has counted it.
    pub(crate) fn not_sent(&mut self, id: PermitId) {
        self.calls.retain(|call| call.id != id);
    }

    /// A call ends with what may be the account's trouble. Says whose it must be.
    pub(crate) fn trouble(&mut self, id: PermitId, outcome: Troubled, jitter: u64) -> Whose {
        self.feedback.push(Feedback::Troubled {
            id,
            outcome,
            at: self.now,
            jitter,
        });
        match self.learned().trouble {
            None if outcome.reached => Whose::Call,
            _ => Whose::Account,
        }
    }

    /// A call is throttled, by a host that says which it is. Says whose trouble it must be.
    pub(crate) fn refuse(&mut self, id: PermitId, refusal: Refusal, jitter: u64) -> Whose {
        let started = self.open_call(id).started;
        let of_kind = self.rules.limits.iter().filter(|limit| {
            let is_concurrency = matches!(limit.kind, LimitKind::Concurrency { .. });
            is_concurrency == matches!(refusal.throttle, Throttle::Concurrency { .. })
        });
        let mut of_kind = of_kind;
        let has_room =
            of_kind.all(|limit| self.inside(limit, self.now, false).len() < limit.max() as usize);
        let learned = self.learned();
        let ceiling = self.smallest_concurrency().map(|max| {
            self.ceiling(self.now)
                .map_or(max, |ceiling| ceiling.min(max))
        });
        let only_lowers = matches!(refusal.throttle, Throttle::Concurrency { .. })
            && refusal.earlier == 0
            && ceiling.is_some_and(|ceiling| ceiling > 1);
        let is_known = refusal.earlier > 0 && matches!(refusal.throttle, Throttle::Window { .. });
        let own = has_room
            && (learned.others_succeed(refusal.call, self.now) || is_known)
            && !refusal.for_all
            && !only_lowers;
        let whose = if own { Whose::Call } else { Whose::Account };
        self.feedback.push(Feedback::Refused {
            id,
            refusal,
            whose,
            at: self.now,
            jitter,
            started,
        });
        whose
    }

    pub(crate) fn hold(&mut self, id: PermitId, until: Time) {
        let at = self.now;
        self.feedback.push(Feedback::Held { id, at });
        self.open_call(id).held_until = Some(until);
    }

    /// Closes ended holds and names them, the first to end first.
    pub(crate) fn release(&mut self) -> Vec<PermitId> {
        let now = self.now;
        let mut ended = Vec::new();
        for call in self.calls.iter_mut().filter(|call| call.answered.is_none()) {
            if let Some(until) = call.held_until.filter(|until| *until <= now) {
                call.answered = Some(until);
                ended.push((until, call.id));
            }
        }
        ended.sort();
        ended.into_iter().map(|(_, id)| id).collect()
    }

    /// An answer says that nothing is left for this time; says whether that closes the target: only if no window of
    /// ours is full.
    pub(crate) fn used_up(&mut self, resets_in: Duration) -> bool {
        let windows = self.rules.limits.iter();
        let mut windows =
            windows.filter(|limit| !matches!(limit.kind, LimitKind::Concurrency { .. }));
        let has_room =
            |limit: &Limit| self.inside(limit, self.now, false).len() < limit.max() as usize;
        let closes = windows.all(has_room);
        if closes {
            self.feedback.push(Feedback::UsedUp {
                until: self.now.saturating_add(resets_in),
                at: self.now,
            });
        }
        closes
    }

    pub(crate) fn pause(&mut self, scope: Scope) {
        self.paused.push(scope);
    }

    pub(crate) fn resume(&mut self, scope: Scope) {
        self.paused.retain(|paused| *paused != scope);
    }

    pub(crate) fn forget_throttles(&mut self) {
        self.feedback.clear();
    }

    /// A restart that kept permits and rows only.
    pub(crate) fn lose_memory(&mut self) {
        self.feedback.clear();
        self.paused.clear();
        self.starts.clear();
    }

    /// What the gate must decide; the time of a `NotBefore` is left open, see
    /// [`Oracle::admits_before`].
    pub(crate) fn decide(&self, waiting: Waiting) -> Decision {
        match self.first(self.eligible(waiting)) {
            Some(lane) => Decision::Start(lane),
            None if waiting.any() => Decision::NotBefore(None),
            None => Decision::Idle,
        }
    }

    pub(crate) fn eligible(&self, waiting: Waiting) -> Waiting {
        self.eligible_at(waiting, self.now, false)
    }

    /// Whether time alone would make a waiting lane eligible at some moment before `end` (ever, if
    /// there is none), were holds released as they end.
    pub(crate) fn admits_before(&self, waiting: Waiting, end: Option<Time>) -> Option<Time> {
        let moments = self
            .moments()
            .into_iter()
            .filter(|moment| end.is_none_or(|end| *moment < end));
        moments
            .into_iter()
            .find(|moment| self.eligible_at(waiting, *moment, true).any())
    }

    /// Whether the set of admissible lanes differs from that of now at some moment before `end`.
    pub(crate) fn changes_before(&self, end: Option<Time>) -> Option<Time> {
        let now = self.eligible_at(Waiting::ALL, self.now, true);
        let moments = self
            .moments()
            .into_iter()
            .filter(|moment| end.is_none_or(|end| *moment < end));
        moments
            .into_iter()
            .find(|moment| self.eligible_at(Waiting::ALL, *moment, true) != now)
    }

    /// Every moment from now on at which something that time alone moves may move.
    fn moments(&self) -> Vec<Time> {
        let mut moments = Vec::new();
        for call in &self.calls {
            let ends = [Some(call.started), call.answered, call.held_until];
            for end in ends.into_iter().flatten() {
                moments.push(end);
                moments.extend(
                    self.rules
                        .limits
                        .iter()
                        .filter_map(|limit| cooled(limit, end)),
                );
            }
        }
        let learned = self.learned();
        moments.extend(learned.closed.map(|closed| closed.until));
        moments.extend(learned.trouble.map(|trouble| trouble.next_probe));
        if let Some((_, lowered_at)) = learned.lowered {
            moments.extend((1..10).map(|n| lowered_at.saturating_add(QUIET_INTERVAL * n)));
        }
        moments.extend(self.paces.values());
        moments.extend(self.pause_changes());
        moments.retain(|moment| *moment > self.now);
        moments
    }

    fn eligible_at(&self, waiting: Waiting, at: Time, releasing: bool) -> Waiting {
        let mut eligible = Waiting::NONE;
        for lane in waiting.lanes() {
            let high_goes_first =
                waiting.has(Priority::High) && self.admits(Priority::High, at, releasing);
            let is_paced = lane != Priority::High
                && !high_goes_first
                && self.paces.values().any(|next| *next > at);
            eligible.set(lane, self.admits(lane, at, releasing) && !is_paced);
        }
        eligible
    }

    /// Neither paused nor closed nor a full ramp.
    pub(crate) fn is_open_for(&self, lane: Priority, at: Time) -> bool {
        let paused =
            self.paused.contains(&Scope::Target) || self.paused.contains(&Scope::Lane(lane));
        let learned = self.learned();
        let shut = learned.closed.is_some_and(|closed| {
            let ramp_is_full =
                closed.width < RAMP_ENDS_AT as usize && closed.out.len() >= closed.width;
            at < closed.until || ramp_is_full
        });
        let in_trouble = learned
            .trouble
            .is_some_and(|trouble| trouble.probe.is_some() || at < trouble.next_probe);
        !paused && !shut && !in_trouble && !self.is_planned_pause(lane, at)
    }

    pub(crate) fn limit_admits(
        &self,
        limit: &Limit,
        lane: Priority,
        at: Time,
        releasing: bool,
    ) -> bool {
        let inside = self.inside(limit, at, releasing);
        // One empty reserved slot for each reserve of a higher priority; the calls sit down,
        // highest first.
        let mut reserved = Vec::new();
        for higher in Priority::ALL.into_iter().filter(|higher| *higher < lane) {
            reserved.extend(std::iter::repeat_n(
                higher,
                limit.reserve.of(higher) as usize,
            ));
        }
        for call in &inside {
            if let Some(place) = reserved.iter().position(|place| *place >= *call) {
                reserved.remove(place);
            }
        }
        inside.len() + 1 + reserved.len() <= self.places(limit, at)
            && self.share_admits(limit, lane, &inside)
    }

    fn share_admits(&self, limit: &Limit, lane: Priority, inside: &[Priority]) -> bool {
        let own = inside.iter().filter(|call| **call == lane).count();
        limit
            .share
            .of(lane)
            .is_none_or(|share| own < share as usize)
    }

    /// Whether the share of a lane alone refuses its next call.
    pub(crate) fn only_its_share_refuses(&self, limit: &Limit, lane: Priority) -> bool {
        let unshared = Limit {
            share: Share::default(),
            ..limit.clone()
        };
        !self.limit_admits(limit, lane, self.now, false)
            && self.limit_admits(&unshared, lane, self.now, false)
    }

    /// The priorities of the calls that a limit counts, highest first.
    pub(crate) fn inside(&self, limit: &Limit, at: Time, releasing: bool) -> Vec<Priority> {
        let calls = self
            .calls
            .iter()
            .filter(|call| call.occupies(limit, at, releasing));
        let mut inside: Vec<Priority> = calls.map(|call| call.priority).collect();
        inside.sort();
        inside
    }

    pub(crate) fn places(&self, limit: &Limit, at: Time) -> usize {
        match limit.kind {
            LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => calls as usize,
            LimitKind::Concurrency { max } => {
                self.ceiling(at).map_or(max, |ceiling| ceiling.min(max)) as usize
            }
        }
    }

    /// Which lane goes first, counted from the history of starts.
    fn first(&self, eligible: Waiting) -> Option<Priority> {
        let highest = eligible.lanes().next()?;
        let bounds = self.rules.max_deferrals;
        let smallest = Priority::ALL
            .into_iter()
            .filter_map(|lane| most(bounds.of(lane)))
            .min();
        if let Some(smallest) = smallest.filter(|_| highest == Priority::High) {
            let recent = self.starts.iter().rev().take(smallest + 1);
            let past_high = recent.filter(|start| {
                start.priority != Priority::High && start.eligible.has(Priority::High)
            });
            if past_high.count() >= 2 {
                return Some(highest);
            }
        }
        let due = eligible
            .lanes()
            .filter_map(|lane| Some((self.due_since(lane)?, lane)));
        if let Some((_, lane)) = due.min() {
            return Some(lane);
        }
        Some(if self.is_pressing(eligible) {
            Priority::Batch
        } else {
            highest
        })
    }

    /// Whether three quarters of its bound let BATCH go before a MEDIUM that was not passed itself, where HIGH does not
    /// want to and nobody is due.
    pub(crate) fn is_pressing(&self, eligible: Waiting) -> bool {
        let most = most(self.rules.max_deferrals.batch);
        let pressed = most.is_some_and(|bound| 4 * self.deferred(Priority::Batch) >= 3 * bound);
        let lower = Waiting::NONE.with(Priority::Medium).with(Priority::Batch);
        let nobody_is_due = eligible.lanes().all(|lane| self.due_since(lane).is_none());
        eligible == lower && pressed && nobody_is_due && self.deferred(Priority::Medium) == 0
    }

    /// How often a lane was deferred since its last start.
    fn deferred(&self, lane: Priority) -> usize {
        let since = self
            .starts
            .iter()
            .rev()
            .take_while(|start| start.priority != lane);
        since.filter(|start| start.defers(lane)).count()
    }

    /// The start that deferred a lane for the last time it can be.
    fn due_since(&self, lane: Priority) -> Option<usize> {
        let bound = most(self.rules.max_deferrals.of(lane))?;
        let since = self
            .starts
            .iter()
            .rposition(|start| start.priority == lane)
            .map_or(0, |start| start + 1);
        let deferring = (since..self.starts.len()).filter(|start| self.starts[*start].defers(lane));
        deferring.into_iter().nth(bound - 1)
    }

    pub(crate) fn deferrals(&self) -> [u64; 3] {
        Priority::ALL.map(|lane| {
            self.starts
                .iter()
                .filter(|start| start.defers(lane))
                .count() as u64
        })
    }

    pub(crate) fn held(&self) -> usize {
        self.open().filter(|call| call.held_until.is_some()).count()
    }

    pub(crate) fn open_ids(&self) -> Vec<PermitId> {
        self.open().map(|call| call.id).collect()
    }

    /// The moment when the first hold ends.
    pub(crate) fn first_hold_end(&self) -> Option<Time> {
        self.open().filter_map(|call| call.held_until).min()
    }

    fn open(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.answered.is_none())
    }

    fn open_call(&mut self, id: PermitId) -> &mut Call {
        let mut calls = self.calls.iter_mut().filter(|call| call.answered.is_none());
        calls.find(|call| call.id == id).expect("the call is open")
    }

    fn smallest_concurrency(&self) -> Option<u32> {
        let max = |limit: &Limit| match limit.kind {
            LimitKind::Concurrency { max } => Some(max),
            LimitKind::Window { .. } | LimitKind::Calendar { .. } => None,
        };
        self.rules.limits.iter().filter_map(max).min()
    }

    /// The learned ceiling, all throttles replayed.
    fn ceiling(&self, at: Time) -> Option<u32> {
        let (lowered_to, lowered_at) = self.learned().lowered?;
        Some(lowered_to + quiet_intervals(lowered_at, at))
    }

    /// What all throttles, troubles and answers teach, replayed.
    pub(crate) fn learned(&self) -> Learned {
        let configured = self.smallest_concurrency();
        let feedback = self.feedback.iter();
        feedback.fold(Learned::default(), |learned, feedback| {
            learned.after(*feedback, configured)
        })
    }
}

impl Call {
    fn occupies(&self, limit: &Limit, at: Time, releasing: bool) -> bool {
        let hold_end = self.held_until.filter(|until| releasing && *until <= at);
        let end = self.answered.or(hold_end);
        match (&limit.kind, limit.count_from) {
            (LimitKind::Concurrency { .. }, _) => end.is_none(),
            (_, CountFrom::Answer) => {
                end.is_none_or(|end| cooled(limit, end).is_some_and(|cooled| at < cooled))
            }
            (_, CountFrom::Send) => cooled(limit, self.started).is_some_and(|cooled| at < cooled),
        }
    }
}

impl Start {
    fn defers(&self, lane: Priority) -> bool {
        self.priority < lane && self.eligible.has(lane)
    }
}

/// When a slot taken until `end` is free again: exactly, or at the end of its bucket.
fn cooled(limit: &Limit, end: Time) -> Option<Time> {
    let (calls, per) = match &limit.kind {
        LimitKind::Concurrency { .. } => return None,
        LimitKind::Calendar { reset, .. } => {
            let last = end_of_day(reset, end.saturating_add(reset.margin));
            return Some(last.saturating_add(reset.margin));
        }
        LimitKind::Window { calls, per } => (*calls, *per),
    };
    let free = end.saturating_add(per);
    if calls <= MAX_EXACT_CALLS {
        return Some(free);
    }
    let bucket = per.as_micros() as i64 / 1_000;
    let begun = free.as_micros() / bucket * bucket;
    Some(Time::from_micros(if begun == free.as_micros() {
        begun
    } else {
        begun + bucket
    }))
}

fn most(bound: DeferralBound) -> Option<usize> {
    match bound {
        DeferralBound::AtMost(most) => Some(most.get() as usize),
        DeferralBound::Unlimited => None,
    }
}

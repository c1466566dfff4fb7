//! A host around a gate: queues, a clock, what was persisted, and a check of everything after each step.

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_dispatch::{
    CountFrom, Decision, Gate, LimitKind, OpenPermit, PermitId, Priority, Reserve, Rules,
    SHORTEST_WINDOW, Time, Verdict, Waiting, WindowRow, slots,
};

use crate::command::{Command, KINDS};
use crate::fairness::Bystander;
use crate::oracle::Oracle;
use crate::vendor::{Seen, Vendor};

/// Fails a run with a sentence instead of a panic, so that a run can be expected to fail.
macro_rules! check {
    ($holds:expr, $($because:tt)+) => {
        if !$holds {
            return Err(format!($($because)+));
        }
    };
}

/// A mistake built into the host or its configuration, to see that the vendor notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Windows free their places one length after the permit, though the vendor counts until the answer.
    FreesAtSend,
    /// Open permits are not persisted.
    ForgetsPermits,
    /// The rows of windows are not persisted.
    ForgetsRows,
    /// A lost call is taken for an answered one.
    NeverHolds,
    /// The window is configured a tenth shorter than the vendor's.
    ShortWindow,
    /// The limit is configured one higher than the vendor's.
    OneTooMany,
}

#[derive(Debug)]
pub(crate) struct World {
    gate: Gate,
    oracle: Oracle,
    vendor: Vendor,
    /// The vendor's rules; the gate's unless a mistake is planted.
    vendor_rules: Rules,
    mistake: Option<Mistake>,
    /// The host's clock, which may go back.
    clock: Time,
    queues: [u32; 3],
    next_id: PermitId,
    in_flight: BTreeMap<PermitId, InFlight>,
    rows: BTreeMap<(String, u32), WindowRow>,
    bystander: Bystander,
    /// How often each kind of command changed something.
    pub(crate) done: [u64; KINDS],
    pub(crate) starts: u64,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    priority: Priority,
    started: Time,
    counted_at: u8,
    held_until: Option<Time>,
}

pub(crate) const BEGIN: Time = Time::from_millis(1_700_000_000_000);

impl World {
    pub(crate) fn new(rules: Rules) -> World {
        World::with_mistake(rules, None)
    }

    pub(crate) fn with_mistake(rules: Rules, mistake: Option<Mistake>) -> World {
        let gate_rules = mistaken(&rules, mistake);
        World {
            gate: Gate::new(gate_rules.clone(), BEGIN),
            bystander: Bystander::new(gate_rules.max_deferrals),
            oracle: Oracle::new(gate_rules, BEGIN),
            vendor: Vendor::default(),
            vendor_rules: rules,
            mistake,
            clock: BEGIN,
            queues: [0; 3],
            next_id: 1,
            in_flight: BTreeMap::new(),
            rows: BTreeMap::new(),
            done: [0; KINDS],
            starts: 0,
        }
    }

    /// Runs the commands with all checks, then hears the vendor.
    pub(crate) fn run(&mut self, commands: &[Command]) -> Result<(), String> {
        for (step, command) in commands.iter().enumerate() {
            let in_context = |error: String| format!("step {step}, {command:?}: {error}");
            if self.step(command).map_err(in_context)? {
                self.done[command.kind()] += 1;
            }
            self.agree().map_err(in_context)?;
        }
        self.judge()
    }

    /// Runs the commands and hears the vendor alone: what a planted mistake is judged by.
    pub(crate) fn run_unwatched(&mut self, commands: &[Command]) -> Result<(), String> {
        commands
            .iter()
            .try_for_each(|command| self.step(command).map(|_| ()))?;
        self.judge()
    }

    fn judge(&mut self) -> Result<(), String> {
        let now = self.oracle.now;
        for call in std::mem::take(&mut self.in_flight).into_values() {
            self.vendor.sees(Seen {
                started: call.started,
                ended: now,
                counted_at: call.counted_at,
            });
        }
        self.vendor.judge(&self.vendor_rules)
    }

    /// Does one thing; says whether it changed anything.
    fn step(&mut self, command: &Command) -> Result<bool, String> {
        self.oracle.clock(self.clock);
        match *command {
            Command::Arrive { priority, calls } => {
                self.queues[priority.index()] += u32::from(calls);
            }
            Command::Withdraw { priority } => {
                return Ok(std::mem::take(&mut self.queues[priority.index()]) > 0);
            }
            Command::Start { most, counted_at } => return self.start(most, counted_at),
            Command::Answer {
                pick,
                throttle,
                jitter,
            } => {
                let Some(id) = self.pick(pick) else {
                    return Ok(false);
                };
                if let Some(kind) = throttle {
                    self.gate.throttled(kind, self.clock, jitter);
                    self.oracle.throttle(kind, jitter);
                }
                self.finish(id);
            }
            Command::Lose { pick, hold } => {
                let Some(id) = self.pick(pick) else {
                    return Ok(false);
                };
                self.lose(id, hold);
            }
            Command::Release => return self.release(),
            Command::Pass { time } => self.pass_to(self.clock.saturating_add(time)),
            Command::PassToNextChange => {
                let Some(next) = self.gate.next_change(self.clock) else {
                    return Ok(false);
                };
                self.pass_to(next);
            }
            Command::ClockBack { time } => {
                // A clock that goes back behind a time the gate was told.
                self.gate.decide(self.waiting(), self.clock);
                let back = self.clock.as_micros() - time.as_micros() as i64;
                self.clock = Time::from_micros(back);
            }
            Command::Pause(scope) => {
                self.gate.pause(scope);
                self.oracle.pause(scope);
            }
            Command::Resume(scope) => {
                self.gate.resume(scope);
                self.oracle.resume(scope);
            }
            Command::Forget => {
                self.gate.forget_throttles();
                self.oracle.forget_throttles();
            }
            Command::Restart { remembers, hold } => self.restart(remembers, hold),
        }
        Ok(true)
    }

    fn waiting(&self) -> Waiting {
        Waiting::new(self.queues.map(|calls| calls > 0))
    }

    fn pick(&self, pick: u16) -> Option<PermitId> {
        let open: Vec<PermitId> = self.in_flight.keys().copied().collect();
        open.get(usize::from(pick) % open.len().max(1)).copied()
    }

    fn pass_to(&mut self, time: Time) {
        self.clock = self.clock.max(time);
        self.oracle.clock(self.clock);
    }

    fn start(&mut self, most: u8, counted_at: u8) -> Result<bool, String> {
        let mut started = false;
        for _ in 0..most {
            let waiting = self.waiting();
            let Decision::Start(lane) = self.gate.decide(waiting, self.clock) else {
                break;
            };
            check!(waiting.has(lane), "{lane} is offered, but has no call");
            let eligible = self.oracle.eligible(waiting);
            if self.mistake.is_none() {
                check!(
                    self.oracle.decide(waiting) == Decision::Start(lane),
                    "{lane} must not start"
                );
                self.bystander.sees(lane, eligible)?;
            }
            let id = self.next_id;
            self.next_id += 1;
            let rows = self.gate.start(id, lane, waiting, self.clock);
            self.persist(rows);
            self.oracle.start(id, lane, waiting);
            self.queues[lane.index()] -= 1;
            let started_at = self.oracle.now;
            let call = InFlight {
                priority: lane,
                started: started_at,
                counted_at,
                held_until: None,
            };
            self.in_flight.insert(id, call);
            self.starts += 1;
            started = true;
        }
        Ok(started)
    }

    fn finish(&mut self, id: PermitId) {
        if self.gate.is_open(id) {
            let rows = self.gate.finish(id, self.clock);
            self.persist(rows);
            self.oracle.answer(id);
        }
        self.vendor_sees_the_end_of(id, self.oracle.now);
    }

    fn lose(&mut self, id: PermitId, hold: Duration) {
        let until = self.oracle.now.saturating_add(hold);
        match self.mistake {
            Some(Mistake::NeverHolds) if self.gate.is_open(id) => {
                let rows = self.gate.finish(id, self.clock);
                self.persist(rows);
                self.oracle.answer(id);
            }
            _ if self.gate.is_open(id) => {
                self.gate.hold(id, until);
                self.oracle.hold(id, until);
            }
            _ => {}
        }
        self.in_flight
            .get_mut(&id)
            .expect("the call is in flight")
            .held_until = Some(until);
    }

    fn release(&mut self) -> Result<bool, String> {
        let released = self.gate.release_holds(self.clock);
        let expected = self.oracle.release();
        let ids: Vec<PermitId> = released.iter().map(|released| released.id).collect();
        check!(
            self.mistake.is_some() || ids == expected,
            "{ids:?} are released instead of {expected:?}"
        );
        for released in released {
            self.persist(released.rows);
        }
        let now = self.oracle.now;
        let ended = |call: &InFlight| call.held_until.filter(|until| *until <= now);
        let ended: Vec<_> = self
            .in_flight
            .iter()
            .filter_map(|(id, call)| Some((*id, ended(call)?)))
            .collect();
        for (id, until) in &ended {
            self.vendor_sees_the_end_of(*id, *until);
        }
        Ok(!ended.is_empty())
    }

    fn vendor_sees_the_end_of(&mut self, id: PermitId, ended: Time) {
        let call = self.in_flight.remove(&id).expect("the call is in flight");
        self.vendor.sees(Seen {
            started: call.started,
            ended,
            counted_at: call.counted_at,
        });
    }

    /// The process dies and comes back with what was persisted. In-flight calls may still be counted by the vendor.
    fn restart(&mut self, remembers: bool, hold: Duration) {
        let now = self.oracle.now;
        let until = now.saturating_add(hold);
        let mut open = Vec::new();
        for (id, call) in &mut self.in_flight {
            if call.held_until.is_none() {
                call.held_until = Some(until);
                if self.gate.is_open(*id) {
                    self.oracle.hold(*id, until);
                }
            }
            if self.gate.is_open(*id) {
                open.push(OpenPermit {
                    id: *id,
                    priority: call.priority,
                    started_at: call.started,
                    held_until: call.held_until.unwrap_or(until),
                });
            }
        }
        let mut rows: Vec<WindowRow> = self.rows.values().cloned().collect();
        match self.mistake {
            Some(Mistake::ForgetsPermits) => open.clear(),
            Some(Mistake::ForgetsRows) => rows.clear(),
            _ => {}
        }
        let memory = self.gate.memory();
        self.gate = Gate::restore(self.oracle.rules.clone(), open, rows, now);
        if remembers {
            self.gate.recall(memory);
        } else {
            self.oracle.lose_memory();
            self.bystander = Bystander::new(self.oracle.rules.max_deferrals);
        }
    }

    /// Upserts as a host does.
    fn persist(&mut self, rows: Vec<WindowRow>) {
        for row in rows {
            self.rows.insert((row.limit.clone(), row.slot), row);
        }
    }

    /// Everything the gate says is what the oracle says.
    fn agree(&mut self) -> Result<(), String> {
        self.oracle.clock(self.clock);
        self.decisions_agree()?;
        self.limits_agree()?;
        self.verdicts_agree()?;
        let open = self.oracle.open_ids();
        check!(
            open.iter().all(|id| self.gate.is_open(*id)),
            "a permit of {open:?} is lost"
        );
        check!(
            self.gate.in_flight() == open.len() as u64,
            "{} permits for {open:?}",
            self.gate.in_flight()
        );
        check!(
            self.in_flight.keys().eq(&open),
            "permits {open:?}, calls {:?}",
            self.in_flight.keys()
        );
        check!(
            self.gate.held() == self.oracle.held(),
            "{} permits are held",
            self.gate.held()
        );
        check!(
            self.gate.deferrals() == self.oracle.deferrals(),
            "deferrals {:?}",
            self.gate.deferrals()
        );
        Ok(())
    }

    fn decisions_agree(&mut self) -> Result<(), String> {
        let waiting = self.waiting();
        let decision = self.gate.decide(waiting, self.clock);
        let expected = self.oracle.decide(waiting);
        let now = self.oracle.now;
        let holds_are_released = self.oracle.first_hold_end().is_none_or(|end| end > now);
        if let (Decision::NotBefore(again), Decision::NotBefore(_)) = (decision, expected) {
            let missed = self.oracle.admits_before(waiting, again);
            check!(
                missed.is_none(),
                "a call could start at {missed:?}, but not before {again:?} is said"
            );
            check!(
                again.is_none_or(|again| again > now || !holds_are_released),
                "not before {again:?} is said at {now:?}"
            );
        } else {
            check!(decision == expected, "{decision:?} instead of {expected:?}");
        }
        if holds_are_released {
            let next = self.gate.next_change(self.clock);
            let missed = self.oracle.changes_before(next);
            check!(
                missed.is_none(),
                "something changes at {missed:?}, before {next:?}"
            );
            check!(
                next.is_none_or(|next| next > now),
                "the next change is at {next:?}, now is {now:?}"
            );
        }
        Ok(())
    }

    fn limits_agree(&self) -> Result<(), String> {
        let now = self.oracle.now;
        for (limit, usage) in self
            .oracle
            .rules
            .limits
            .iter()
            .zip(self.gate.usage(self.clock))
        {
            let used = self.oracle.inside(limit, now, false).len() as u64;
            check!(
                usage.used == used,
                "{}: {} used instead of {used}",
                limit.name,
                usage.used
            );
            check!(
                used <= limit.max(),
                "{}: {used} used of {}",
                limit.name,
                limit.max()
            );
            let places = self.oracle.places(limit, now) as u64;
            let learned = (places < limit.max()).then_some(places as u32);
            check!(
                usage.learned_ceiling == learned,
                "{}: learned {:?}",
                limit.name,
                usage.learned_ceiling
            );
            let rows = self
                .rows
                .keys()
                .filter(|(name, _)| *name == limit.name)
                .count() as u64;
            let most = match limit.kind {
                LimitKind::Concurrency { .. } => 0,
                LimitKind::Window { calls, .. } => {
                    slots(calls, limit.reserve != Reserve::default())
                }
            };
            check!(rows <= most, "{}: {rows} rows", limit.name);
        }
        Ok(())
    }

    fn verdicts_agree(&self) -> Result<(), String> {
        let (now, waiting) = (self.oracle.now, self.waiting());
        let refusing = |lane: Priority| {
            let limits = self.oracle.rules.limits.iter();
            limits.filter(move |limit| !self.oracle.limit_admits(limit, lane, now, false))
        };
        let mut contended = false;
        for lane in Priority::ALL {
            let verdict = self.gate.explain(lane, waiting, self.clock);
            let fits = match &verdict {
                Verdict::Admissible => {
                    self.oracle.decide(waiting.with(lane)) == Decision::Start(lane)
                }
                Verdict::HeldByLane(other) => {
                    self.oracle.decide(waiting.with(lane)) == Decision::Start(*other)
                }
                Verdict::HeldBy { limit, .. } => {
                    refusing(lane).any(|refusing| refusing.name == *limit)
                }
                Verdict::ClosedUntil(until) => *until > now && !self.oracle.is_open_for(lane, now),
                Verdict::Trickling { .. } | Verdict::Paused(_) => {
                    !self.oracle.is_open_for(lane, now)
                }
            };
            check!(fits, "{lane} is told {verdict:?}");
            let is_window = |kind| matches!(kind, LimitKind::Window { .. });
            contended |= waiting.has(lane)
                && self.oracle.is_open_for(lane, now)
                && refusing(lane).count() > 0
                && !refusing(lane).any(|limit| is_window(limit.kind));
        }
        check!(
            self.gate.contended(waiting, self.clock) == contended,
            "contended must be {contended}"
        );
        Ok(())
    }
}

/// The rules of the gate, if the host makes this mistake.
fn mistaken(rules: &Rules, mistake: Option<Mistake>) -> Rules {
    let mut rules = rules.clone();
    for limit in &mut rules.limits {
        match (mistake, &mut limit.kind) {
            (Some(Mistake::FreesAtSend), _) => {
                limit.count_from = CountFrom::Send;
            }
            (Some(Mistake::ShortWindow), LimitKind::Window { per, .. }) => {
                *per = (*per * 9 / 10).max(SHORTEST_WINDOW);
            }
            (Some(Mistake::OneTooMany), LimitKind::Window { calls, .. }) => *calls += 1,
            (Some(Mistake::OneTooMany), LimitKind::Concurrency { max }) => *max += 1,
            _ => {}
        }
    }
    rules
}

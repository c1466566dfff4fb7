//! A host around a gate: queues, a clock, what was persisted, and a check of everything after each
//! step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rampmeter_dispatch::{
    CallId, CountFrom, Decision, Gate, LimitKind, MIN_WINDOW, OpenPermit, PermitId, Priority,
    Refusal, Rules, Time, Trouble, Troubled, Waiting, Whose, WindowRow,
};

use crate::command::{Command, KINDS};
use crate::fairness::Bystander;
use crate::oracle::Oracle;
use crate::vendor::{Seen, Vendor};

/// A mistake built into the host or its configuration, to see that the vendor notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Windows free their slots one length after the permit, though the vendor counts until the
    /// answer.
    FreesAtSend,
    /// Open permits are not persisted.
    ForgetsPermits,
    /// The rows of windows are not persisted.
    ForgetsRows,
    /// A lost call counts as an answered one.
    NeverHolds,
    /// The window is configured a tenth shorter than the vendor's.
    ShortWindow,
    /// The limit is configured one higher than the vendor's.
    OneTooMany,
}

/// Fails a run with a sentence instead of a panic, so that a run can be expected to fail.
macro_rules! check {
    ($holds:expr, $($because:tt)+) => {
        if !$holds {
            return Err(format!($($because)+));
        }
    };
}
pub(crate) use check;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) gate: Gate,
    pub(crate) oracle: Oracle,
    vendor: Vendor,
    /// The vendor's rules; the gate's unless a mistake is planted.
    vendor_rules: Rules,
    mistake: Option<Mistake>,
    /// The host's clock, which may go back.
    pub(crate) clock: Time,
    queues: [u32; 3],
    next_id: PermitId,
    pub(crate) in_flight: BTreeMap<PermitId, InFlight>,
    pub(crate) rows: BTreeMap<(String, u32), WindowRow>,
    bystander: Bystander,
    /// How often each kind of command changed something.
    pub(crate) done: [u64; KINDS],
    /// The number of the first call since the account is in trouble.
    in_trouble_from: Option<PermitId>,
    /// The situations that this run came through.
    pub(crate) seen: BTreeSet<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct InFlight {
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
            in_trouble_from: None,
            done: [0; KINDS],
            seen: BTreeSet::new(),
        }
    }

    /// Runs the commands with all checks, then hears the vendor.
    pub(crate) fn run(&mut self, commands: &[Command]) -> Result<(), String> {
        for (step, command) in commands.iter().enumerate() {
            let in_context = |error: String| format!("step {step}, {command:?}: {error}");
            if self.step(command).map_err(in_context)? {
                self.done[command.kind()] += 1;
            }
            self.one_probe_is_out().map_err(in_context)?;
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
            Command::Answer { .. }
            | Command::Refuse { .. }
            | Command::Trouble { .. }
            | Command::Lose { .. }
            | Command::UsedUp { .. } => return self.outcome(command),
            Command::Release => return self.release(),
            Command::Pass { time } => self.pass_to(self.clock.saturating_add(time)),
            Command::PassToNextChange => {
                let Some(next) = self.gate.view(self.clock).next_change() else {
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
                self.gate.feedback(self.clock).forget_throttles();
                self.oracle.forget_throttles();
            }
            Command::Restart { remembers, hold } => self.restart(remembers, hold),
        }
        Ok(true)
    }

    /// Something becomes known about a call in flight.
    fn outcome(&mut self, command: &Command) -> Result<bool, String> {
        match *command {
            Command::Answer { pick } => {
                let Some(id) = self.pick(pick) else {
                    return Ok(false);
                };
                self.finish(id, true);
            }
            Command::Refuse {
                pick,
                throttle,
                earlier,
                for_all,
                overload,
                jitter,
            } => {
                let Some(id) = self.pick_open(pick) else {
                    return Ok(false);
                };
                let refusal = Refusal {
                    throttle,
                    call: call_of(id),
                    earlier,
                    for_all,
                    overload,
                };
                self.refuse(id, refusal, jitter)?;
            }
            Command::Trouble {
                ref picks,
                kind,
                reached,
                jitter,
            } => {
                let mut happened = false;
                for pick in picks {
                    if let Some(id) = self.pick_open(*pick) {
                        self.trouble(id, kind, reached, jitter)?;
                        happened = true;
                    }
                }
                return Ok(happened);
            }
            Command::Lose { pick, hold } => {
                let Some(id) = self.pick(pick) else {
                    return Ok(false);
                };
                self.lose(id, hold);
            }
            Command::UsedUp { resets_in } => {
                let until = self.gate.feedback(self.clock).used_up(resets_in);
                let closes = self.oracle.used_up(resets_in);
                check!(
                    until.is_some() == closes,
                    "used up for {resets_in:?}: closed until {until:?}, must close: {closes}"
                );
                self.saw("an answer closes the target before a throttle", closes);
                self.saw("a used-up vendor tells a full window nothing new", !closes);
                return Ok(closes);
            }
            _ => unreachable!("{command:?} is no outcome"),
        }
        Ok(true)
    }

    pub(crate) fn waiting(&self) -> Waiting {
        Waiting::new(self.queues.map(|calls| calls > 0))
    }

    fn pick(&self, pick: u16) -> Option<PermitId> {
        let open: Vec<PermitId> = self.in_flight.keys().copied().collect();
        open.get(usize::from(pick) % open.len().max(1)).copied()
    }

    /// An open call that is not held for an answer that was lost.
    fn pick_open(&self, pick: u16) -> Option<PermitId> {
        self.pick(pick)
            .filter(|id| self.gate.is_open(*id) && self.in_flight[id].held_until.is_none())
    }

    fn refuse(&mut self, id: PermitId, refusal: Refusal, jitter: u64) -> Result<(), String> {
        let report = self
            .gate
            .feedback(self.clock)
            .throttled(id, refusal, jitter);
        let whose = self.oracle.refuse(id, refusal, jitter);
        check!(report.whose == whose, "{refusal:?}: {report:?}");
        self.saw("a throttle is the call's own", whose == Whose::Call);
        self.finish(id, false);
        Ok(())
    }

    fn trouble(
        &mut self,
        id: PermitId,
        kind: Trouble,
        reached: bool,
        jitter: u64,
    ) -> Result<(), String> {
        let outcome = Troubled {
            call: call_of(id),
            kind,
            reached,
        };
        let report = self.gate.feedback(self.clock).troubled(id, outcome, jitter);
        let whose = self.oracle.trouble(id, outcome, jitter);
        check!(report.whose == whose, "{outcome:?}: {report:?}");
        self.saw("the account is in trouble", report.state.is_some());
        self.saw("a trouble may be the call's own", whose == Whose::Call);
        if reached {
            self.finish(id, false);
            return Ok(());
        }
        let rows = self.gate.not_sent(id, self.clock);
        self.persist(rows);
        self.oracle.not_sent(id);
        self.in_flight.remove(&id);
        Ok(())
    }

    /// While the account is in trouble at most one of the calls that left since is in flight.
    fn one_probe_is_out(&mut self) -> Result<(), String> {
        if self.gate.trouble().is_none() {
            self.saw(
                "the account's trouble is over",
                self.in_trouble_from.is_some(),
            );
            self.in_trouble_from = None;
            return Ok(());
        }
        let first = *self.in_trouble_from.get_or_insert(self.next_id);
        let since = self.in_flight.range(first..);
        let probes = since.filter(|(_, call)| call.held_until.is_none()).count();
        check!(probes <= 1, "{probes} probes are out");
        Ok(())
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
                self.saw(
                    "a pressing BATCH starts past MEDIUM",
                    lane == Priority::Batch && self.oracle.is_pressing(eligible),
                );
                self.saw(
                    "a due lane starts past HIGH",
                    lane != Priority::High && eligible.has(Priority::High),
                );
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
            started = true;
        }
        Ok(started)
    }

    fn finish(&mut self, id: PermitId, well: bool) {
        if self.gate.is_open(id) {
            let rows = self.gate.finish(id, self.clock);
            self.persist(rows);
            self.oracle.answer(id, well);
        }
        self.vendor_sees_the_end_of(id, self.oracle.now);
    }

    fn lose(&mut self, id: PermitId, hold: Duration) {
        let until = self.oracle.now.saturating_add(hold);
        match self.mistake {
            Some(Mistake::NeverHolds) if self.gate.is_open(id) => {
                let rows = self.gate.finish(id, self.clock);
                self.persist(rows);
                self.oracle.answer(id, true);
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

    /// The process dies and comes back with what was persisted. In-flight calls may still be
    /// counted by the vendor.
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
        self.saw("a restart finds open permits", !open.is_empty());
        let memory = self.gate.memory();
        let gate = Gate::restore(self.oracle.rules.clone(), open, rows, now);
        self.gate = gate;
        self.oracle.forget_paces();
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
            let key = (row.limit.clone(), row.slot);
            match row.count {
                0 => self.rows.remove(&key),
                _ => self.rows.insert(key, row),
            };
        }
    }
}

/// Which call a permit is for: a few take all of them in turn.
fn call_of(id: PermitId) -> CallId {
    id % 5
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
                *per = (*per * 9 / 10).max(MIN_WINDOW);
            }
            (
                Some(Mistake::OneTooMany),
                LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. },
            ) => *calls += 1,
            (Some(Mistake::OneTooMany), LimitKind::Concurrency { max }) => *max += 1,
            _ => {}
        }
    }
    rules
}

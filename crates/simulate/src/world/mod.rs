//! The simulated world: calls arrive, the real gate of `dispatch` decides which start, the vendor answers, on a virtual
//! clock that jumps from event to event. `call` decides what follows from an outcome, as for the other hosts. What else
//! the embedded engine does (oldest first within a lane) is done here in the same way, without a store; a commit takes
//! no time.

mod agenda;
pub(crate) mod figures;
pub(crate) mod held;
pub(crate) mod result;
pub(crate) mod scenario;
mod vendor;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rampmeter_call::job::Polling;
use rampmeter_call::{CallRules, EndedRequest, Judgement, NextAction, Outcome, PermitEnd};
use rampmeter_dispatch::{CallId, Decision, Gate, PermitId, Position, Priority, Time, Waiting};

use super::quantity::MAX_DURATION;
use super::random::{Question, Random};
use crate::workload::arrivals::{self, Arrival};
use crate::world::agenda::Agenda;
use crate::world::held::Obstacles;
use crate::world::result::{End, Level, Record, Run, Throttles};
use crate::world::scenario::{Order, Scenario};
use crate::world::vendor::{Reply, Vendor, no_answer};

/// A call that a full vendor refuses for ever is started again and again. After so many starts for each call, and
/// [`SPARE_STARTS`] for all together, the remaining calls are reported as not ending.
const STARTS_PER_CALL: u64 = 50;
const SPARE_STARTS: u64 = 10_000;
/// The same for all events, including other clients' calls at the vendor.
const MAX_EVENTS: u64 = 100_000_000;

/// A call, by its index in the order of arrival.
type Call = usize;

/// Something that happens at a moment of its own. Arrivals are not among them: they are in order already.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// The vendor ends its work on a call of ours.
    WorkEnds,
    /// An answer arrives.
    Answered(Call, PermitId, Reply),
    /// A call has waited for its answer until its timeout.
    TimedOut(Call, PermitId),
    /// A call that was put back may be taken again.
    Ready(Call),
    /// Somebody else calls.
    OtherCalls,
    /// Somebody else's call ends.
    OtherEnds,
}

impl Event {
    /// Whether it can change what the gate knows or what is noted.
    fn concerns_us(self) -> bool {
        match self {
            Event::OtherCalls | Event::OtherEnds => false,
            Event::WorkEnds | Event::Answered(..) | Event::TimedOut(..) | Event::Ready(_) => true,
        }
    }
}

/// Simulates a scenario to the end of its last call.
pub(crate) fn run(scenario: &Scenario, order: Order) -> Run {
    let workload = &scenario.workload;
    let arrivals = arrivals::arrivals(&workload.sources, workload.stretch, scenario.seed);
    let mut world = World::new(scenario, order, arrivals.into());
    world.run();
    world.conclude()
}

struct World<'a> {
    scenario: &'a Scenario,
    order: Order,
    gate: Gate,
    vendor: Vendor<'a>,
    now: Time,
    /// When time alone may let another call start.
    wake: Option<Time>,
    arrivals: Arc<[Arrival]>,
    /// How many of them have arrived.
    arrived: usize,
    records: Vec<Record>,
    /// Calls that have not ended.
    open: usize,
    /// Calls that may be taken, by their position in the lane.
    lanes: [BTreeSet<(u64, Call)>; 3],
    /// Turns that were given.
    turns: u64,
    agenda: Agenda<Event>,
    permits: PermitId,
    starts: u64,
    others: Random,
    obstacles: Obstacles,
    steps: Vec<Level>,
    throttles: Throttles,
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, order: Order, arrivals: Arc<[Arrival]>) -> World<'a> {
        let rules = match order {
            Order::ByPriority => scenario.handling.rules.clone(),
            Order::SingleQueue => scenario.handling.without_reserves(),
        };
        let now = Time::default();
        let mut world = World {
            scenario,
            order,
            gate: Gate::new(rules, now),
            vendor: Vendor::new(scenario),
            now,
            wake: None,
            arrived: 0,
            records: vec![Record::default(); arrivals.len()],
            open: arrivals.len(),
            arrivals,
            lanes: Default::default(),
            turns: 0,
            agenda: Agenda::new(),
            permits: 0,
            starts: 0,
            others: Random::of(scenario.seed, Question::Foreign, 0, 0),
            obstacles: Obstacles::default(),
            steps: Vec::new(),
            throttles: Throttles::default(),
        };
        world.foresee_other();
        world
    }

    fn run(&mut self) {
        let last = self.arrivals.last().map_or(self.now, |arrival| arrival.at);
        let end = last.saturating_add(MAX_DURATION);
        let most_starts = SPARE_STARTS + STARTS_PER_CALL * self.arrivals.len() as u64;
        while self.open > 0 && self.starts <= most_starts && self.agenda.foreseen() <= MAX_EVENTS {
            let Some(next) = self.next_moment().filter(|next| *next <= end) else {
                break;
            };
            self.now = next;
            let arrived = self.arrive();
            let mut concerned = arrived || self.wake.is_some_and(|wake| wake <= next);
            while let Some(event) = self.agenda.take_due(self.now) {
                concerned |= event.concerns_us();
                self.happen(event);
            }
            // What others do at the vendor changes nothing that the gate knows.
            if concerned {
                self.gate.release_holds(self.now);
                self.start_calls();
                self.note();
            }
        }
    }

    fn next_moment(&self) -> Option<Time> {
        let arrival = self.arrivals.get(self.arrived).map(|arrival| arrival.at);
        let moments = [arrival, self.agenda.next_at(), self.wake];
        moments.into_iter().flatten().min()
    }

    /// Whether a call arrived.
    fn arrive(&mut self) -> bool {
        let before = self.arrived;
        while let Some(arrival) = self.arrivals.get(self.arrived)
            && arrival.at <= self.now
        {
            self.make_ready(self.arrived);
            self.arrived += 1;
        }
        self.arrived > before
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::WorkEnds => self.vendor.end_ours(),
            Event::Answered(call, permit, reply) => self.ended(call, permit, reply.outcome()),
            Event::TimedOut(call, permit) => self.ended(call, permit, no_answer()),
            Event::Ready(call) => self.make_ready(call),
            Event::OtherCalls => {
                if let Some(works_for) = self.vendor.take_other(&mut self.others) {
                    self.foresee(works_for, Event::OtherEnds);
                }
                self.foresee_other();
            }
            Event::OtherEnds => self.vendor.end_other(),
        }
    }

    fn foresee(&mut self, after: Duration, event: Event) {
        self.agenda.foresee(self.now.saturating_add(after), event);
    }

    fn foresee_other(&mut self) {
        if let Some(foreign) = &self.scenario.workload.foreign {
            let gap = self.others.exponential(foreign.per_second);
            self.foresee(Duration::from_secs_f64(gap), Event::OtherCalls);
        }
    }

    /// The lane a call waits in.
    fn lane(&self, call: Call) -> Priority {
        match self.order {
            Order::ByPriority => self.arrivals[call].priority,
            Order::SingleQueue => Priority::High,
        }
    }

    fn make_ready(&mut self, call: Call) {
        let turns = &mut self.turns;
        let turn = *self.records[call].turn.get_or_insert_with(|| {
            *turns += 1;
            *turns
        });
        self.lanes[self.lane(call).index()].insert((turn, call));
    }

    fn waiting(&self) -> Waiting {
        Waiting::new([0, 1, 2].map(|lane: usize| !self.lanes[lane].is_empty()))
    }

    fn start_calls(&mut self) {
        self.wake = loop {
            match self.gate.decide(self.waiting(), self.now) {
                Decision::Start(lane) => self.start_first(lane),
                Decision::NotBefore(at) => break at,
                Decision::Idle => break None,
            }
        };
        if self.gate.held() > 0 {
            let change = self.gate.view(self.now).next_change();
            self.wake = [self.wake, change].into_iter().flatten().min();
        }
        assert!(
            self.wake.is_none_or(|at| at > self.now),
            "the gate opens by time alone only later, or it would be open"
        );
    }

    fn start_first(&mut self, lane: Priority) {
        let (_, call) = self.lanes[lane.index()]
            .pop_first()
            .expect("the gate offers a lane only if a call waits there");
        self.permits += 1;
        self.starts += 1;
        let permit = self.permits;
        self.gate.start(permit, lane, self.waiting(), self.now);
        let record = &mut self.records[call];
        let attempt = u64::from(record.starts);
        record.starts += 1;
        record.first_start.get_or_insert(self.now);
        // A recorded duration is that of the first attempt; a second one was not recorded.
        let known = self.arrivals[call].duration.filter(|_| attempt == 0);
        let fate = self.vendor.take(call as u64, attempt, known);
        if let Some(works_for) = fate.works_for {
            self.foresee(works_for, Event::WorkEnds);
        }
        match fate.answer {
            Some((after, reply)) if after < self.scenario.handling.timeout => {
                self.foresee(after, Event::Answered(call, permit, reply));
            }
            _ => {
                self.foresee(
                    self.scenario.handling.timeout,
                    Event::TimedOut(call, permit),
                );
            }
        }
    }

    /// An attempt has ended: ends its permit, and carries out the next action for the call.
    fn ended(&mut self, call: Call, permit: PermitId, outcome: Outcome) {
        let judgement = self.end_permit(call, permit, &outcome);
        match self.rules_of(call).after(outcome, judgement) {
            NextAction::Done(_) => self.end(call, End::Succeeded),
            NextAction::Failed(failed) => {
                self.records[call].attempts = failed.attempts;
                self.end(call, End::of(&failed));
            }
            NextAction::Again {
                after,
                attempts,
                refusals,
                set_back,
                unknown: _,
            } => {
                let record = &mut self.records[call];
                (record.attempts, record.refusals) = (attempts, refusals);
                if set_back {
                    record.turn = None;
                }
                if after.is_zero() {
                    self.make_ready(call);
                } else {
                    self.foresee(after, Event::Ready(call));
                }
            }
        }
    }

    fn end_permit(&mut self, call: Call, permit: PermitId, outcome: &Outcome) -> Judgement {
        let number = self.throttles.all;
        let mut jitter = Random::of(self.scenario.seed, Question::Jitter, number, 0);
        let hold = self.scenario.handling.hold_after_timeout;
        let request = EndedRequest {
            permit,
            call: CallId::try_from(call).unwrap_or(CallId::MAX),
            refusals: self.records[call].refusals,
            held_until: self.now.saturating_add(hold),
            now: self.now,
            jitter: jitter.next(),
        };
        let reply = PermitEnd::of(outcome).settle(&mut self.gate, &request);
        if let Some(report) = reply.throttle {
            self.throttles.all += 1;
            self.throttles.under_our_limit += u64::from(report.under_our_limit);
        }
        reply.judgement
    }

    fn rules_of(&self, call: Call) -> CallRules {
        let (handling, record) = (&self.scenario.handling, &self.records[call]);
        let (seed, starts) = (self.scenario.seed, u64::from(record.starts));
        CallRules {
            retry: handling.retry,
            on_unknown: handling.on_unknown,
            // No call of a simulation becomes a job.
            polling: Polling::USUAL,
            attempts: record.attempts,
            refusals: record.refusals,
            random: Random::of(seed, Question::BackOff, call as u64, starts).next(),
        }
    }

    fn end(&mut self, call: Call, end: End) {
        let before = self.records[call].end.replace((self.now, end));
        assert!(before.is_none(), "a call ends once");
        self.open -= 1;
    }

    /// Notes the state until the next event.
    fn note(&mut self) {
        let waiting = self.waiting();
        let holders = waiting.lanes().map(|lane| {
            let position = Position::first(lane);
            let why = self
                .gate
                .view(self.now)
                .explanation(position, waiting, None);
            why.held_by
        });
        self.obstacles.note(holders, self.now);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let step = Level {
            at: self.now,
            in_flight: count(usize::try_from(self.gate.in_flight()).unwrap_or(usize::MAX)),
            at_vendor: self.vendor.ours(),
            waiting: [0, 1, 2].map(|lane: usize| count(self.lanes[lane].len())),
        };
        if self.steps.last().is_none_or(|last| !last.is_like(&step)) {
            self.steps.push(step);
        }
    }

    fn conclude(self) -> Run {
        let stretch = Time::default().saturating_add(self.scenario.workload.stretch);
        Run {
            end: self.now.max(stretch),
            arrivals: self.arrivals,
            records: self.records,
            held: self.obstacles.conclude(self.now),
            steps: self.steps,
            deferrals: self.gate.deferrals(),
            throttles: self.throttles,
            others_refused: self.vendor.others_refused(),
        }
    }
}

//! One target at work: its gate, how many messages wait in its lanes, and the calls that are in flight.
//! The gate decides; this only counts and remembers between two decisions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rampmeter_asl::Selector;
use rampmeter_call::Outcome;
use rampmeter_caller::Caller;
use rampmeter_config::Worker;
use rampmeter_dispatch::{
    Charges, FairOrder, Gate, Line, PermitId, Priority, Rules, Scope, ThrottleReport, Time,
    Waiting, Whose,
};
use rampmeter_store::model::figures::Figures;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::model::id::{MessageNumber, OrderingHash, QueueId};
use rampmeter_store::{CallTables, ControlTables, LaneTables, MessageTables};
use rampmeter_store::{LimitOverride, LineId, StoreError};
use rampmeter_succession::holds_for;

use crate::in_flight::{CallsInFlight, InFlight};
use crate::target_errors::RecentErrors;
use crate::vendor_limit::VendorLimit;

/// Contended spans that are remembered.
const SPANS: usize = 1_024;

/// Since when a person has paused the target or one of its lanes, and why.
#[derive(Debug, Clone)]
pub struct PauseNote {
    /// What is paused.
    pub scope: Scope,
    /// Since when.
    pub at: Time,
    /// In their words; may be empty.
    pub reason: String,
}

/// The first call of a lane, in a target with tariffs.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// Its turn.
    pub turn: u64,
    /// The call.
    pub message: MessageNumber,
    /// What it is charged.
    pub charges: Charges,
}

/// One target.
#[derive(Debug)]
pub struct Target {
    /// How it is configured.
    pub config: Arc<rampmeter_config::Target>,
    /// What makes its calls.
    pub caller: Arc<Caller>,
    /// The part of a successful answer's body that is passed on, where the configuration names one.
    pub selector: Option<Arc<Selector>>,
    /// What decides which call may start.
    pub gate: Gate,
    /// The rules of the configuration, with the bound that every target has on calls in flight.
    pub base_rules: Rules,
    /// The limits that differ from them, by name.
    pub overrides: BTreeMap<String, LimitOverride>,
    /// The mean time from permit to answer, new answers counting a sixteenth.
    latency: Option<Duration>,
    /// The queues of its lanes, HIGH first.
    pub queues: [QueueId; 3],
    /// Its dead-letter queue.
    pub dead: QueueId,
    /// Messages that may be taken now, by lane, HIGH first.
    pub ready: [u64; 3],
    /// Of those, the polls of jobs, HIGH first: they stand before the other calls of their lane.
    pub polls: [u64; 3],
    /// Calls that the vendor has accepted and works on.
    pub jobs: u64,
    /// Calls that another call of their OrderingKey goes before, HIGH first.
    pub parked: [u64; 3],
    /// Calls that stand aside in a line, HIGH first.
    pub aside: [u64; 3],
    /// What one that stood aside lately is charged, HIGH first: for people who ask why nothing of the lane starts.
    pub aside_as: [Charges; 3],
    /// The first call of each lane, HIGH first, as it was last seen; none where no limit has a tariff.
    pub heads: [Option<Head>; 3],
    /// Lines, by tariff and key, in which a call may go on.
    pub to_review: BTreeSet<(u64, u64)>,
    /// Calls of any line may go on: the rules have changed, or the process is new.
    pub reviews_all: bool,
    /// Whose turn it is in each lane, HIGH first.
    pub turns: [FairOrder; 3],
    /// The call of each OrderingKey that is under way. There are no more than calls in flight or waiting for a repeat.
    pub owners: BTreeMap<OrderingHash, MessageNumber>,
    /// The calls that are in flight.
    pub in_flight: CallsInFlight,
    /// When time alone may let another call start.
    pub wake: Option<Time>,
    /// What is counted for the metrics, since the process started.
    pub figures: Figures,
    /// Recent errors.
    pub errors: RecentErrors,
    /// How often the vendor throttled a call, since the process started.
    pub throttles: u64,
    /// Of those, how often while we were under our own limits.
    pub throttles_under_our_limit: u64,
    /// How often an answer's headers closed the target before a throttle did, since the process started.
    pub closed_by_headers: u64,
    /// The vendor's limits as its answers state them, by the vendor's names.
    pub vendor_limits: BTreeMap<String, VendorLimit>,
    /// The reasons that people gave for the pauses in force.
    pub pauses: Vec<PauseNote>,
    contended: VecDeque<(Time, Option<Time>)>,
}

impl Target {
    /// A target as it is opened, before its lanes are counted.
    #[must_use]
    pub fn new(
        config: Arc<rampmeter_config::Target>,
        caller: Caller,
        gate: Gate,
        base_rules: Rules,
        overrides: BTreeMap<String, LimitOverride>,
        queues: [QueueId; 3],
        dead: QueueId,
    ) -> Target {
        Target {
            config,
            caller: Arc::new(caller),
            selector: None,
            gate,
            base_rules,
            overrides,
            latency: None,
            queues,
            dead,
            ready: [0; 3],
            polls: [0; 3],
            jobs: 0,
            parked: [0; 3],
            aside: [0; 3],
            aside_as: [Charges::NOTHING; 3],
            heads: [None; 3],
            to_review: BTreeSet::new(),
            reviews_all: true,
            turns: [FairOrder::default(); 3],
            owners: BTreeMap::new(),
            in_flight: CallsInFlight::default(),
            wake: None,
            figures: Figures::default(),
            errors: RecentErrors::default(),
            throttles: 0,
            throttles_under_our_limit: 0,
            closed_by_headers: 0,
            vendor_limits: BTreeMap::new(),
            pauses: Vec::new(),
            contended: VecDeque::new(),
        }
    }

    /// Counts again what waits in its lanes.
    pub fn recount(
        &mut self,
        id: TargetId,
        messages: MessageTables<'_>,
        lanes: LaneTables<'_>,
        calls: CallTables<'_>,
    ) -> Result<(), StoreError> {
        if self.config.worker == Worker::External {
            return Ok(());
        }
        for (lane, queue) in self.queues.into_iter().enumerate() {
            self.ready[lane] = messages.count_ready(queue)?;
            self.parked[lane] = lanes.count_parked(id, queue)?;
            self.aside[lane] = lanes.lines().count_aside(queue)?;
            self.polls[lane] = lanes.count_polls(queue)?;
            let first = lanes.lowest_turn(queue)?;
            let ungrouped = lanes.newest_ungrouped_turn(queue)?;
            self.turns[lane] = FairOrder::restore(first, ungrouped);
        }
        self.heads = [None; 3];
        self.reviews_all = true;
        self.owners = lanes.owners(id)?.into_iter().collect();
        self.jobs = calls.count_jobs(id)?;
        Ok(())
    }

    /// Reads the reasons that people gave for the pauses in force.
    pub fn recall_pauses(&mut self, controls: ControlTables<'_>) -> Result<(), StoreError> {
        for scope in self.gate.paused() {
            let subject = match scope {
                Scope::Target => "",
                Scope::Lane(lane) => lane.as_str(),
            };
            if let Some((at, reason)) = controls.pause_in_force(&self.config.name, subject)? {
                self.pauses.push(PauseNote { scope, at, reason });
            }
        }
        Ok(())
    }

    /// When the first change of a limit ends by itself.
    pub fn first_expiry(&self) -> Option<Time> {
        self.overrides
            .values()
            .filter_map(|change| change.expires_at)
            .min()
    }

    /// Counts an outcome, and notes an error.
    pub fn note_outcome(&mut self, outcome: &Outcome, now: Time) {
        match outcome.error() {
            Some(words) => self.errors.note(words, now),
            None if outcome.answer().is_some() => self.errors.went_well(),
            None => {}
        }
    }

    /// Counts a throttle, and logs one that came while we were under our own limit.
    pub fn note_throttle(&mut self, report: &ThrottleReport) {
        self.throttles += 1;
        if report.under_our_limit && report.whose == Whose::Account {
            self.throttles_under_our_limit += 1;
            tracing::warn!(
                target = self.config.name,
                "throttled while under our own limit: somebody else uses the account, or the limit is too high"
            );
        }
    }

    /// Notes how long a call took, from its permit to its answer.
    pub fn note_latency(&mut self, latency: Duration) {
        let mean = self.latency.unwrap_or(latency);
        self.latency = Some((mean * 15 + latency) / 16);
    }

    /// The mean time from permit to answer; `None` before the first answer.
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// Which lanes have a call that only the limits could keep from starting.
    pub fn waiting(&self) -> Waiting {
        let ready = Waiting::new(self.ready.map(|count| count > 0));
        let lanes = Priority::ALL.into_iter();
        let ready = lanes
            .filter(|lane| self.polls[lane.index()] > 0)
            .fold(ready, Waiting::with_poll);
        let heads = Priority::ALL.into_iter().zip(self.heads);
        heads.fold(ready, |waiting, (lane, head)| match head {
            Some(head) => waiting.charged(lane, head.charges),
            None => waiting,
        })
    }

    /// Until when the vendor may still be working on a call that started then, if its answer never comes.
    pub fn held_until(&self, started_at: Time) -> Time {
        started_at.saturating_add(holds_for(&self.config))
    }

    /// Until when the vendor may be at work on a call whose answer is given up now: it left a little after its permit, and the
    /// time-out ran from then.
    pub fn at_work_until(&self, call: &InFlight, now: Time) -> Time {
        self.held_until(call.started_at)
            .max(now.saturating_add(self.config.hold_after_timeout))
    }

    /// The same of a call that is in flight under this permit.
    pub fn in_flight_until(&self, permit: PermitId, now: Time) -> Option<Time> {
        let call = self.in_flight.get(&permit)?;
        Some(self.at_work_until(call, now))
    }

    /// Notes whether, from now on, a concurrency limit alone holds a call back.
    pub fn note_contention(&mut self, now: Time) {
        let contended = self.gate.view(now).contended(self.waiting());
        match self.contended.back_mut() {
            Some((_, end @ None)) if !contended => *end = Some(now),
            Some((_, None)) => {}
            _ if contended => {
                if self.contended.len() == SPANS {
                    self.contended.pop_front();
                }
                self.contended.push_back((now, None));
            }
            _ => {}
        }
    }

    /// The spans during which only a concurrency limit held a call back.
    pub fn contended(&self) -> Vec<(Time, Option<Time>)> {
        self.contended.iter().copied().collect()
    }
}

impl Target {
    /// Whether a limit counts otherwise than every call once.
    pub fn has_tariffs(&self) -> bool {
        !self.gate.tariffs().is_empty()
    }

    /// The lines of a call as the store names them.
    pub fn lines_of(&self, charges: Charges) -> impl Iterator<Item = LineId> + use<> {
        let lines: Vec<LineId> = charges.lines().map(|line| self.id_of(line)).collect();
        lines.into_iter()
    }

    /// A line as the store names it.
    pub fn id_of(&self, line: Line) -> LineId {
        LineId {
            tariff: self.gate.tariffs()[line.tariff].fingerprint(),
            key: line.key.number(),
        }
    }
}

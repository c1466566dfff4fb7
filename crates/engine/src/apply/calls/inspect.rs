//! Answers to "what is it doing and why": targets and calls that have not ended; where an execution waits is in
//! `waiting_at.rs`. Changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_dispatch::{Limit, LimitKind, LimitUsage, Priority, Scope, Time, Verdict};
use rampmeter_store::model::call::{CallState, JobState};
use rampmeter_store::model::id::ExecutionId;
use rampmeter_store::model::id::{MessageNumber, QueueId, TargetId};
use rampmeter_store::model::target::{LimitState, TargetState, VendorLimitState};
use rampmeter_store::{JobRow, MessageRow, OrderStatus, StoreError};
use rampmeter_store::{Readable, StoreFailure, readable};

use crate::apply::calls::context::{CallContext, CallStore};
use crate::apply::subject::Subject;
use crate::memory::queues::Queue;
use crate::memory::target::Target;

/// How many calls are ahead of those looked at last, by lane: so that the calls of a wide Map, which mostly come in the
/// order of their lane, are counted in one pass over it.
#[derive(Debug, Default)]
pub(crate) struct Ahead(BTreeMap<QueueId, (u64, MessageNumber, u64)>);

/// What targets and calls are doing, for those who ask.
#[derive(Debug)]
pub(crate) struct CallInspection<'a, 't> {
    pub(crate) calls: &'a mut CallContext<'t>,
    pub(crate) store: CallStore<'t>,
}

impl<'t> CallContext<'t> {
    pub(crate) fn inspection(&mut self) -> CallInspection<'_, 't> {
        CallInspection {
            store: self.store,
            calls: self,
        }
    }
}

impl CallInspection<'_, '_> {
    /// Every target as it stands.
    pub(crate) fn inspect_targets(&mut self) -> Vec<TargetState> {
        let now = self.calls.now();
        let targets = self
            .calls
            .memory
            .targets
            .values()
            .map(|target| TargetState {
                name: target.config.name.clone(),
                limits: limit_states(target, now),
                paused: target.gate.paused().into_iter().map(scope_word).collect(),
                mean_call: target.latency().map(milliseconds),
                waiting: [0, 1, 2].map(|lane| target.ready[lane] + target.parked[lane]),
                in_flight: target.gate.in_flight(),
                held: u64::try_from(target.gate.held()).unwrap_or(u64::MAX),
                deferrals: target.gate.deferrals(),
                throttles: target.throttles,
                throttles_under_our_limit: target.throttles_under_our_limit,
                closed_by_headers: target.closed_by_headers,
                closed_until: match target.gate.closure(now) {
                    Verdict::ClosedUntil(until) => Some(until.as_millis()),
                    _ => None,
                },
                trickle: match target.gate.closure(now) {
                    Verdict::Trickling { width } => Some(width),
                    _ => None,
                },
                vendor_limits: vendor_limits(target),
                contended: target.contended(),
            });
        targets.collect()
    }

    /// Calls that have not ended, those in flight first; at most `most`, of one target or of all.
    pub(crate) fn inspect_calls(
        &mut self,
        most: usize,
        of: Option<&str>,
    ) -> Result<Vec<CallState>, StoreError> {
        let mut calls = Vec::new();
        let targets = self.calls.memory.targets.iter();
        let targets = targets.filter(|(_, target)| of.is_none_or(|of| target.config.name == of));
        let targets: Vec<TargetId> = targets.map(|(id, _)| *id).collect();
        for &id in &targets {
            let flying: Vec<(MessageRow, Priority)> = self
                .calls
                .target(id)
                .in_flight
                .values()
                .map(|call| (call.message.clone(), call.priority))
                .collect();
            for (message, priority) in flying {
                calls.push(self.call_state(id, &message, priority, Status::InFlight)?);
            }
        }
        for &id in &targets {
            self.jobs_of(id, most, &mut calls)?;
        }
        for &id in &targets {
            for priority in Priority::ALL {
                let queue = self.calls.target(id).queues[priority.index()];
                let room = most.saturating_sub(calls.len());
                for (ahead, number) in (0..).zip(self.store.messages.ready(queue, room)?) {
                    if self.calls.lanes().is_job(id, number)? {
                        continue;
                    }
                    // One that cannot be read is set aside when its turn comes.
                    if let Readable::Whole(Some(message)) =
                        readable(self.store.messages.message(number))?
                    {
                        let status = Status::Waiting { ahead };
                        calls.push(self.call_state(id, &message, priority, status)?);
                    }
                }
            }
        }
        calls.truncate(most);
        Ok(calls)
    }

    /// Adds the calls that the vendor works on, but for those whose look is in flight: they are in the list already.
    fn jobs_of(
        &mut self,
        id: TargetId,
        most: usize,
        calls: &mut Vec<CallState>,
    ) -> Result<(), StoreError> {
        let room = most.saturating_sub(calls.len());
        if self.calls.target(id).jobs == 0 || room == 0 {
            return Ok(());
        }
        for job in self.store.calls.jobs(id, room)? {
            let mut flying = self.calls.target(id).in_flight.values();
            if flying.any(|call| call.message.id == job.message) {
                continue;
            }
            if let Readable::Whole(Some(message)) =
                readable(self.store.messages.message(job.message))?
                && let Some(queue) = self.calls.queue.memory.queues.get(message.queue)
                && let Some(priority) = queue.lane
            {
                calls.push(self.call_state(id, &message, priority, Status::Job)?);
            }
        }
        Ok(())
    }

    /// One call that has not ended.
    pub(crate) fn call_of(
        &mut self,
        number: MessageNumber,
    ) -> Result<Option<CallState>, StoreError> {
        self.call_standing(number, &mut Ahead::default())
    }

    pub(crate) fn call_standing(
        &mut self,
        number: MessageNumber,
        ahead: &mut Ahead,
    ) -> Result<Option<CallState>, StoreError> {
        let Some(message) = self.store.messages.message(number)? else {
            return Ok(None);
        };
        let Some(queue) = self.calls.queue.memory.queues.get(message.queue) else {
            return Ok(None);
        };
        let Some(priority) = queue.lane else {
            return Ok(None);
        };
        let target = self.calls.target(queue.target);
        let flying = target
            .in_flight
            .values()
            .any(|call| call.message.id == number);
        let status = if flying {
            Status::InFlight
        } else if self.calls.lanes().is_job(queue.target, number)? {
            Status::Job
        } else if self
            .store
            .lanes
            .is_in_turn(queue.id, message.turn, number)?
        {
            Status::Waiting {
                ahead: self.calls_ahead(queue.id, message.turn, number, ahead)?,
            }
        } else if let Some(before) = self.parked_behind(queue, &message)? {
            Status::Parked { before }
        } else {
            Status::Delayed
        };
        self.call_state(queue.target, &message, priority, status)
            .map(Some)
    }

    fn calls_ahead(
        &self,
        queue: QueueId,
        turn: u64,
        number: MessageNumber,
        ahead: &mut Ahead,
    ) -> Result<u64, StoreError> {
        let before = ahead.0.get(&queue).copied();
        let count = match before.filter(|(known, call, _)| (*known, *call) <= (turn, number)) {
            Some((known, call, count)) => {
                let between = (known, call)..(turn, number);
                count
                    + self
                        .store
                        .lanes
                        .ready_between(queue, between.start, between.end)?
            }
            None => self.store.lanes.ready_before(queue, turn, number)?,
        };
        ahead.0.insert(queue, (turn, number, count));
        Ok(count)
    }

    /// The call of the same OrderingKey that goes before this one, if it is parked for that.
    fn parked_behind(
        &mut self,
        queue: Queue,
        message: &MessageRow,
    ) -> Result<Option<MessageNumber>, StoreError> {
        let Some(ordering) = message.ordering else {
            return Ok(None);
        };
        let status = self
            .store
            .lanes
            .order_status(queue.target, ordering, queue.id, message.id)?;
        if status != Some(OrderStatus::Parked) {
            return Ok(None);
        }
        if let Some(owner) = self.calls.target(queue.target).owners.get(&ordering) {
            return Ok(Some(*owner));
        }
        let first = self
            .store
            .lanes
            .first_of_order(queue.target, ordering, queue.id)?;
        Ok(first.map(|(first, _)| first))
    }

    fn call_state(
        &mut self,
        target: TargetId,
        message: &MessageRow,
        priority: Priority,
        status: Status,
    ) -> Result<CallState, StoreError> {
        let execution_arn = match message.task {
            Some((execution, _)) => self.execution_arn(execution)?,
            None => None,
        };
        let now = self.calls.now();
        let job = match self.calls.target(target).jobs {
            0 => None,
            _ => self.store.calls.job(message.id)?,
        };
        let target = self.calls.target(target);
        let (word, ahead, held_by) = match status {
            Status::InFlight | Status::Job if job.is_some() => {
                ("job", 0, job.as_ref().map(|job| works(job, now)))
            }
            Status::InFlight | Status::Job => ("in flight", 0, None),
            Status::Delayed => (
                "delayed",
                0,
                Some("its repeat waits for a back-off".to_owned()),
            ),
            Status::Parked { before } => (
                "waiting",
                0,
                Some(format!(
                    "call c-{}, which has the same OrderingKey and goes first",
                    before.0
                )),
            ),
            Status::Waiting { ahead } => (
                "waiting",
                ahead,
                Some(held_by(target, priority, ahead, now)),
            ),
        };
        let starts_in = match status {
            Status::Waiting { ahead } if target.gate.paused().is_empty() => {
                let verdict = target.gate.explain(priority, target.waiting(), now);
                (!has_no_place(&verdict))
                    .then(|| starts_in(target, priority, ahead))
                    .flatten()
            }
            _ => None,
        };
        Ok(CallState {
            id: message.id.0,
            target: target.config.name.clone(),
            priority,
            key: message.key.clone(),
            execution_arn,
            status: word,
            job: job.map(job_state),
            sent_at: message.sent_at.as_millis(),
            receive_count: message.receive_count,
            ahead,
            held_by,
            starts_in,
        })
    }

    /// The ARN of an execution, unless it is gone or its name cannot be read.
    fn execution_arn(&self, execution: ExecutionId) -> Result<Option<String>, StoreFailure> {
        let arn = self
            .store
            .executions
            .execution_arn(execution, self.calls.arns);
        Ok(match readable(arn)? {
            Readable::Whole(arn) => arn,
            Readable::Damaged(_) => None,
        })
    }
}

#[derive(Clone, Copy)]
enum Status {
    InFlight,
    Job,
    Delayed,
    Parked { before: MessageNumber },
    Waiting { ahead: u64 },
}

/// What a call that has become a job waits for, in words.
fn works(job: &JobRow, now: Time) -> String {
    let looks = match job.looks {
        0 => "not looked at yet".to_owned(),
        1 => "looked at once".to_owned(),
        looks => format!("looked at {looks} times"),
    };
    format!(
        "job {} at the vendor, for {}, {looks}",
        job.follow_up.job,
        seconds(now, job.since)
    )
}

fn job_state(job: JobRow) -> JobState {
    JobState {
        path: job.follow_up.job,
        since: job.since.as_millis(),
        looks: job.looks,
        counted: job.permit.is_some(),
    }
}

/// Whether a limit keeps all its places for higher priorities: nothing that ends can let such a call start.
fn has_no_place(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::HeldBy { used: 0, max, reserved_for_higher, .. } if reserved_for_higher >= max
    )
}

/// What holds a waiting call, in words.
fn held_by(target: &Target, priority: Priority, ahead: u64, now: Time) -> String {
    let verdict = target.gate.explain(priority, target.waiting(), now);
    let has_no_place = has_no_place(&verdict);
    match verdict {
        Verdict::Admissible if ahead == 0 => "nothing: it starts next".to_owned(),
        Verdict::Admissible => "the calls ahead of it in its lane".to_owned(),
        Verdict::HeldBy {
            limit,
            used,
            max,
            reserved_for_higher,
            frees_at,
        } => {
            if has_no_place {
                return format!(
                    "limit {limit}: all of its {max} are kept for higher priorities, until it is raised"
                );
            }
            let kept = match reserved_for_higher {
                0 => String::new(),
                kept => format!(", {kept} kept for higher priorities"),
            };
            format!(
                "limit {limit}: {used} of {max} used{kept}, {}",
                until(frees_at, now)
            )
        }
        Verdict::HeldByShare {
            limit,
            used,
            share,
            frees_at,
        } => format!(
            "limit {limit}: {used} of the {share} places of the {priority} share used, {}",
            until(frees_at, now)
        ),
        Verdict::HeldByLane(lane) => format!("the {lane} lane, which goes first"),
        Verdict::ClosedUntil(at) => {
            format!(
                "the vendor, which closed the target for another {}",
                seconds(at, now)
            )
        }
        Verdict::Trickling { width } => {
            format!("the reopening of the target: {width} at a time until it answers well")
        }
        Verdict::Paused(Scope::Target) => "a pause of the target".to_owned(),
        Verdict::Paused(Scope::Lane(lane)) => format!("a pause of the {lane} lane"),
    }
}

/// Until when a limit has no place.
fn until(frees_at: Option<Time>, now: Time) -> String {
    frees_at.map_or_else(
        || "until a call is answered".to_owned(),
        |at| format!("for another {}", seconds(at, now)),
    )
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(at: Time, now: Time) -> String {
    format!("{:.1} s", at.saturating_since(now).as_secs_f64())
}

fn vendor_limits(target: &Target) -> Vec<VendorLimitState> {
    let limits = target.vendor_limits.iter();
    let states = limits.map(|(name, limit)| VendorLimitState {
        name: name.clone(),
        kind: if limit.in_flight {
            "concurrency"
        } else {
            "window"
        },
        limit: limit.limit,
        per_ms: limit.window.map(milliseconds),
        remaining: limit.remaining,
        resets_at: limit.resets_at.map(Time::as_millis),
        disagreement: limit.disagreement.clone(),
    });
    states.collect()
}

fn limit_states(target: &Target, now: Time) -> Vec<LimitState> {
    let most_counted = target.gate.most_counted();
    let rates = target
        .latency()
        .map(|latency| target.gate.reachable_rates(latency));
    let usage = target.gate.usage(now).into_iter().enumerate();
    let states = usage.map(|(index, usage)| {
        let change = target.overrides.get(&usage.name);
        let mut base = target.base_rules.limits.iter();
        let configured = base.find(|limit| limit.name == usage.name).map(Limit::max);
        let rate = rates.as_ref().and_then(|rates| rates.get(index).copied());
        LimitState {
            configured: change.and(configured),
            expires_at: change.and_then(|change| change.expires_at.map(Time::as_millis)),
            reaches_per_second: rate.filter(|rate| rate.is_finite()),
            nominal_per_second: usage.kind.nominal_rate(),
            vendor_may_count: most_counted[index].filter(|most| *most > usage.max),
            ..limit_state(usage)
        }
    });
    states.collect()
}

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Target => "target",
        Scope::Lane(lane) => lane.as_str(),
    }
}

/// When a call should start: after those before it in its lane and in the lanes above it, at the rate that the target
/// reaches at the mean time of a call. An estimate for people: what arrives later in higher lanes is not foreseen.
fn starts_in(target: &Target, priority: Priority, ahead: u64) -> Option<u64> {
    let rates = target.gate.reachable_rates(target.latency()?);
    let rate = rates.into_iter().fold(f64::INFINITY, f64::min);
    let above = Priority::ALL.into_iter().filter(|lane| *lane < priority);
    let before: u64 = ahead + above.map(|lane| target.ready[lane.index()]).sum::<u64>();
    #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
    let seconds = before as f64 / rate;
    let wait = Duration::try_from_secs_f64(seconds).ok()?;
    Some(milliseconds(wait))
}

fn limit_state(usage: LimitUsage) -> LimitState {
    let (kind, per_ms) = match usage.kind {
        LimitKind::Concurrency { .. } => ("concurrency", None),
        LimitKind::Calendar { reset, .. } => ("calendar", Some(milliseconds(reset.period()))),
        LimitKind::Window { per, .. } => ("window", Some(milliseconds(per))),
    };
    LimitState {
        name: usage.name,
        kind,
        per_ms,
        used: usage.used,
        max: usage.max,
        reserved: Priority::ALL.map(|priority| usage.reserved.of(priority)),
        shares: Priority::ALL.map(|priority| usage.share.of(priority)),
        held: usage.held,
        learned_ceiling: usage.learned_ceiling,
        configured: None,
        expires_at: None,
        reaches_per_second: None,
        vendor_may_count: None,
        nominal_per_second: None,
    }
}

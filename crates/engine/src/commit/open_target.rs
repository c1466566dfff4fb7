//! Opens a target at start: its gate with the slots that calls still have, the changes that people made to its limits,
//! its lanes and its queues. What becomes of the calls that were in flight is in `recovery`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rampmeter_asl::Selector;
use rampmeter_caller::Caller;
use rampmeter_clock::Basis;
use rampmeter_config::{Target as Config, Worker};
use rampmeter_dispatch::{
    Charges, Counts, Gate, Limit, LimitKind, OpenPermit, PermitId, Priority, Rules, Scope, Tariff,
    Time, WindowRow,
};
use rampmeter_index::{DEAD_LANE, Queue, RecentErrors, Target, names_of};
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::{QueueId, TargetId};
use rampmeter_store::{PermitRow, Readable, Store, StoreFailure, readable};
use rampmeter_succession::{holds_for, take_up_calendar};

use crate::apply::control::limit_change::amended;
use crate::commit::open::OpenError;
use crate::commit::writer::Writer;

/// The most calls in flight to a target that has no limit of its own on them.
const MAX_IN_FLIGHT: u32 = 256;

/// What an earlier process left of a target's permits and slots.
pub(crate) struct Found<'a> {
    pub(crate) permits: Vec<PermitRow>,
    /// Those of calls that go on as jobs, of all targets.
    pub(crate) jobs: &'a BTreeSet<PermitId>,
    pub(crate) places: Vec<WindowRow>,
    /// What the engine's time is based on.
    pub(crate) basis: Basis,
}

/// A target with its gate, its lanes and its queues, as they were left and as they are configured now.
pub(crate) fn open_target(
    writer: &mut Writer,
    id: TargetId,
    config: &Config,
    found: Found<'_>,
) -> Result<Target, OpenError> {
    let Found {
        permits,
        jobs,
        mut places,
        basis,
    } = found;
    let caller = Caller::new(config.profile.clone()).map_err(|error| OpenError::Target {
        target: config.name.clone(),
        reason: error.to_string(),
    })?;
    let (going_on, lost): (Vec<&PermitRow>, Vec<&PermitRow>) =
        permits.iter().partition(|permit| jobs.contains(&permit.id));
    let now = writer.clock.now();
    let base = bounded(config.rules.clone());
    let tariffs = base.tariffs();
    let open = lost
        .into_iter()
        .map(|permit| held(permit, config, &tariffs, now))
        .collect();
    let mut unreadable = None;
    let mut overrides = match readable(writer.store.controls().overrides(id))? {
        Readable::Whole(overrides) => overrides,
        Readable::Damaged(damaged) => {
            unreadable = Some(damaged);
            BTreeMap::new()
        }
    };
    // The configuration may have changed such that a change by hand no longer makes sense.
    let rules = amended(&base, &overrides).unwrap_or_else(|why| {
        tracing::warn!(target = config.name, why, "changed limits are put back");
        overrides.clear();
        base.clone()
    });
    let calendar = take_up_calendar(
        &writer.store,
        &writer.clock,
        basis,
        (id, config),
        &mut places,
    )?;
    let mut gate = Gate::restore(rules, open, places, now).by_calendar(calendar);
    match readable(writer.store.calls().memory(id))? {
        Readable::Whole(memory) => {
            if let Some(memory) = memory {
                gate.recall(memory);
            }
        }
        Readable::Damaged(damaged) => unreadable = Some(damaged),
    }
    // It may have been paused, or its limits lowered: start nothing until a person has looked at it.
    if let Some(damaged) = unreadable {
        gate.pause(Scope::Target);
        writer
            .store
            .ledger()
            .set_aside(DamagedKind::Target, &config.name, &damaged, now.into())?;
    }
    for job in going_on {
        gate.restore_job(job.id, priority_of(job.lane), job.started_at);
    }
    let shared = Arc::new(config.clone());
    let queues = &mut writer.memory.queue.queues;
    queues.add_target(id, Arc::clone(&shared));
    let [high, medium, batch, dead] = open_lanes(writer, id, config)?;
    let lanes = [high, medium, batch];
    let mut target = Target::new(shared, caller, gate, base, overrides, lanes, dead);
    target.selector = selector_of(config)?;
    let store = &writer.store;
    let known: Vec<u64> = tariffs.iter().map(Tariff::fingerprint).collect();
    store.lanes().lines().end_other_lines(id, &known)?;
    take_up_waits(store, id, &target)?;
    let counted = target.recount(id, store.messages(), store.lanes(), store.calls());
    if let Readable::Damaged(damaged) = readable(counted)? {
        target.gate.pause(Scope::Target);
        store
            .ledger()
            .set_aside(DamagedKind::Target, &config.name, &damaged, now.into())?;
    }
    recall_for_people(store, id, &mut target)?;
    Ok(target)
}

/// What people are shown of the past: its last error, and why it is paused. What cannot be read is left out.
fn recall_for_people(store: &Store, id: TargetId, target: &mut Target) -> Result<(), StoreFailure> {
    if let Readable::Whole(Some(error)) = readable(store.calls().target_error(id))? {
        target.errors = RecentErrors::recalled(error.at, error.since, error.words);
    }
    readable(target.recall_pauses(store.controls()))?;
    Ok(())
}

/// A permit whose call was in flight: held from now on, and not from its permit, for a process that was frozen may have sent
/// it just before it ended.
fn held(permit: &PermitRow, config: &Config, tariffs: &[Tariff], now: Time) -> OpenPermit {
    let length = permit.holds_for.unwrap_or_default().max(holds_for(config));
    OpenPermit {
        id: permit.id,
        priority: priority_of(permit.lane),
        started_at: permit.started_at,
        held_until: permit
            .held_until
            .unwrap_or_else(|| now.saturating_add(length)),
        charges: Charges::recalled(&permit.charges, tariffs),
    }
}

/// The queues of a target, HIGH first, the dead-letter queue last; made if they do not exist yet.
fn open_lanes(
    writer: &mut Writer,
    id: TargetId,
    config: &Config,
) -> Result<[QueueId; 4], OpenError> {
    let mut queues = Vec::new();
    for (name, lane) in names_of(&config.name) {
        let number = lane.map_or(DEAD_LANE, lane_number);
        let queue = Queue {
            id: writer
                .store
                .messages()
                .target_queue(&name, id, number, writer.clock.now())?,
            target: id,
            lane,
        };
        queues.push(queue.id);
        match config.worker {
            Worker::Embedded => {
                writer.store.queues().forget_hidden(queue.id)?;
                if lane.is_some() {
                    writer.store.lanes().give_turns(queue.id)?;
                }
                writer.memory.queue.queues.add_lane(queue);
            }
            Worker::External => {
                writer.store.lanes().forget_lane(id, queue.id)?;
                writer.memory.queue.queues.add_external(queue.id, id);
            }
        }
    }
    Ok(queues.try_into().expect("a target has four queues"))
}

/// The calls of a target with a `max_wait` are known by the time of their sending; where it is new in the configuration, those
/// that wait already are found once.
fn take_up_waits(store: &Store, id: TargetId, target: &Target) -> Result<(), StoreFailure> {
    let lanes = store.lanes();
    if target.config.max_wait.is_none() {
        readable(lanes.forget_waiting_calls(id))?;
        return Ok(());
    }
    if let Readable::Whole(None) = readable(lanes.first_waiting_call(id))? {
        for queue in target.queues {
            readable(lanes.note_waiting_calls(id, queue))?;
        }
    }
    Ok(())
}

/// The selector that a target's answers are cut down to.
fn selector_of(config: &Config) -> Result<Option<Arc<Selector>>, OpenError> {
    let Some(path) = &config.profile.response.select else {
        return Ok(None);
    };
    match Selector::parse(path) {
        Ok(selector) => Ok(Some(Arc::new(selector))),
        Err(error) => Err(OpenError::Target {
            target: config.name.clone(),
            reason: format!("`select` of its `response` is no JSONPath: {error}"),
        }),
    }
}

/// A target without a limit on calls in flight gets one, so that a wide window cannot use up the process's sockets.
fn bounded(mut rules: Rules) -> Rules {
    let has_one = rules
        .limits
        .iter()
        .filter(|limit| limit.counts != Counts::Jobs)
        .any(|limit| matches!(limit.kind, LimitKind::Concurrency { .. }));
    if !has_one {
        let taken = |name: &str| rules.limits.iter().any(|limit| limit.name == name);
        let mut name = "process".to_owned();
        while taken(&name) {
            name.push_str("-in-flight");
        }
        rules.limits.push(Limit::concurrency(name, MAX_IN_FLIGHT));
    }
    rules
}

fn lane_number(priority: Priority) -> u8 {
    u8::try_from(priority.index()).expect("there are three lanes")
}

/// The priority of a lane's number in our own rows.
fn priority_of(lane: u8) -> Priority {
    // A permit of no known lane counts as the lane for which nothing is reserved.
    let lane = Priority::ALL.get(usize::from(lane));
    lane.copied().unwrap_or(Priority::Batch)
}

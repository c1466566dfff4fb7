//! Makes the writer from what an earlier process left behind and from the configuration, in one transaction: calls that
//! were in flight keep their places, definitions that changed become revisions, queues and move tasks go on.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rampmeter_asl::Selector;
use rampmeter_caller::{Caller, FunctionCaller};
use rampmeter_clock::Basis;
use rampmeter_config::{Config, Worker};
use rampmeter_dispatch::{
    Counts, Gate, Limit, LimitKind, OpenPermit, PermitId, Priority, Rules, Scope, Time, WindowRow,
};
use rampmeter_index::{
    EndedExecutions, Evaluations, Expiries, FailureLog, RecentErrors, Sources, WaitingPolls,
    WaitingReceives,
};
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::figures::Histogram;
use rampmeter_store::model::id::{QueueId, TargetId};
use rampmeter_store::model::sqs::queue::QueueRecord;
use rampmeter_store::{Damaged, Kind, PermitRow, Sequence, Store};
use rampmeter_store::{Readable, readable};
use rampmeter_succession::{
    ConfigurationChange, carry_over, holds_for, repair, take_up_calendar, take_up_time, token_seal,
};

use crate::apply::control::limit_change::amended;
use crate::commit::open::OpenError;
use crate::commit::publish::publish;
use crate::commit::transaction::Transaction;
use crate::commit::writer::Writer;
use crate::memory::move_tasks::RunningMoveTask;
use crate::memory::target::Target;
use crate::memory::{CallMemory, ControlMemory, Memory, QueueMemory, WorkflowMemory};
use rampmeter_index::{DEAD_LANE, Queue, Queues, names_of};
use rampmeter_invocation::Invocations;

/// Calls in flight to a target that has no limit of its own on them.
const MAX_IN_FLIGHT: u32 = 256;

/// Names of rows of `meta`.
const PLACE: &str = "account and region";
/// What a start made.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) writer: Writer,
    /// What is another than at the last start.
    pub(crate) changes: Vec<ConfigurationChange>,
}

/// Builds the writer from the store and the configuration, in one transaction.
pub(crate) fn recover(
    store: Store,
    config: &Config,
    free_slots: bool,
    set_clock_back: Duration,
) -> Result<Recovered, OpenError> {
    let arns = ArnScope {
        region: config.server.region.clone(),
        account: config.server.account.clone(),
    };
    store.begin()?;
    let lost = repair::take_out(&store)?;
    let (clock, basis) = take_up_time(&store, config, set_clock_back)?;
    let seal = token_seal(&store, clock.now())?;
    check_place(&store, &arns, clock.now())?;
    let changes = carry_over(&store, config, &seal, clock.now())?;
    // Once each target has its name of this start.
    repair::put_back(&lost, &store, config, clock.now())?;
    let permits = store.calls().permits()?;
    let jobs: BTreeSet<PermitId> = store.calls().job_permits()?.into_iter().collect();
    let memory = Memory {
        queue: QueueMemory {
            queues: Queues::default(),
            waiting: WaitingReceives::default(),
            sources: Sources::default(),
            sweeps: store.queues().sweeps()?.into_iter().collect(),
            moves: BTreeMap::new(),
            expiries: Expiries::default(),
            message_numbers: Sequence::new(Kind::Message),
        },
        calls: CallMemory {
            targets: BTreeMap::new(),
            permit_numbers: Sequence::new(Kind::Permit),
        },
        workflow: WorkflowMemory {
            machines: publish(&store, config, &arns, clock.now())?,
            ancestors: RefCell::default(),
            step_times: RefCell::default(),
            ended: EndedExecutions::default(),
            failure_log: FailureLog::default(),
            continuing: BTreeSet::new(),
            evaluations: Evaluations::default(),
            activities: store.machines().activities()?,
            synchronous: BTreeMap::new(),
            polls: WaitingPolls::default(),
            invocations: Invocations::new(open_functions(config)?),
            execution_numbers: Sequence::new(Kind::Execution),
            step_numbers: Sequence::new(Kind::Step),
        },
        control: ControlMemory {
            retention: config.server.retention,
            forget_at: clock.now(),
        },
        arns,
        seal,
        commits: Histogram::default(),
        damaged: 0,
        drain_timeout: config.server.drain_timeout,
        draining: None,
    };
    let mut writer = Writer {
        store,
        clock,
        memory,
    };
    for (name, target) in &config.targets {
        let id = writer.store.messages().target(name)?;
        let (mut open, mut places) = (Vec::new(), Vec::new());
        if !free_slots {
            let its_own = permits.iter().filter(|permit| permit.target == id);
            open = its_own.cloned().collect();
            places = writer.store.calls().places(id)?;
        }
        let found = Found {
            permits: open,
            jobs: &jobs,
            places,
            basis,
        };
        let target = open_target(&mut writer, id, target, found)?;
        writer.memory.calls.targets.insert(id, target);
    }
    open_queues(&mut writer)?;
    open_sources(&mut writer, config)?;
    take_up(&mut writer, &permits, &jobs, free_slots)?;
    writer.store.commit()?;
    Ok(Recovered { writer, changes })
}

/// A caller for each function that the configuration has a stand-in for.
fn open_functions(config: &Config) -> Result<BTreeMap<String, Arc<FunctionCaller>>, OpenError> {
    let mut functions = BTreeMap::new();
    for (name, function) in &config.functions {
        let caller = FunctionCaller::new(function.http.clone());
        let caller = caller.map_err(|error| OpenError::Function {
            function: name.clone(),
            reason: error.to_string(),
        })?;
        functions.insert(name.clone(), Arc::new(caller));
    }
    Ok(functions)
}

/// An execution's ARN is part of its calls' idempotency keys, so it may not change while the store lives.
/// Where it cannot be read, it is taken to be the configured one.
fn check_place(store: &Store, place: &ArnScope, now: Time) -> Result<(), OpenError> {
    let configured = format!("{} {}", place.account, place.region);
    let stored = match readable(store.meta(PLACE, || configured.clone().into_bytes()))? {
        Readable::Whole(stored) => {
            String::from_utf8(stored).map_err(|_| Damaged("it is no text".to_owned()))
        }
        Readable::Damaged(damaged) => Err(damaged),
    };
    match stored {
        Ok(stored) if stored == configured => Ok(()),
        Ok(stored) => Err(OpenError::OtherPlace { stored, configured }),
        Err(damaged) => {
            store
                .ledger()
                .set_aside(DamagedKind::Row, PLACE, &damaged, now.into())?;
            Ok(store.replace_meta(PLACE, configured.as_bytes())?)
        }
    }
}

/// What an earlier process left of a target's permits and places.
struct Found<'a> {
    permits: Vec<PermitRow>,
    /// Those of calls that go on as jobs, of all targets.
    jobs: &'a BTreeSet<PermitId>,
    places: Vec<WindowRow>,
    /// What the time rests on.
    basis: Basis,
}

fn open_target(
    writer: &mut Writer,
    id: TargetId,
    config: &rampmeter_config::Target,
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
    // From now on, and not from its permit: a process that was frozen may have sent it just before it ended.
    let hold = |permit: &PermitRow| {
        let length = permit.holds_for.unwrap_or_default();
        let length = length.max(holds_for(config));
        writer.clock.now().saturating_add(length)
    };
    let (going_on, lost): (Vec<&PermitRow>, Vec<&PermitRow>) =
        permits.iter().partition(|permit| jobs.contains(&permit.id));
    let open = lost
        .into_iter()
        .map(|permit| OpenPermit {
            id: permit.id,
            priority: priority_of(permit.lane),
            started_at: permit.started_at,
            held_until: permit.held_until.unwrap_or_else(|| hold(permit)),
        })
        .collect();
    let base = bounded(config.rules.clone());
    let now = writer.clock.now();
    let mut unreadable = None;
    let mut overrides = match readable(writer.store.controls().overrides(id))? {
        Readable::Whole(overrides) => overrides,
        Readable::Damaged(damaged) => {
            unreadable = Some(damaged);
            BTreeMap::new()
        }
    };
    // The configuration may have changed so that a change by hand makes no sense any more.
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
    // It may have been paused, or its limits lowered: nothing starts until a person has looked at it.
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
    let counted = target.recount(id, store.messages(), store.lanes(), store.calls());
    if let Readable::Damaged(damaged) = readable(counted)? {
        target.gate.pause(Scope::Target);
        store
            .ledger()
            .set_aside(DamagedKind::Target, &config.name, &damaged, now.into())?;
    }
    if let Readable::Whole(Some(error)) = readable(store.calls().target_error(id))? {
        target.errors = RecentErrors::recalled(error.at, error.since, error.words);
    }
    // Without them a pause says only that it is one.
    readable(target.recall_pauses(writer.store.controls()))?;
    Ok(target)
}

/// The queues of a target, HIGH first, the dead-letter queue last; made if they are not there yet.
fn open_lanes(
    writer: &mut Writer,
    id: TargetId,
    config: &rampmeter_config::Target,
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

/// What a target's answers are cut down to.
fn selector_of(config: &rampmeter_config::Target) -> Result<Option<Arc<Selector>>, OpenError> {
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

/// Takes up the queues and the move tasks that run. The queues of a target that is no longer configured are left out:
/// they keep their messages until it is configured again.
fn open_queues(writer: &mut Writer) -> Result<(), OpenError> {
    for (record, target) in writer.store.queues().queues()? {
        if target.is_none_or(|target| writer.memory.calls.targets.contains_key(&target)) {
            writer.memory.queue.queues.add(record);
        }
    }
    let next = writer.clock.now();
    for row in writer.store.queues().running_move_tasks()? {
        writer
            .memory
            .queue
            .moves
            .insert(row.id, RunningMoveTask { row, next });
    }
    Ok(())
}

/// Takes up the queues that workflows start from, and makes those that are not there yet.
fn open_sources(writer: &mut Writer, config: &Config) -> Result<(), OpenError> {
    let now = writer.clock.now();
    for (workflow, definition) in &config.workflows {
        let Some(name) = &definition.source else {
            continue;
        };
        let known = writer.memory.queue.queues.named(name).map(|queue| queue.id);
        let id = match known {
            Some(id) => id,
            None => {
                let mut record = QueueRecord::new(name, now);
                if !writer.store.queues().insert_queue(&mut record)? {
                    // One that is named as damaged: it gives nothing, and its workflow starts in every other way.
                    if writer.store.queues().has_plain_queue(name)? {
                        continue;
                    }
                    return Err(OpenError::Source {
                        workflow: workflow.clone(),
                        queue: name.clone(),
                    });
                }
                let id = record.id;
                writer.memory.queue.queues.add(record);
                id
            }
        };
        writer.memory.queue.sources.add(id, workflow.clone());
    }
    Ok(())
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

/// Takes up the calls that were in flight when the last process ended: each keeps its places, and its message goes on
/// as the target says for an unknown outcome.
fn take_up(
    writer: &mut Writer,
    permits: &[PermitRow],
    jobs: &BTreeSet<PermitId>,
    free_slots: bool,
) -> Result<(), OpenError> {
    let now = writer.clock.now();
    let known: Vec<TargetId> = writer.memory.calls.targets.keys().copied().collect();
    let store = &writer.store;
    let mut transaction = Transaction::new(store, &mut writer.memory, now);
    for permit in permits
        .iter()
        .filter(|permit| known.contains(&permit.target))
    {
        if free_slots {
            store.calls().delete_permit(permit.id)?;
        }
        // Work that goes on at the vendor needs nothing of ours to go on.
        if permit.held_until.is_some() || jobs.contains(&permit.id) {
            continue;
        }
        if !free_slots {
            let length = holds_for(&transaction.calls().target(permit.target).config);
            let length = permit.holds_for.unwrap_or_default().max(length);
            store
                .calls()
                .hold_permit(permit.id, now.saturating_add(length))?;
        }
        transaction.calls().take_up(permit)?;
        transaction.workflow().resume_pending()?;
    }
    transaction.note_left_out()?;
    let outbox = transaction.into_outbox();
    assert!(outbox.calls.is_empty(), "recovery starts no call");
    Ok(())
}

fn lane_number(priority: Priority) -> u8 {
    u8::try_from(priority.index()).expect("there are three lanes")
}

/// The priority of a lane's number in our own rows.
fn priority_of(lane: u8) -> Priority {
    // A permit of no lane takes the places of the one that no reserve is for.
    let lane = Priority::ALL.get(usize::from(lane));
    lane.copied().unwrap_or(Priority::Batch)
}

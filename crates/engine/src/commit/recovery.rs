//! Makes the writer from what an earlier process left behind and from the configuration, in one transaction: calls that
//! were in flight keep their slots, definitions that changed become revisions, queues and move tasks go on.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rampmeter_caller::FunctionCaller;
use rampmeter_config::Config;
use rampmeter_dispatch::{PermitId, Time};
use rampmeter_index::{
    EndedExecutions, Evaluations, Expiries, FailureLog, Sources, WaitingPolls, WaitingReceives,
};
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::figures::Histogram;
use rampmeter_store::model::id::TargetId;
use rampmeter_store::model::sqs::queue::QueueRecord;
use rampmeter_store::{Damaged, Kind, PermitRow, Readable, Sequence, Store, readable};
use rampmeter_succession::{
    ConfigurationChange, carry_over, holds_for, repair, take_up_time, token_seal,
};

use crate::commit::open::OpenError;
use crate::commit::open_target::{Found, open_target};
use crate::commit::publish::publish;
use crate::commit::transaction::Transaction;
use crate::commit::writer::Writer;
use crate::memory::{CallMemory, ControlMemory, Memory, QueueMemory, WorkflowMemory};
use rampmeter_index::{Queues, RunningMoveTask};
use rampmeter_invocation::Invocations;

/// Names of rows of `meta`.
const PLACE: &str = "account and region";
/// What a start made.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) writer: Writer,
    /// What differs from the last start.
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
    // Only once each target has the name that it has in this start.
    repair::put_back(&lost, &store, config, clock.now())?;
    let permits = store.calls().permits()?;
    let jobs: BTreeSet<PermitId> = store.calls().job_permits()?.into_iter().collect();
    let memory = Memory {
        queue: QueueMemory {
            queues: Queues::default(),
            waits: config.server.sqs.waits,
            waiting: WaitingReceives::default(),
            sources: Sources::default(),
            sweeps: store.queues().sweeps()?.into_iter().collect(),
            moves: BTreeMap::new(),
            expiries: Expiries::default(),
            message_numbers: Sequence::new(Kind::Message),
        },
        calls: CallMemory::new(),
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
        writer.memory.calls.add(id, target);
    }
    open_queues(&mut writer)?;
    open_sources(&mut writer, config)?;
    take_up(&mut writer, &permits, &jobs, free_slots)?;
    writer.store.commit()?;
    Ok(Recovered { writer, changes })
}

/// A caller for each function for which the configuration names a stand-in.
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

/// Takes up the queues and the running move tasks. The queues of a target that is no longer configured are left out:
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

/// Takes up the queues that workflows start from, and makes those that do not exist yet.
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
                    // It was named as damaged: it starts nothing, but its workflow can be started in every other way.
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

/// Takes up the calls that were in flight when the last process ended: each keeps its slots, and its message goes on as
/// the target says for an unknown outcome.
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
        // A permit on hold, or one of a job, needs nothing here: the vendor works on.
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

//! What the writer keeps in memory between two transactions. Most of its parts come from the crate `index`. Nothing here touches the store except to fill itself from it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rampmeter_dispatch::Time;
use rampmeter_index::{
    Ancestors, EndedExecutions, Evaluations, Expiries, FailureLog, Machines, Queues, Sources,
    StepTimes, WaitingPolls, WaitingReceives,
};
use rampmeter_invocation::Invocations;
use rampmeter_store::model::activity::Activities;
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::execution::SyncExecution;
use rampmeter_store::model::figures::Histogram;
use rampmeter_store::model::id::{ExecutionId, QueueId, TargetId};
use rampmeter_store::model::token::TokenSeal;
use rampmeter_store::{
    CallTables, Kind, LaneTables, Ledger, MachineTables, MessageTables, QueueTables, Sequence,
    StoreError,
};
use tokio::sync::oneshot;

use crate::command::Reply;
use rampmeter_index::{RunningMoveTask, Target};

/// Everything that the writer remembers: a part for each subject, and what all of them share.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) arns: ArnScope,
    pub(crate) seal: TokenSeal,
    pub(crate) queue: QueueMemory,
    pub(crate) calls: CallMemory,
    pub(crate) workflow: WorkflowMemory,
    pub(crate) control: ControlMemory,
    /// Commits so far, and the time they took.
    pub(crate) commits: Histogram,
    /// What could not be read since the process started, counted each time it was met.
    pub(crate) damaged: u64,
    pub(crate) drain_timeout: Duration,
    /// Set when the engine is asked to stop: no call starts any more.
    pub(crate) draining: Option<Draining>,
}

/// What is remembered of queues.
#[derive(Debug)]
pub(crate) struct QueueMemory {
    pub(crate) queues: Queues,
    /// Whether purges are a minute apart, and the names of deleted queues rest for one.
    pub(crate) waits: bool,
    /// Receives of plain queues that wait for a message.
    pub(crate) waiting: WaitingReceives,
    /// Queues whose messages start executions.
    pub(crate) sources: Sources,
    /// Queues whose messages below a number are being deleted.
    pub(crate) sweeps: BTreeMap<QueueId, i64>,
    /// When to check which queue for messages that are too old.
    pub(crate) expiries: Expiries,
    /// Running message move tasks.
    pub(crate) moves: BTreeMap<i64, RunningMoveTask>,
    pub(crate) message_numbers: Sequence,
}

/// What is remembered of calls.
#[derive(Debug)]
pub(crate) struct CallMemory {
    pub(crate) targets: BTreeMap<TargetId, Target>,
    /// Those of them that have a quota by the calendar. A change of a limit never makes it one.
    pub(crate) by_calendar: Vec<TargetId>,
    pub(crate) permit_numbers: Sequence,
}

/// What is remembered of executions, their definitions, and the workers that ask for their tasks.
#[derive(Debug)]
pub(crate) struct WorkflowMemory {
    pub(crate) machines: Machines,
    /// Frames whose children read from them.
    pub(crate) ancestors: RefCell<Ancestors>,
    /// When executions made their last steps.
    pub(crate) step_times: RefCell<StepTimes>,
    /// Executions that have a command waiting to go on with them.
    pub(crate) continuing: BTreeSet<ExecutionId>,
    /// Executions that wait for an evaluation beside the writer.
    pub(crate) evaluations: Evaluations,
    /// The activities that there are.
    pub(crate) activities: Activities,
    /// Clients that wait for the end of an execution that they started with StartSyncExecution.
    pub(crate) synchronous: BTreeMap<ExecutionId, Reply<SyncExecution>>,
    /// Workers that wait for the task of an activity.
    pub(crate) polls: WaitingPolls,
    /// Requests that are made outside the store.
    pub(crate) invocations: Invocations,
    /// Executions that have ended since the process began.
    pub(crate) ended: EndedExecutions,
    pub(crate) failure_log: FailureLog,
    pub(crate) execution_numbers: Sequence,
    pub(crate) step_numbers: Sequence,
}

/// What is remembered of people's changes and of retention.
#[derive(Debug)]
pub(crate) struct ControlMemory {
    /// How long what has ended is kept.
    pub(crate) retention: Duration,
    /// When to check next for what is older.
    pub(crate) forget_at: Time,
}

/// A stop under way.
#[derive(Debug)]
pub(crate) struct Draining {
    pub(crate) until: Time,
    pub(crate) done: Vec<oneshot::Sender<()>>,
}

// After part of a transaction was taken back, each part reads again what may no longer agree with the store.

impl QueueMemory {
    pub(crate) fn read_again(
        &mut self,
        ledger: Ledger<'_>,
        queues: QueueTables<'_>,
    ) -> Result<(), StoreError> {
        self.message_numbers.note_again(ledger)?;
        self.queues.set_received(queues.received_counts()?);
        Ok(())
    }
}

impl CallMemory {
    pub(crate) fn new() -> CallMemory {
        CallMemory {
            targets: BTreeMap::new(),
            by_calendar: Vec::new(),
            permit_numbers: Sequence::new(Kind::Permit),
        }
    }

    pub(crate) fn add(&mut self, id: TargetId, target: Target) {
        if target.gate.has_calendar() {
            self.by_calendar.push(id);
        }
        self.targets.insert(id, target);
    }

    pub(crate) fn read_again(
        &mut self,
        ledger: Ledger<'_>,
        messages: MessageTables<'_>,
        lanes: LaneTables<'_>,
        calls: CallTables<'_>,
    ) -> Result<(), StoreError> {
        self.permit_numbers.note_again(ledger)?;
        for (id, target) in &mut self.targets {
            target.recount(*id, messages, lanes, calls)?;
        }
        Ok(())
    }
}

impl WorkflowMemory {
    pub(crate) fn read_again(
        &mut self,
        ledger: Ledger<'_>,
        machines: MachineTables<'_>,
    ) -> Result<(), StoreError> {
        self.execution_numbers.note_again(ledger)?;
        self.step_numbers.note_again(ledger)?;
        self.machines.forget();
        self.invocations.look_again();
        self.activities = machines.activities()?;
        Ok(())
    }
}

impl Memory {
    /// Begins to stop.
    pub(crate) fn drain(&mut self, now: Time, done: oneshot::Sender<()>) {
        let until = now.saturating_add(self.drain_timeout);
        let draining = self.draining.get_or_insert(Draining {
            until,
            done: Vec::new(),
        });
        draining.done.push(done);
    }
}

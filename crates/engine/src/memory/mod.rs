//! What the writer keeps in memory between two transactions: targets, queues, state machines, those who wait. Each part in
//! a file of its own. Nothing here reads or writes the store but to fill itself.

pub(crate) mod ancestors;
pub(crate) mod invocations;
pub(crate) mod machines;
pub(crate) mod move_tasks;
pub(crate) mod polls;
pub(crate) mod queues;
pub(crate) mod receives;
pub(crate) mod sources;
pub(crate) mod target;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rampmeter_dispatch::Time;
use rampmeter_store::model::activity::Activities;
use rampmeter_store::model::arn::Place;
use rampmeter_store::model::execution::SyncExecution;
use rampmeter_store::model::figures::Histogram;
use rampmeter_store::model::id::{ExecutionId, QueueId, TargetId};
use rampmeter_store::model::token::TokenSeal;
use rampmeter_store::{Sequence, Store, StoreError};
use tokio::sync::oneshot;

use crate::command::Reply;
use crate::memory::ancestors::Ancestors;
use crate::memory::invocations::Invocations;
use crate::memory::machines::Machines;
use crate::memory::move_tasks::RunningMoveTask;
use crate::memory::polls::WaitingPolls;
use crate::memory::queues::Queues;
use crate::memory::receives::WaitingReceives;
use crate::memory::sources::Sources;
use crate::memory::target::Target;

/// Everything that the writer remembers.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) place: Place,
    pub(crate) seal: TokenSeal,
    pub(crate) machines: Machines,
    /// Frames whose children read from them.
    pub(crate) ancestors: RefCell<Ancestors>,
    /// Executions that have a command waiting to go on with them.
    pub(crate) continuing: BTreeSet<ExecutionId>,
    pub(crate) queues: Queues,
    pub(crate) targets: BTreeMap<TargetId, Target>,
    pub(crate) numbers: Numbers,
    /// Receives of plain queues that wait for a message.
    pub(crate) waiting: WaitingReceives,
    /// The activities that there are.
    pub(crate) activities: Activities,
    /// Clients that wait for the end of an execution that they started with StartSyncExecution.
    pub(crate) synchronous: BTreeMap<ExecutionId, Reply<SyncExecution>>,
    /// Workers that wait for the task of an activity.
    pub(crate) polls: WaitingPolls,
    /// Queues whose messages start executions.
    pub(crate) sources: Sources,
    /// Queues whose messages below a number are being deleted.
    pub(crate) sweeps: BTreeMap<QueueId, i64>,
    /// Message move tasks that run.
    pub(crate) moves: BTreeMap<i64, RunningMoveTask>,
    /// Requests that are made outside the store.
    pub(crate) invocations: Invocations,
    pub(crate) drain_timeout: Duration,
    /// How long what has ended is kept.
    pub(crate) retention: Duration,
    /// When to look next for what is older.
    pub(crate) forget_at: Time,
    /// Commits so far, and the time they took.
    pub(crate) commits: Histogram,
    /// What could not be read since the process started, counted each time it was met.
    pub(crate) damaged: u64,
    /// Set when the engine is asked to stop: no call starts any more.
    pub(crate) draining: Option<Draining>,
}

/// The sequences of numbers that rows are given.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) execution: Sequence,
    pub(crate) message: Sequence,
    pub(crate) permit: Sequence,
    pub(crate) step: Sequence,
}

/// A stop under way.
#[derive(Debug)]
pub(crate) struct Draining {
    pub(crate) until: Time,
    pub(crate) done: Vec<oneshot::Sender<()>>,
}

impl Memory {
    /// Reads again what the store knows better, after a part of a transaction was taken back.
    pub(crate) fn recall(&mut self, store: &Store) -> Result<(), StoreError> {
        for sequence in [
            &self.numbers.execution,
            &self.numbers.message,
            &self.numbers.permit,
            &self.numbers.step,
        ] {
            sequence.note_again(store)?;
        }
        self.machines.forget();
        self.invocations.look_again();
        self.activities = store.machines().activities()?;
        for (id, target) in &mut self.targets {
            target.recount(*id, store)?;
        }
        self.queues.set_received(store.queues().received_counts()?);
        Ok(())
    }

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

//! Everything that can change the store, as values in one channel to the writer.

pub(crate) mod activity;
pub(crate) mod control;
pub(crate) mod queue;
pub(crate) mod version;

use std::sync::Arc;

use rampmeter_call::Outcome;
use rampmeter_dispatch::PermitId;
use rampmeter_evaluation::Evaluated;
use rampmeter_store::model::call::{CallState, WaitingAt};
use rampmeter_store::model::control::Actor;
use rampmeter_store::model::damaged::DamagedItem;
use rampmeter_store::model::execution::TaskReport;
use rampmeter_store::model::execution::{
    RedriveExecution, StartExecution, StartedExecution, StopExecution, SyncExecution,
};
use rampmeter_store::model::figures::EngineFigures;
use rampmeter_store::model::id::{ExecutionId, TargetId};
use rampmeter_store::model::invocation::{InvocationKey, Invoked};
use rampmeter_store::model::map_run::UpdateMapRun;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::{Batch, BatchAnswer, SendMessage, SentMessage};
use rampmeter_store::model::state_machine::{
    CreateStateMachine, CreatedStateMachine, UpdateStateMachine, UpdatedStateMachine,
};
use rampmeter_store::model::target::TargetState;
use rampmeter_time::UnixMillis;
use tokio::sync::oneshot;

use crate::command::activity::ActivityCommand;
use crate::command::control::ControlCommand;
use crate::command::queue::{QueueCommand, QueueDescription};
use crate::command::version::VersionCommand;

/// Where the answer to a command goes, after its commit.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Rejected>>;

/// One thing to apply. Those that carry a reply come from clients, the rest from the engine itself.
#[derive(Debug)]
pub(crate) enum Command {
    /// A command on somebody's behalf.
    By(Arc<Actor>, Box<Command>),
    StartExecution(StartExecution, Reply<StartedExecution>),
    StopExecution(StopExecution, Reply<UnixMillis>),
    ReportTask(TaskReport, Reply<()>),
    SendMessage(SendMessage, Reply<SentMessage>),
    SendMessageBatch(Batch<SendMessage>, Reply<BatchAnswer<SentMessage>>),
    /// The text is the URL of the queue or its name.
    DescribeQueue(String, Reply<QueueDescription>),
    Queue(QueueCommand),
    Activity(ActivityCommand),
    Version(VersionCommand),
    StartSyncExecution(StartExecution, Reply<SyncExecution>),
    CreateStateMachine(CreateStateMachine, Reply<CreatedStateMachine>),
    UpdateStateMachine(UpdateStateMachine, Reply<UpdatedStateMachine>),
    DeleteStateMachine(String, Reply<()>),
    UpdateMapRun(UpdateMapRun, Reply<()>),
    RedriveExecution(RedriveExecution, Reply<UnixMillis>),
    /// What readers beside the writer found that cannot be read.
    NoteDamaged(Vec<DamagedItem>),
    /// Stop starting calls, wait for those in flight, end.
    ShutDown(oneshot::Sender<()>),
    /// An execution used up the transitions of one transaction and goes on in the next.
    Continue(ExecutionId),
    /// What was evaluated beside the writer; `None` when the evaluation panicked.
    Evaluated {
        execution: ExecutionId,
        number: u64,
        evaluated: Option<Evaluated>,
    },
    /// A call has ended, one way or another.
    Answered {
        target: TargetId,
        permit: PermitId,
        outcome: Outcome,
    },
    /// A request that was made outside the store has its answer.
    Invoked {
        key: InvocationKey,
        execution: ExecutionId,
        invoked: Invoked,
    },
    /// What people change while the server runs.
    Control(ControlCommand),
    /// Questions that only the writer's memory can answer. They change nothing.
    InspectTargets(Reply<Vec<TargetState>>),
    InspectFigures(Reply<EngineFigures>),
    /// How many at most, and of which target; of all when it is absent.
    InspectCalls(usize, Option<String>, Reply<Vec<CallState>>),
    InspectCall(i64, Reply<Option<CallState>>),
    /// The number of the call with this MessageId.
    NumberOfCall(String, Reply<Option<i64>>),
    InspectExecution(String, Reply<Option<WaitingAt>>),
}

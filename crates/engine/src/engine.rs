//! The one door: a handle that hands commands to the writer and queries to the readers.
//! Cheap to clone. It decides nothing: `apply` does, inside the writer's transaction.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rampmeter_config::Config;
use tokio::sync::{mpsc, oneshot, watch};

use crate::command::{Command, Reply};
use crate::figures::EngineFigures;
use crate::invocation::Sdk;
use crate::open::OpenError;
use crate::query::{AbsentTarget, Reader};
use crate::rejected::Rejected;
use crate::request::{
    CallOutcome, CallState, ExecutionCall, ExecutionDescription, ExecutionStatus, ExecutionSummary,
    GetExecutionHistory, HistoryPage, ListExecutions, ListMapRuns, MapRunDescription, Page,
    RedriveExecution, StartExecution, StartedExecution, StopExecution, StoredAnswerBody,
    SyncExecution, TargetState, TaskReport, UpdateMapRun, WaitingAt,
};
use crate::sqs::{SendMessage, SentMessage};
use crate::state_machine::{
    CreateStateMachine, CreatedStateMachine, StateMachineDescription, UpdateStateMachine,
    UpdatedStateMachine,
};

/// How to open an engine.
#[derive(Debug)]
pub struct Options {
    /// Targets, workflows, account and region. `server.data_dir` is where the store lies; it is made if absent.
    pub config: Config,
    /// Where calls to the vendors run.
    pub runtime: tokio::runtime::Handle,
    /// A deliberate fault for the tests of the tests: after a restart, the places of calls whose outcome is unknown
    /// are freed at once. The vendor must then count violations.
    pub free_slots_after_restart: bool,
    /// For the tests: the wall clock is read as if it had been set back by so much.
    pub set_clock_back: Duration,
    /// The operations that a workflow may call as `aws-sdk`; none are served without it.
    pub sdk: Option<Arc<dyn Sdk>>,
}

/// A running engine.
#[derive(Debug, Clone)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    reader: Arc<Reader>,
    stopped: watch::Receiver<Option<Stopped>>,
}

/// How the writer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Asked to: everything acknowledged is on disk.
    ShutDown,
    /// The store failed. The process must exit with a status other than zero; a restart recovers.
    Poisoned(String),
}

impl Engine {
    /// Opens or makes the store in `config.server.data_dir`, recovers it, and starts the writer.
    ///
    /// # Errors
    /// When the directory is in use by another engine, the store cannot be read or is of a newer format, a workflow
    /// has errors, or a state of a workflow cannot run here.
    pub fn open(options: Options) -> Result<Engine, OpenError> {
        let (commands, reader, stopped) = crate::open::open(options)?;
        Ok(Engine {
            commands,
            reader,
            stopped,
        })
    }

    /// The handle of an engine that runs.
    pub(crate) fn of_parts(
        commands: mpsc::Sender<Command>,
        reader: Arc<Reader>,
        stopped: watch::Receiver<Option<Stopped>>,
    ) -> Engine {
        Engine {
            commands,
            reader,
            stopped,
        }
    }

    /// StartExecution. Acknowledged when the start is on disk.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `InvalidName`, `InvalidExecutionInput`, `ExecutionAlreadyExists`, `Stopped`.
    pub async fn start_execution(
        &self,
        start: StartExecution,
    ) -> Result<StartedExecution, Rejected> {
        self.ask(|reply| Command::StartExecution(start, reply))
            .await
    }

    /// StartSyncExecution: starts an execution of an EXPRESS state machine and waits for its end, at most five minutes.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `StateMachineTypeNotSupported`, `InvalidName`, `InvalidExecutionInput`, `Stopped`.
    pub async fn start_sync_execution(
        &self,
        start: StartExecution,
    ) -> Result<SyncExecution, Rejected> {
        self.ask(|reply| Command::StartSyncExecution(start, reply))
            .await
    }

    /// StopExecution. Answers the stop date in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn stop_execution(&self, stop: StopExecution) -> Result<i64, Rejected> {
        self.ask(|reply| Command::StopExecution(stop, reply)).await
    }

    /// SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat.
    ///
    /// # Errors
    /// `InvalidToken`, `TaskDoesNotExist`, `TaskTimedOut`, `InvalidOutput`, `Stopped`.
    pub async fn report_task(&self, report: TaskReport) -> Result<(), Rejected> {
        self.ask(|reply| Command::ReportTask(report, reply)).await
    }

    /// SendMessage. A message to a queue of an embedded worker that is not a valid call is accepted, as SQS would, and
    /// becomes a dead letter at once.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, `InvalidMessageContents`, `InvalidParameter`, `QueueError`, `Stopped`.
    pub async fn send_message(&self, message: SendMessage) -> Result<SentMessage, Rejected> {
        self.ask(|reply| Command::SendMessage(message, reply)).await
    }

    /// CreateStateMachine. Definitions that this host cannot run whole are accepted, as AWS would: an execution fails
    /// at the state that is not served.
    ///
    /// # Errors
    /// `InvalidName`, `InvalidDefinition`, `StateMachineAlreadyExists`, `Stopped`.
    pub async fn create_state_machine(
        &self,
        create: CreateStateMachine,
    ) -> Result<CreatedStateMachine, Rejected> {
        self.ask(|reply| Command::CreateStateMachine(create, reply))
            .await
    }

    /// UpdateStateMachine: for executions that start from now on.
    ///
    /// # Errors
    /// `InvalidArn`, `InvalidDefinition`, `StateMachineDoesNotExist`, `Stopped`.
    pub async fn update_state_machine(
        &self,
        update: UpdateStateMachine,
    ) -> Result<UpdatedStateMachine, Rejected> {
        self.ask(|reply| Command::UpdateStateMachine(update, reply))
            .await
    }

    /// DeleteStateMachine. Executions that run go on.
    ///
    /// # Errors
    /// `InvalidArn`, `Stopped`.
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), Rejected> {
        let arn = arn.to_owned();
        self.ask(|reply| Command::DeleteStateMachine(arn, reply))
            .await
    }

    /// DescribeStateMachine.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `Stopped`.
    pub async fn describe_state_machine(
        &self,
        arn: &str,
    ) -> Result<StateMachineDescription, Rejected> {
        let arn = arn.to_owned();
        self.read(move |reader| reader.describe_state_machine(&arn))
            .await
    }

    /// DescribeStateMachineForExecution.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`, `Stopped`.
    pub async fn state_machine_of(
        &self,
        execution_arn: &str,
    ) -> Result<StateMachineDescription, Rejected> {
        let arn = execution_arn.to_owned();
        self.read(move |reader| reader.state_machine_of(&arn)).await
    }

    /// The targets with their limits as they stand, by name.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn targets(&self) -> Result<Vec<TargetState>, Rejected> {
        self.ask(Command::InspectTargets).await
    }

    /// What the engine counts of itself, for the metrics.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn figures(&self) -> Result<EngineFigures, Rejected> {
        self.ask(Command::InspectFigures).await
    }

    /// Calls that have not ended: those in flight first, then those waiting, highest priority first; at most `most`.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn calls(&self, most: usize) -> Result<Vec<CallState>, Rejected> {
        self.ask(|reply| Command::InspectCalls(most, None, reply))
            .await
    }

    /// The same of one target; none when there is no such target.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn calls_of(&self, target: String, most: usize) -> Result<Vec<CallState>, Rejected> {
        self.ask(|reply| Command::InspectCalls(most, Some(target), reply))
            .await
    }

    /// One call that has not ended, by its number; `None` when there is none.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn call(&self, number: i64) -> Result<Option<CallState>, Rejected> {
        self.ask(|reply| Command::InspectCall(number, reply)).await
    }

    /// How a call ended for which no workflow waits, or which is in the dead-letter queue; `None` where nothing is kept of
    /// it.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn call_outcome(&self, number: i64) -> Result<Option<CallOutcome>, Rejected> {
        self.read(move |reader| reader.call_outcome(number)).await
    }

    /// The file with the body of a call's answer, where that was too long to be part of it.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn stored_body(&self, number: i64) -> Result<Option<StoredAnswerBody>, Rejected> {
        self.read(move |reader| reader.stored_body(number)).await
    }

    /// The number of the call that a MessageId names; `None` when it is none of ours.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn call_number(&self, message_id: &str) -> Result<Option<i64>, Rejected> {
        let id = message_id.to_owned();
        self.ask(|reply| Command::NumberOfCall(id, reply)).await
    }

    /// Where a running execution waits and why; `None` once it has ended.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn waiting_at(&self, execution_arn: &str) -> Result<Option<WaitingAt>, Rejected> {
        let arn = execution_arn.to_owned();
        self.ask(|reply| Command::InspectExecution(arn, reply))
            .await
    }

    /// DescribeExecution.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn describe_execution(&self, arn: &str) -> Result<ExecutionDescription, Rejected> {
        let arn = arn.to_owned();
        self.read(move |reader| reader.describe_execution(&arn))
            .await
    }

    /// ListExecutions, newest first.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `InvalidPageToken`, `Stopped`.
    pub async fn list_executions(
        &self,
        list: ListExecutions,
    ) -> Result<Page<ExecutionSummary>, Rejected> {
        self.read(move |reader| reader.list_executions(&list)).await
    }

    /// RedriveExecution. Answers when it was redriven, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `ExecutionNotRedrivable`, `InvalidArn`, `Stopped`.
    pub async fn redrive_execution(&self, redrive: RedriveExecution) -> Result<i64, Rejected> {
        self.ask(|reply| Command::RedriveExecution(redrive, reply))
            .await
    }

    /// DescribeMapRun.
    ///
    /// # Errors
    /// `ResourceNotFound`, `InvalidArn`, `Stopped`.
    pub async fn describe_map_run(&self, arn: &str) -> Result<MapRunDescription, Rejected> {
        let arn = arn.to_owned();
        self.read(move |reader| reader.describe_map_run(&arn)).await
    }

    /// ListMapRuns, newest first.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `InvalidPageToken`, `Stopped`.
    pub async fn list_map_runs(
        &self,
        list: ListMapRuns,
    ) -> Result<Page<MapRunDescription>, Rejected> {
        self.read(move |reader| reader.list_map_runs(&list)).await
    }

    /// UpdateMapRun. One that has ended stays as it is.
    ///
    /// # Errors
    /// `ResourceNotFound`, `InvalidArn`, `Stopped`.
    pub async fn update_map_run(&self, update: UpdateMapRun) -> Result<(), Rejected> {
        self.ask(|reply| Command::UpdateMapRun(update, reply)).await
    }

    /// GetExecutionHistory.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `InvalidPageToken`, `Stopped`.
    pub async fn execution_history(
        &self,
        request: GetExecutionHistory,
    ) -> Result<HistoryPage, Rejected> {
        self.read(move |reader| reader.execution_history(&request))
            .await
    }

    /// The newest calls of an execution that have ended, in the order in which they did; at most 10,000.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn execution_calls(&self, arn: &str) -> Result<Vec<ExecutionCall>, Rejected> {
        let arn = arn.to_owned();
        self.read(move |reader| reader.execution_calls(&arn)).await
    }

    /// Targets that have messages which wait, and that the configuration no longer has.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn absent_targets(
        &self,
        configured: Vec<String>,
    ) -> Result<Vec<AbsentTarget>, Rejected> {
        self.read(move |reader| {
            reader.absent_targets(|name| configured.iter().any(|one| one == name))
        })
        .await
    }

    /// The state machines, by name.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn state_machines(&self) -> Result<Vec<StateMachineDescription>, Rejected> {
        self.read(Reader::state_machines).await
    }

    /// How many executions have each status.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn execution_counts(&self) -> Result<Vec<(ExecutionStatus, u64)>, Rejected> {
        self.read(Reader::execution_counts).await
    }

    /// Stops: no new call starts, calls in flight are awaited for at most the configured drain time; what has no answer
    /// by then keeps its places and is taken up after a restart.
    pub async fn shut_down(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::ShutDown(reply)).await.is_ok() {
            let _ = done.await;
        }
        self.stopped().await;
    }

    /// Resolves when the writer has ended.
    pub async fn stopped(&self) -> Stopped {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or(Stopped::ShutDown),
            Err(_) => Stopped::Poisoned("the writer ended without a word".to_owned()),
        }
    }

    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, Rejected> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(command(reply)).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        Err(Rejected::Stopped(match self.stopped().await {
            Stopped::ShutDown => "it was shut down".to_owned(),
            Stopped::Poisoned(why) => why,
        }))
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader) -> Result<T, Rejected> + Send + 'static,
    ) -> Result<T, Rejected> {
        let reader = Arc::clone(&self.reader);
        match tokio::task::spawn_blocking(move || query(&reader)).await {
            Ok(answer) => answer,
            Err(failed) => Err(Rejected::Stopped(failed.to_string())),
        }
    }
}

/// Where the bodies lie that were too long for the store.
#[must_use]
pub fn blobs_path(data_dir: &std::path::Path) -> PathBuf {
    data_dir.join("blobs")
}

/// Where the store of a data directory lies.
#[must_use]
pub fn store_path(data_dir: &std::path::Path) -> PathBuf {
    data_dir.join("rampmeter.db")
}

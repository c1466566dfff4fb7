//! StartExecution and its kin on the engine's handle, map runs, and what workers report about tasks.

use rampmeter_store::Reader;
use rampmeter_store::model::call::{ExecutionCall, WaitingAt};
use rampmeter_store::model::execution::TaskReport;
use rampmeter_store::model::execution::{
    ExecutionDescription, ExecutionStatus, ExecutionSummary, GetExecutionHistory, HistoryPage,
    ListExecutions, RedriveExecution, StartExecution, StartedExecution, StopExecution,
    SyncExecution,
};
use rampmeter_store::model::map_run::{ListMapRuns, MapRunDescription, UpdateMapRun};
use rampmeter_store::model::page::Page;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_time::UnixMillis;

use crate::api::Engine;
use crate::command::Command;

/// Executions, map runs, and what workers report about tasks.
#[derive(Debug, Clone, Copy)]
pub struct Executions<'e> {
    engine: &'e Engine,
}

impl Engine {
    /// Executions, map runs, and what workers report about tasks.
    #[must_use]
    pub fn executions(&self) -> Executions<'_> {
        Executions { engine: self }
    }
}

impl Executions<'_> {
    /// StartExecution. Acknowledged when the start is on disk.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `InvalidName`, `InvalidExecutionInput`, `ExecutionAlreadyExists`, `Stopped`.
    pub async fn start_execution(
        self,
        start: StartExecution,
    ) -> Result<StartedExecution, Rejected> {
        self.engine
            .ask(|reply| Command::StartExecution(start, reply))
            .await
    }

    /// StartSyncExecution: starts an execution of an EXPRESS state machine and waits for its end, at most five minutes.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `StateMachineTypeNotSupported`, `InvalidName`, `InvalidExecutionInput`, `Stopped`.
    pub async fn start_sync_execution(
        self,
        start: StartExecution,
    ) -> Result<SyncExecution, Rejected> {
        self.engine
            .ask(|reply| Command::StartSyncExecution(start, reply))
            .await
    }

    /// StopExecution. Returns the stop date.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn stop_execution(self, stop: StopExecution) -> Result<UnixMillis, Rejected> {
        self.engine
            .ask(|reply| Command::StopExecution(stop, reply))
            .await
    }

    /// RedriveExecution. Returns the redrive date.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `ExecutionNotRedrivable`, `InvalidArn`, `Stopped`.
    pub async fn redrive_execution(
        self,
        redrive: RedriveExecution,
    ) -> Result<UnixMillis, Rejected> {
        self.engine
            .ask(|reply| Command::RedriveExecution(redrive, reply))
            .await
    }

    /// SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat.
    ///
    /// # Errors
    /// `InvalidToken`, `TaskDoesNotExist`, `TaskTimedOut`, `InvalidOutput`, `Stopped`.
    pub async fn report_task(self, report: TaskReport) -> Result<(), Rejected> {
        self.engine
            .ask(|reply| Command::ReportTask(report, reply))
            .await
    }

    /// DescribeExecution.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn describe_execution(self, arn: &str) -> Result<ExecutionDescription, Rejected> {
        let arn = arn.to_owned();
        self.engine
            .read(move |reader| reader.describe_execution(&arn))
            .await
    }

    /// ListExecutions, newest first.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `InvalidPageToken`, `Stopped`.
    pub async fn list_executions(
        self,
        list: ListExecutions,
    ) -> Result<Page<ExecutionSummary>, Rejected> {
        self.engine
            .read(move |reader| reader.list_executions(&list))
            .await
    }

    /// How many executions have each status.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn execution_counts(self) -> Result<Vec<(ExecutionStatus, u64)>, Rejected> {
        self.engine.read(Reader::execution_counts).await
    }

    /// GetExecutionHistory.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `InvalidPageToken`, `Stopped`.
    pub async fn execution_history(
        self,
        request: GetExecutionHistory,
    ) -> Result<HistoryPage, Rejected> {
        self.engine
            .read(move |reader| reader.execution_history(&request))
            .await
    }

    /// The newest ended calls of an execution, in the order in which they ended; at most 10,000.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn execution_calls(self, arn: &str) -> Result<Vec<ExecutionCall>, Rejected> {
        let arn = arn.to_owned();
        self.engine
            .read(move |reader| reader.execution_calls(&arn))
            .await
    }

    /// Where a running execution waits and why; `None` once it has ended.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `Stopped`.
    pub async fn waiting_at(self, execution_arn: &str) -> Result<Option<WaitingAt>, Rejected> {
        let arn = execution_arn.to_owned();
        self.engine
            .ask(|reply| Command::InspectExecution(arn, reply))
            .await
    }

    /// DescribeMapRun.
    ///
    /// # Errors
    /// `ResourceNotFound`, `InvalidArn`, `Stopped`.
    pub async fn describe_map_run(self, arn: &str) -> Result<MapRunDescription, Rejected> {
        let arn = arn.to_owned();
        self.engine
            .read(move |reader| reader.describe_map_run(&arn))
            .await
    }

    /// ListMapRuns, newest first.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist`, `InvalidArn`, `InvalidPageToken`, `Stopped`.
    pub async fn list_map_runs(
        self,
        list: ListMapRuns,
    ) -> Result<Page<MapRunDescription>, Rejected> {
        self.engine
            .read(move |reader| reader.list_map_runs(&list))
            .await
    }

    /// UpdateMapRun. One that has ended stays as it is.
    ///
    /// # Errors
    /// `ResourceNotFound`, `InvalidArn`, `Stopped`.
    pub async fn update_map_run(self, update: UpdateMapRun) -> Result<(), Rejected> {
        self.engine
            .ask(|reply| Command::UpdateMapRun(update, reply))
            .await
    }
}

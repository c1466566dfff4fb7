//! Executions: the requests of clients and the responses to them, without the wire form.

use rampmeter_asl::Event;
use rampmeter_time::UnixMillis;
use serde::Serialize;

use crate::model::page::Page;

/// StartExecution of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct StartExecution {
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// 1 to 80 characters; if absent, the engine makes a UUID.
    pub name: Option<String>,
    /// JSON text of at most 262,144 bytes; `{}` when the client sent none.
    pub input: String,
}

/// The response to StartExecution. A repeat with the same name and input while the execution runs gets the first response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedExecution {
    /// ARN of the execution.
    pub execution_arn: String,
    /// When it started.
    pub start_date: UnixMillis,
}

/// The response to StartSyncExecution: how the execution ended.
#[derive(Debug, Clone)]
pub struct SyncExecution {
    /// ARN of the execution. It cannot be used to look it up: executions of EXPRESS state machines cannot be described.
    pub execution_arn: String,
    /// ARN of its state machine.
    pub state_machine_arn: String,
    /// The name it was given.
    pub name: String,
    /// How it ended.
    pub status: ExecutionStatus,
    /// When it started.
    pub start_date: UnixMillis,
    /// When it ended.
    pub stop_date: UnixMillis,
    /// JSON text.
    pub input: String,
    /// JSON text, if it succeeded.
    pub output: Option<String>,
    /// Error name, if it did not.
    pub error: Option<String>,
    /// Cause, if it did not succeed.
    pub cause: Option<String>,
}

/// StopExecution of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct StopExecution {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Error name to record.
    pub error: Option<String>,
    /// Cause to record.
    pub cause: Option<String>,
}

/// RedriveExecution of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct RedriveExecution {
    /// ARN of the execution.
    pub execution_arn: String,
    /// A repeat with the same text within 15 minutes gets the first response.
    pub client_token: Option<String>,
    /// The entry of the audit trail shared by all that are redriven together; absent if this one has its own.
    pub bulk: Option<i64>,
}

/// Status of an execution, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    /// Has not ended.
    Running,
    /// Ended with an output.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended by the state machine's TimeoutSeconds.
    TimedOut,
    /// Ended by StopExecution.
    Aborted,
}

impl ExecutionStatus {
    /// Its name on AWS.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }

    /// The number that represents it in the store.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Running => 0,
            Self::Succeeded => 1,
            Self::Failed => 2,
            Self::TimedOut => 3,
            Self::Aborted => 4,
        }
    }

    /// The status with this number, if there is one.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        [
            Self::Running,
            Self::Succeeded,
            Self::Failed,
            Self::TimedOut,
            Self::Aborted,
        ]
        .into_iter()
        .find(|status| status.code() == code)
    }

    /// The status with this AWS name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Running,
            Self::Succeeded,
            Self::Failed,
            Self::TimedOut,
            Self::Aborted,
        ]
        .into_iter()
        .find(|status| status.as_str() == name)
    }
}

/// One execution in a list.
#[derive(Debug, Clone)]
pub struct ExecutionSummary {
    /// ARN of the execution.
    pub execution_arn: String,
    /// ARN of its state machine.
    pub state_machine_arn: String,
    /// ARN of the version it was started through.
    pub state_machine_version_arn: Option<String>,
    /// ARN of the alias it was started through.
    pub state_machine_alias_arn: Option<String>,
    /// Name, unique within the state machine unless that is of type EXPRESS.
    pub name: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// When it started.
    pub start_date: UnixMillis,
    /// When it ended; absent while it runs.
    pub stop_date: Option<UnixMillis>,
    /// How often it was redriven.
    pub redrive_count: u32,
    /// When it was redriven last.
    pub redrive_date: Option<UnixMillis>,
    /// Why it cannot be redriven; absent when it can.
    pub not_redrivable: Option<String>,
    /// For a child execution of a map run: the ARN of the map run and how many items the execution works on.
    pub item: Option<(String, u64)>,
}

/// One execution with its data.
#[derive(Debug, Clone)]
pub struct ExecutionDescription {
    /// What a list shows of it.
    pub summary: ExecutionSummary,
    /// JSON text.
    pub input: String,
    /// JSON text, if it succeeded.
    pub output: Option<String>,
    /// Error name, if it failed, timed out or was stopped with one.
    pub error: Option<String>,
    /// Cause, in the same cases.
    pub cause: Option<String>,
}

/// ListExecutions of AWS Step Functions.
#[derive(Debug, Clone, Default)]
pub struct ListExecutions {
    /// Only those of this state machine, or started through this version or alias; all when absent.
    pub state_machine_arn: Option<String>,
    /// The child executions of this map run, instead of those of a state machine.
    pub map_run_arn: Option<String>,
    /// Only those with this status.
    pub status: Option<ExecutionStatus>,
    /// Only those that were redriven, or only those that were not.
    pub redriven: Option<bool>,
    /// 1 to 1,000; 0 or absent means 100.
    pub max_results: Option<u32>,
    /// From the previous page.
    pub next_token: Option<String>,
}

/// GetExecutionHistory of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct GetExecutionHistory {
    /// ARN of the execution.
    pub execution_arn: String,
    /// 1 to 1,000; 0 or absent means 100.
    pub max_results: Option<u32>,
    /// From the previous page.
    pub next_token: Option<String>,
    /// Newest event first.
    pub reverse_order: bool,
}

/// One page of an execution's history.
pub type HistoryPage = Page<Event>;

/// SendTaskSuccess, SendTaskFailure or SendTaskHeartbeat of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct TaskReport {
    /// The task token as the workflow handed it out.
    pub task_token: String,
    /// What happened to the task.
    pub result: TaskResult,
}

/// What a worker reports about a task.
#[derive(Debug, Clone)]
pub enum TaskResult {
    /// JSON text of at most 262,144 bytes.
    Success {
        /// The task's output.
        output: String,
    },
    /// The task failed. Both texts are optional, as on AWS.
    Failure {
        /// At most 256 characters.
        error: Option<String>,
        /// At most 32,768 characters.
        cause: Option<String>,
    },
    /// The task is still being worked on.
    Heartbeat,
}

//! What clients ask of the engine and what it answers: the types behind the AWS operations, without their wire form.
//! The JSON and XML shapes are the binary's; the rules that decide an answer are in `apply` and `query`.

use rampmeter_asl::{Event, EventId};

use crate::store::ExecutionRow;
use rampmeter_dispatch::Priority;
use serde::Serialize;

/// StartExecution of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct StartExecution {
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// 1 to 80 characters; the engine makes a UUID when absent.
    pub name: Option<String>,
    /// JSON text of at most 262,144 bytes; `{}` when the client sent none.
    pub input: String,
}

/// The answer to StartExecution. A repeat with the same name and input while the execution runs gets the first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedExecution {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Milliseconds since the Unix epoch.
    pub start_date: i64,
}

/// The answer to StartSyncExecution: how the execution ended.
#[derive(Debug, Clone)]
pub struct SyncExecution {
    /// ARN of the execution. It leads to nothing: executions of EXPRESS state machines cannot be described.
    pub execution_arn: String,
    /// ARN of its state machine.
    pub state_machine_arn: String,
    /// The name it was given.
    pub name: String,
    /// How it ended.
    pub status: ExecutionStatus,
    /// Milliseconds since the Unix epoch.
    pub start_date: i64,
    /// Milliseconds since the Unix epoch.
    pub stop_date: i64,
    /// JSON text.
    pub input: String,
    /// JSON text, if it succeeded.
    pub output: Option<String>,
    /// Error name, if it did not.
    pub error: Option<String>,
    /// Cause, likewise.
    pub cause: Option<String>,
}

/// SendTaskSuccess, SendTaskFailure or SendTaskHeartbeat of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct TaskReport {
    /// The task token as the workflow handed it out.
    pub task_token: String,
    /// What happened to the task.
    pub result: TaskResult,
}

/// What a worker says of a task.
#[derive(Debug, Clone)]
pub enum TaskResult {
    /// JSON text of at most 262,144 bytes.
    Success {
        /// The task's output.
        output: String,
    },
    /// Both texts are optional, as on AWS.
    Failure {
        /// At most 256 characters.
        error: Option<String>,
        /// At most 32,768 characters.
        cause: Option<String>,
    },
    /// The task is still being worked on.
    Heartbeat,
}

/// A call of an execution that has ended. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionCall {
    /// The first event of the history that followed from its end: that its task succeeded or failed.
    pub event: EventId,
    /// Its number.
    pub id: i64,
    /// Name of its target.
    pub target: String,
    /// Its lane.
    pub priority: Priority,
    /// When its message was committed.
    pub sent_at: i64,
    /// When its first request was permitted; absent when none was.
    pub first_started_at: Option<i64>,
    /// When the request was permitted that was answered.
    pub started_at: Option<i64>,
    /// When its last outcome was applied.
    pub ended_at: i64,
    /// Requests started for it.
    pub receive_count: u32,
    /// Attempts used up.
    pub attempts: u32,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
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
    /// A repeat with the same text within 15 minutes gets the first answer.
    pub client_token: Option<String>,
}

/// AWS's limits of a redrive: days since the end, events of the history, and days since the start.
const REDRIVE_DAYS: i64 = 14;
const REDRIVE_EVENTS: u64 = 24_999;
const OLDEST_DAYS: i64 = 365;

/// Why an execution cannot be redriven, in AWS's words where they are known; `None` when it can. Times in milliseconds since
/// the Unix epoch.
pub(crate) fn why_not_redrivable(row: &ExecutionRow, now: i64) -> Option<String> {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let (started_at, stopped_at) = (row.started_at, row.stopped_at);
    if row.item.is_some() {
        return Some("The child executions of a map run cannot be redriven one by one".to_owned());
    }
    if matches!(
        row.status,
        ExecutionStatus::Running | ExecutionStatus::Succeeded
    ) {
        let status = row.status.as_str();
        return Some(format!("Execution is {status} and cannot be redriven"));
    }
    if stopped_at.is_some_and(|stopped_at| now - stopped_at > REDRIVE_DAYS * DAY) {
        return Some("Execution has exceeded the redrivable period".to_owned());
    }
    if now - started_at > OLDEST_DAYS * DAY {
        return Some("Execution has exceeded the maximum execution time".to_owned());
    }
    (row.events >= REDRIVE_EVENTS)
        .then(|| "Execution history event limit has been reached".to_owned())
}

/// Status of an execution, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    /// Not ended.
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
    /// AWS's word for it.
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

    /// The number that stands for it in the store.
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

    /// The status with AWS's name, if there is one.
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
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Milliseconds since the Unix epoch.
    pub start_date: i64,
    /// Milliseconds since the Unix epoch, once ended.
    pub stop_date: Option<i64>,
    /// How often it was redriven.
    pub redrive_count: u32,
    /// When it was redriven last, in milliseconds since the Unix epoch.
    pub redrive_date: Option<i64>,
    /// Why it cannot be redriven; absent when it can.
    pub not_redrivable: Option<String>,
    /// Of a child execution of a map run: the ARN of that and how many items it works on.
    pub item: Option<(String, u64)>,
}

/// One execution with its data.
#[derive(Debug, Clone)]
pub struct ExecutionDescription {
    /// What a list shows of it.
    pub summary: ExecutionSummary,
    /// JSON text.
    pub input: String,
    /// JSON text, once succeeded.
    pub output: Option<String>,
    /// Error name, if it failed, timed out or was stopped with one.
    pub error: Option<String>,
    /// Cause, likewise.
    pub cause: Option<String>,
}

/// A page of a listing, newest first unless said otherwise.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Hand it back to get the next page; absent on the last.
    pub next_token: Option<String>,
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

/// One map run: a run of a Distributed Map state.
#[derive(Debug, Clone)]
pub struct MapRunDescription {
    /// ARN of the map run.
    pub map_run_arn: String,
    /// ARN of the execution that started it.
    pub execution_arn: String,
    /// ARN of that execution's state machine, with the label of the Map state.
    pub state_machine_arn: String,
    /// Where it stands; never `TIMED_OUT`.
    pub status: ExecutionStatus,
    /// Milliseconds since the Unix epoch.
    pub start_date: i64,
    /// Milliseconds since the Unix epoch, once ended.
    pub stop_date: Option<i64>,
    /// How many child executions may run at the same time.
    pub max_concurrency: u32,
    /// How many child executions may fail.
    pub tolerated_failure_count: u64,
    /// Which share of the child executions may fail, from 0 to 100.
    pub tolerated_failure_percentage: f64,
    /// Its items.
    pub items: MapRunCounts,
    /// Its child executions.
    pub executions: MapRunCounts,
}

/// How many items or child executions of a map run stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapRunCounts {
    /// All.
    pub total: u64,
    /// Not started.
    pub pending: u64,
    /// Started and not ended.
    pub running: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Took too long.
    pub timed_out: u64,
    /// Stopped.
    pub aborted: u64,
}

/// ListMapRuns of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct ListMapRuns {
    /// ARN of the execution.
    pub execution_arn: String,
    /// 1 to 1,000; 0 or absent means 100.
    pub max_results: Option<u32>,
    /// From the previous page.
    pub next_token: Option<String>,
}

/// UpdateMapRun of AWS Step Functions. What is absent stays as it is.
#[derive(Debug, Clone)]
pub struct UpdateMapRun {
    /// ARN of the map run.
    pub map_run_arn: String,
    /// 0 for no limit.
    pub max_concurrency: Option<u32>,
    /// How many child executions may fail.
    pub tolerated_failure_count: Option<u64>,
    /// From 0 to 100.
    pub tolerated_failure_percentage: Option<f64>,
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

/// Where one running execution waits, and why: for `exec show`, `/v1/executions` and the dashboard.
#[derive(Debug, Clone, Serialize)]
pub struct WaitingAt {
    /// Name of the state it stands in.
    pub state: String,
    /// What it waits for, in one word: `task`, `timer`, `retry`, `children` or `continue`.
    pub waits_for: &'static str,
    /// Milliseconds since the Unix epoch at which the waiting began.
    pub since: i64,
    /// The call that will resume it, when it waits for one of ours.
    pub call: Option<CallState>,
    /// When it waits for branches or iterations: how many of them run, those inside others included.
    pub running: u64,
    /// Where the first of those wait that wait for something else than branches or iterations of their own.
    pub children: Vec<WaitingAt>,
}

/// One call that has not ended.
#[derive(Debug, Clone, Serialize)]
pub struct CallState {
    /// Number of the call; `c-NUMBER` for people.
    pub id: i64,
    /// Name of the target.
    pub target: String,
    /// Its lane.
    pub priority: Priority,
    /// Business key, if the message gave one.
    pub key: Option<String>,
    /// ARN of the execution that waits for it, if any.
    pub execution_arn: Option<String>,
    /// `waiting`, `in flight`, `delayed` (its repeat waits for a back-off), or `job` (the vendor has accepted it and
    /// works on it).
    pub standing: &'static str,
    /// The job, if the vendor works on it.
    pub job: Option<JobState>,
    /// Milliseconds since the Unix epoch at which the message was committed.
    pub sent_at: i64,
    /// Calls started so far for this message.
    pub receive_count: u32,
    /// Calls of the same lane ahead of it.
    pub ahead: u64,
    /// In words: which limit or which lane holds it, and until when; absent while it is in flight.
    pub held_by: Option<String>,
    /// Milliseconds until it should start, by the rate that its target reaches now; absent when nobody can say.
    pub starts_in: Option<u64>,
}

/// How a call ended for which no workflow waits, or which is in the dead-letter queue.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutcome {
    /// Number of the call; `c-NUMBER` for people.
    pub id: i64,
    /// Name of the target.
    pub target: String,
    /// Its lane, where that is still known.
    pub priority: Option<Priority>,
    /// Business key, if the message gave one.
    pub key: Option<String>,
    /// Milliseconds since the Unix epoch at which the message was committed.
    pub sent_at: i64,
    /// The same for its first start, if it ever started.
    pub first_started_at: Option<i64>,
    /// The same for its end.
    pub ended_at: i64,
    /// Calls started for the message.
    pub receive_count: u32,
    /// Answers that used up an attempt.
    pub attempts: u32,
    /// The error's name; absent on success.
    pub error: Option<String>,
    /// The output of the call, or the cause of its failure.
    pub told: serde_json::Value,
}

/// The body of an answer that lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswerBody {
    /// The file.
    pub path: std::path::PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// What the vendor said it is.
    pub content_type: Option<String>,
}

/// A job at a vendor that a call has become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobState {
    /// Its path below the base URL.
    pub path: String,
    /// Milliseconds since the Unix epoch at which the vendor accepted it.
    pub since: i64,
    /// How often it was looked at.
    pub looks: u32,
    /// It keeps a place in the limits that count jobs.
    pub counted: bool,
}

/// One target as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct TargetState {
    /// Name of the target.
    pub name: String,
    /// Its limits as they stand.
    pub limits: Vec<LimitState>,
    /// Calls waiting per priority, HIGH first. Counted in the queue.
    pub waiting: [u64; 3],
    /// Permits out.
    pub in_flight: u64,
    /// Permits of calls whose outcome is unknown: their places are held.
    pub held: u64,
    /// Deferrals per priority since the process started, HIGH first (always 0 there).
    pub deferrals: [u64; 3],
    /// What is paused: `target`, or priorities.
    pub paused: Vec<&'static str>,
    /// The mean time from permit to answer, in milliseconds; absent before the first answer.
    pub mean_call: Option<u64>,
    /// Throttles that the vendor answered since the process started.
    pub throttles: u64,
    /// Of those, how many while we were under our own limits: someone else uses the account.
    pub throttles_under_our_limit: u64,
    /// How often an answer's headers closed the target before a throttle, since the process started.
    pub closed_by_headers: u64,
    /// Milliseconds since the Unix epoch until which the vendor closed the target; absent while it is open.
    pub closed_until: Option<i64>,
    /// After a closure: how many calls may be out at once until the vendor has answered enough of them well.
    pub trickle: Option<u32>,
    /// The vendor's limits as its answers state them.
    pub vendor_limits: Vec<VendorLimitState>,
    /// Spans of engine time, in microseconds since the epoch, during which a call was eligible but for a concurrency
    /// limit: the newest 1,024, the last one still open when its end is absent.
    pub contended: Vec<(i64, Option<i64>)>,
}

/// One limit of a vendor's, as its last answer stated it.
#[derive(Debug, Clone, Serialize)]
pub struct VendorLimitState {
    /// The vendor's name for it; empty where it has none.
    pub name: String,
    /// `concurrency` or `window`.
    pub kind: &'static str,
    /// How many there are in all.
    pub limit: Option<u64>,
    /// Length of the window in milliseconds.
    pub per_ms: Option<u64>,
    /// How many were left.
    pub remaining: Option<u64>,
    /// Milliseconds since the Unix epoch at which more come.
    pub resets_at: Option<i64>,
    /// Where the configuration allows more than the vendor: what both say.
    pub disagreement: Option<String>,
}

/// One limit as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct LimitState {
    /// Name of the limit, unique within its target.
    pub name: String,
    /// `concurrency`, `window` or `calendar`.
    pub kind: &'static str,
    /// Length of the window, or about that of the calendar's period, in milliseconds; absent for a concurrency limit.
    pub per_ms: Option<u64>,
    /// Places taken, held ones included.
    pub used: u64,
    /// Places configured.
    pub max: u64,
    /// Places kept for each priority and those above it, HIGH first.
    pub reserved: [u32; 3],
    /// The most places for each priority, HIGH first; absent where the limit alone bounds it.
    pub shares: [Option<u32>; 3],
    /// Places of calls whose outcome is unknown.
    pub held: u64,
    /// The ceiling that the vendor's throttles taught, while it is below the configured one.
    pub learned_ceiling: Option<u32>,
    /// The maximum that the configuration says, where a person changed it.
    pub configured: Option<u64>,
    /// Milliseconds since the Unix epoch at which the change ends by itself.
    pub expires_at: Option<i64>,
    /// Calls a second that the limit lets through at the mean time of a call measured; absent before the first answer.
    pub reaches_per_second: Option<f64>,
    /// The most calls that the vendor may count in one window, where that is more than `max`: with
    /// `count_from = "send"`, calls in flight when the window began are counted too.
    pub vendor_may_count: Option<u64>,
    /// Calls a second that a window stands for: its calls by its length. Absent for calls in flight.
    pub nominal_per_second: Option<f64>,
}

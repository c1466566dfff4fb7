//! Map runs: DescribeMapRun, ListMapRuns and UpdateMapRun, without their wire form.

use rampmeter_time::UnixMillis;

use crate::model::execution::ExecutionStatus;

/// One map run: a run of a Distributed Map state.
#[derive(Debug, Clone)]
pub struct MapRunDescription {
    /// ARN of the map run.
    pub map_run_arn: String,
    /// ARN of the execution that started it.
    pub execution_arn: String,
    /// ARN of that execution's state machine, with the label of the Map state.
    pub state_machine_arn: String,
    /// Its status; never `TIMED_OUT`.
    pub status: ExecutionStatus,
    /// When it started.
    pub start_date: UnixMillis,
    /// When it ended; absent while it runs.
    pub stop_date: Option<UnixMillis>,
    /// The maximum of child executions that run at the same time.
    pub max_concurrency: u32,
    /// How many child executions may fail.
    pub tolerated_failure_count: u64,
    /// The percentage of the child executions that may fail, from 0 to 100.
    pub tolerated_failure_percentage: f64,
    /// Its items.
    pub items: MapRunCounts,
    /// Its child executions.
    pub executions: MapRunCounts,
}

/// How many items or child executions of a map run have each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapRunCounts {
    /// All.
    pub total: u64,
    /// Not started.
    pub pending: u64,
    /// Started and not ended.
    pub running: u64,
    /// Succeeded.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Timed out.
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

//! Which executions failed lately, by workflow and error, and whether those are too many.

use rampmeter_engine::{FailureFigures, WorkflowFigures};
use rampmeter_time::{UnixMillis, rfc3339, span};
use serde_json::{Value, json};

use super::tally::Tally;
use crate::health::history::History;
use crate::health::sample::Sample;

/// The executions of one workflow that failed lately with the same error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FailedExecutions {
    pub(crate) workflow: String,
    pub(crate) error: String,
    /// How many there were in the time covered.
    pub(crate) count: u64,
    /// The results of all executions of the workflow in that time.
    pub(crate) ends: Tally,
    /// Whether the workflow goes on failing.
    pub(crate) fails: bool,
    last_at: UnixMillis,
    last_execution: String,
    ago_ms: i64,
}

/// The executions that failed in the time covered.
pub(crate) fn failed(sample: &Sample, history: History<'_>) -> Vec<FailedExecutions> {
    let workflows = sample.workflows.iter();
    workflows
        .flat_map(|workflow| failed_of(sample, workflow, history))
        .collect()
}

fn failed_of(
    sample: &Sample,
    now: &WorkflowFigures,
    history: History<'_>,
) -> Vec<FailedExecutions> {
    let name = &now.workflow;
    let oldest = history.oldest().and_then(|oldest| oldest.workflow(name));
    let ends = tally(now).since(oldest.map(tally).unwrap_or_default());
    let minute = history.last_busy_minute(sample, |sample| {
        let ended = sample.workflow(name).map(tally).unwrap_or_default();
        ended.good + ended.bad
    });
    let last = minute.map(|minute| {
        let before = minute.workflow(name).map(tally).unwrap_or_default();
        tally(now).since(before)
    });
    let count = |failure: &FailureFigures| {
        let before = oldest.and_then(|oldest| {
            let mut failures = oldest.failures.iter();
            failures.find(|before| before.error == failure.error)
        });
        failure.count - before.map_or(0, |before| before.count).min(failure.count)
    };
    let failures = now.failures.iter().filter(|failure| count(failure) > 0);
    failures
        .map(|failure| FailedExecutions {
            workflow: name.clone(),
            error: failure.error.clone(),
            count: count(failure),
            ends,
            fails: ends.fails(last),
            last_at: failure.last_at,
            last_execution: failure.last_execution.clone(),
            ago_ms: sample.at.millis_since(failure.last_at).max(0),
        })
        .collect()
}

fn tally(figures: &WorkflowFigures) -> Tally {
    Tally {
        good: figures.succeeded(),
        bad: figures.failed(),
    }
}

impl FailedExecutions {
    pub(crate) fn to_json(&self) -> Value {
        let (workflow, error, count) = (&self.workflow, &self.error, self.count);
        let executions = if count == 1 {
            "execution"
        } else {
            "executions"
        };
        let text = format!(
            "{workflow}: {count} {executions} failed with {error}, of {} that ended; the last one {} ago",
            self.ends.good + self.ends.bad,
            span(self.ago_ms),
        );
        json!({
            "workflow": workflow,
            "error": error,
            "count": count,
            "succeeded": self.ends.good,
            "failed": self.ends.bad,
            "fails": self.fails,
            "last_at": rfc3339(self.last_at),
            "last_execution": self.last_execution,
            "text": text,
            "next": format!("rampmeter exec show {}", self.last_execution),
            "hint": format!(
                "once the cause is gone: rampmeter exec redrive --workflow {workflow} --error {error} --rate 2/s"
            ),
        })
    }
}

//! Whether a row may be redriven, by AWS's rules.

use crate::execution::row::ExecutionRow;
use crate::model::execution::ExecutionStatus;

/// AWS's limits of a redrive: days since the end, events of the history, and days since the start.
const REDRIVE_DAYS: i64 = 14;
const REDRIVE_EVENTS: u64 = 24_999;
const OLDEST_DAYS: i64 = 365;

/// Why an execution cannot be redriven, in AWS's words where they are known; `None` when it can. Times in milliseconds since
/// the Unix epoch.
pub fn why_not_redrivable(row: &ExecutionRow, now: i64) -> Option<String> {
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

//! Whether an execution may be redriven, by AWS's rules.

use std::time::Duration;

use rampmeter_time::UnixMillis;

use crate::execution::row::ExecutionRow;
use crate::model::execution::ExecutionStatus;

/// AWS's limits of a redrive: days since the end, events of the history, and days since the start.
const REDRIVE_DAYS: u64 = 14;
const REDRIVE_EVENTS: u64 = 24_999;
const OLDEST_DAYS: u64 = 365;

/// Why an execution cannot be redriven, in AWS's words where they are known; `None` when it can.
pub fn why_not_redrivable(row: &ExecutionRow, now: UnixMillis) -> Option<String> {
    let longer_ago = |than: UnixMillis, days: u64| {
        now.saturating_since(than) > Duration::from_secs(days * 24 * 60 * 60)
    };
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
    if stopped_at.is_some_and(|stopped_at| longer_ago(stopped_at, REDRIVE_DAYS)) {
        return Some("Execution has exceeded the redrivable period".to_owned());
    }
    if longer_ago(started_at, OLDEST_DAYS) {
        return Some("Execution has exceeded the maximum execution time".to_owned());
    }
    (row.events >= REDRIVE_EVENTS)
        .then(|| "Execution history event limit has been reached".to_owned())
}

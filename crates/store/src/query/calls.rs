//! The ended calls of one execution: when each was sent, started and answered, and at which event of the history it ended.
//! The drawings of an execution are made from them.

use rampmeter_asl::EventId;
use rampmeter_time::UnixMillis;

use crate::call::audit::CallAudit;
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::call::ExecutionCall;
use crate::model::rejected::Rejected;
use crate::query::Reader;

/// The maximum of calls in one response.
const MAX_CALLS: usize = 10_000;

impl Reader {
    /// The newest ended calls of an execution, in the order in which they ended.
    pub fn execution_calls(&self, arn: &str) -> Result<Vec<ExecutionCall>, Rejected> {
        self.with(|connection| {
            let row = self.find(connection, arn)?;
            // Walks the chain of the execution's steps back: there is no index by execution.
            let mut statement = connection
                .prepare_cached("SELECT previous, first_event, call FROM step WHERE id = ?1")?;
            let mut calls = Vec::new();
            let mut next = Some(row.last_step);
            while let Some(step) = next {
                let found = optional(statement.query_row([step], |row| {
                    let call: Option<String> = row.get(2)?;
                    Ok((row.get(0)?, row.get::<_, i64>(1)?, call))
                }))?;
                let Some((previous, event, call)) = found else {
                    return Err(StoreError::damaged(format!("step {} is missing", step.0)).into());
                };
                next = previous;
                if let Some(call) = call {
                    calls.push(ended(event.unsigned_abs(), &call)?);
                }
                if calls.len() == MAX_CALLS {
                    break;
                }
            }
            calls.reverse();
            Ok(calls)
        })
    }
}

fn ended(event: EventId, audit: &str) -> Result<ExecutionCall, StoreError> {
    let audit: CallAudit = serde_json::from_str(audit)
        .map_err(|error| StoreError::damaged(format!("a call's audit: {error}")))?;
    Ok(ExecutionCall {
        event,
        id: audit.id,
        target: audit.target,
        priority: audit.priority,
        sent_at: audit.sent_at.into(),
        first_started_at: audit.first_started_at.map(UnixMillis::from),
        started_at: audit.started_at.map(UnixMillis::from),
        ended_at: audit.ended_at.into(),
        receive_count: audit.receive_count,
        attempts: audit.attempts,
        status: audit.status,
    })
}

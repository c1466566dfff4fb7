//! The audit of a whole store: when every call was made, and whether every history is consistent. For the demo and the
//! tests; it reads everything.

use rampmeter_asl::{Detail, Event};
use rampmeter_dispatch::{Priority, Time};

use crate::call::audit::CallAudit;
use crate::damaged::or_left_out;
use crate::error::StoreError;
use crate::execution::row::EXECUTION_COLUMNS;
use crate::execution::row::ExecutionRow;
use crate::model::execution::ExecutionStatus;
use crate::model::rejected::Rejected;
use crate::query::Reader;
use crate::query::history::events_between;

/// When one call was sent, started and answered.
#[derive(Debug, Clone)]
pub struct CallTimes {
    /// ARN of the execution that made the call.
    pub execution_arn: String,
    /// Its lane.
    pub priority: Priority,
    /// When the message was committed.
    pub sent_at: Time,
    /// When its first permit was committed; absent when the call never started.
    pub started_at: Option<Time>,
    /// When its last outcome was applied.
    pub ended_at: Time,
    /// Calls started for the message.
    pub receive_count: u32,
    /// Attempts used up.
    pub attempts: u32,
    /// Calls that were in flight when the process died.
    pub crashes: u32,
}

/// What a whole store says about its executions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// All executions.
    pub executions: u64,
    /// Those that have not ended.
    pub running: u64,
    /// Those with status SUCCEEDED.
    pub succeeded: u64,
    /// Those that ended otherwise.
    pub failed: u64,
    /// Ended executions whose history has no terminal event, or running ones whose history has one.
    pub inconsistent: u64,
    /// Executions with two terminal events, or tasks with two outcomes.
    pub duplicate_outcomes: u64,
    /// Executions whose event ids are not 1, 2, 3 and so on.
    pub broken_histories: u64,
    /// Executions with an event that is earlier than the one before it.
    pub backwards: u64,
}

impl Reader {
    /// When every call that a workflow made was sent, started and answered, in the order in which they ended.
    ///
    /// # Errors
    /// `Stopped` when the store cannot be read.
    pub fn call_times(&self) -> Result<Vec<CallTimes>, Rejected> {
        self.with(|connection| {
            let mut statement = connection.prepare(
                "SELECT step.call, execution.name, state_machine.name || coalesce('/' || execution.label, '') FROM step \
                 JOIN execution ON execution.id = step.execution \
                 JOIN revision ON revision.id = execution.revision JOIN state_machine ON state_machine.id = revision.machine \
                 WHERE step.call IS NOT NULL ORDER BY step.id",
            )?;
            let rows = statement.query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                ))
            })?;
            let mut calls = Vec::new();
            for row in rows {
                let (audit, execution, machine) = row?;
                let audit = serde_json::from_str::<CallAudit>(&audit)
                    .map_err(|error| StoreError::damaged(format!("a call's audit: {error}")));
                let Some(audit) = or_left_out(audit, "a call")? else {
                    continue;
                };
                calls.push(CallTimes {
                    execution_arn: self.place.execution_arn(&machine, &execution),
                    priority: audit.priority,
                    sent_at: audit.sent_at,
                    started_at: audit.first_started_at,
                    ended_at: audit.ended_at,
                    receive_count: audit.receive_count,
                    attempts: audit.attempts,
                    crashes: audit.crashes,
                });
            }
            Ok(calls)
        })
    }

    /// Reads the history of every execution and counts what must not occur.
    ///
    /// # Errors
    /// `Stopped` when the store cannot be read.
    pub fn audit(&self) -> Result<Audit, Rejected> {
        self.with(|connection| {
            let mut audit = Audit::default();
            let query = format!("SELECT {EXECUTION_COLUMNS} FROM execution ORDER BY id");
            let mut statement = connection.prepare(&query)?;
            let rows = statement.query_map([], ExecutionRow::read)?;
            for row in rows {
                let read = row.map_err(StoreError::from).and_then(|row| {
                    let events = events_between(connection, row.last_step, 1, row.events)?;
                    Ok((row, events))
                });
                if let Some((row, events)) = or_left_out(read, "an execution")? {
                    audit.add(&row, &events);
                }
            }
            Ok(audit)
        })
    }
}

impl Audit {
    fn add(&mut self, row: &ExecutionRow, events: &[Event]) {
        self.executions += 1;
        match row.status {
            ExecutionStatus::Running => self.running += 1,
            ExecutionStatus::Succeeded => self.succeeded += 1,
            _ => self.failed += 1,
        }
        let terminal = events
            .iter()
            .filter(|event| is_terminal(&event.detail))
            .count();
        // Every redrive undoes one end.
        let redriven = events
            .iter()
            .filter(|event| matches!(event.detail, Detail::ExecutionRedriven { .. }))
            .count();
        let terminal = terminal.saturating_sub(redriven);
        if (terminal == 0) != (row.status == ExecutionStatus::Running) {
            self.inconsistent += 1;
        }
        let tasks = |counts: fn(&Detail) -> bool| {
            events.iter().filter(|event| counts(&event.detail)).count()
        };
        let scheduled = tasks(|detail| matches!(detail, Detail::TaskScheduled { .. }));
        let ended = tasks(|detail| {
            matches!(
                detail,
                Detail::TaskSucceeded { .. }
                    | Detail::TaskFailed { .. }
                    | Detail::TaskTimedOut { .. }
                    | Detail::TaskSubmitFailed { .. }
            )
        });
        if terminal > 1 || ended > scheduled {
            self.duplicate_outcomes += 1;
        }
        let mut pairs = events.iter().zip(events.iter().skip(1));
        if pairs.any(|(earlier, later)| later.at < earlier.at) {
            self.backwards += 1;
        }
        let numbered = events
            .iter()
            .zip(1..)
            .all(|(event, number)| event.id == number);
        if !numbered || events.len() as u64 != row.events {
            self.broken_histories += 1;
        }
    }
}

fn is_terminal(detail: &Detail) -> bool {
    matches!(
        detail,
        Detail::ExecutionSucceeded { .. }
            | Detail::ExecutionFailed { .. }
            | Detail::ExecutionTimedOut { .. }
            | Detail::ExecutionAborted { .. }
    )
}

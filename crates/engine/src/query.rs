//! Reads beside the writer, on connections that can only read: descriptions, lists, histories, and the audit that the
//! demo and the tests make of a whole store.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rampmeter_asl::{Detail, Event, record};
use rampmeter_dispatch::Priority;
use rusqlite::Connection;

use crate::apply::CallAudit;
use crate::arn::{self, Place};
use crate::engine::store_path;
use crate::id::StepId;
use crate::rejected::Rejected;
use crate::request::{
    ExecutionDescription, ExecutionStatus, ExecutionSummary, GetExecutionHistory, HistoryPage,
    ListExecutions, Page, StateMachineDescription,
};
use crate::store::{
    EXECUTION_COLUMNS, ExecutionRow, StoreError, find_by_name, open_reader, optional,
};

/// Connections kept open between two reads.
const KEPT: usize = 4;

/// AWS's default and largest page.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1_000;

/// Reads of one store.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    place: Place,
    connections: Mutex<Vec<Connection>>,
}

/// When one call was sent, started and answered. Times are microseconds since the Unix epoch.
#[derive(Debug, Clone)]
pub struct CallTimes {
    /// ARN of the execution that made the call.
    pub execution_arn: String,
    /// Its lane.
    pub priority: Priority,
    /// When the message was committed.
    pub sent_at: i64,
    /// When its first permit was committed; absent when the call never started.
    pub started_at: Option<i64>,
    /// When its last outcome was applied.
    pub ended_at: i64,
    /// Calls started for the message.
    pub receive_count: u32,
    /// Attempts used up.
    pub attempts: u32,
    /// Calls that were in flight when the process died.
    pub crashes: u32,
}

/// What a whole store says of its executions.
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
    /// Ended executions whose history has no terminal event, or running ones whose history has.
    pub inconsistent: u64,
    /// Executions with two terminal events, or tasks with two outcomes.
    pub duplicate_outcomes: u64,
    /// Executions whose event ids are not 1, 2, 3 and so on.
    pub broken_histories: u64,
}

impl Reader {
    /// Reads of the store in a data directory, without an engine.
    ///
    /// # Errors
    /// When there is no store, or it cannot be read.
    pub fn open(data_dir: &Path, account: &str, region: &str) -> Result<Reader, Rejected> {
        let place = Place {
            region: region.to_owned(),
            account: account.to_owned(),
        };
        Reader::new(&store_path(data_dir), place).map_err(failed)
    }

    pub(crate) fn new(path: &Path, place: Place) -> Result<Reader, StoreError> {
        let first = open_reader(path)?;
        Ok(Reader {
            path: path.to_owned(),
            place,
            connections: Mutex::new(vec![first]),
        })
    }

    pub(crate) fn describe_execution(&self, arn: &str) -> Result<ExecutionDescription, Rejected> {
        self.with(|connection| {
            let row = match self.find(connection, arn)? {
                Ok(row) => row,
                Err(refused) => return Ok(Err(refused)),
            };
            let first = step_events(connection, row.first_step)?;
            let input = first.first().and_then(|event| match &event.detail {
                Detail::ExecutionStarted { input, .. } => Some(input.text().to_owned()),
                _ => None,
            });
            let last = step_events(connection, row.last_step)?.pop();
            let (output, error, cause) = match last.map(|event| event.detail) {
                Some(Detail::ExecutionSucceeded { output }) => {
                    (Some(output.text().to_owned()), None, None)
                }
                Some(
                    Detail::ExecutionFailed { error, cause }
                    | Detail::ExecutionTimedOut { error, cause }
                    | Detail::ExecutionAborted { error, cause },
                ) => (None, error, cause),
                _ => (None, None, None),
            };
            Ok(Ok(ExecutionDescription {
                summary: self.summary(connection, row)?,
                input: input.unwrap_or_default(),
                output,
                error,
                cause,
            }))
        })
    }

    pub(crate) fn list_executions(
        &self,
        list: &ListExecutions,
    ) -> Result<Page<ExecutionSummary>, Rejected> {
        let machine = list
            .state_machine_arn
            .as_deref()
            .map(arn::machine_name)
            .transpose()?;
        let before = page_start(list.next_token.as_deref(), i64::MAX)?;
        let size = page_size(list.max_results);
        self.with(|connection| {
            if let Some(name) = machine
                && !machine_exists(connection, name)?
            {
                let arn = self.place.machine_arn(name);
                return Ok(Err(Rejected::StateMachineDoesNotExist(arn)));
            }
            let query = format!(
                "SELECT {EXECUTION_COLUMNS} FROM execution WHERE id < ?1 \
                 AND (?2 IS NULL OR machine IN (SELECT id FROM state_machine WHERE name = ?2)) \
                 AND (?3 IS NULL OR status = ?3) ORDER BY id DESC LIMIT ?4"
            );
            let mut statement = connection.prepare_cached(&query)?;
            let status = list.status.map(ExecutionStatus::code);
            let rows = statement
                .query_map((before, machine, status, size + 1), ExecutionRow::read)?
                .collect::<Result<Vec<_>, _>>()?;
            let more = rows.len() > size as usize;
            let kept: Vec<ExecutionRow> = rows.into_iter().take(size as usize).collect();
            let next_token = kept.last().filter(|_| more).map(|row| page_token(row.id.0));
            let items = kept
                .into_iter()
                .map(|row| self.summary(connection, row))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Ok(Page { items, next_token }))
        })
    }

    pub(crate) fn execution_history(
        &self,
        request: &GetExecutionHistory,
    ) -> Result<HistoryPage, Rejected> {
        let size = page_size(request.max_results) as usize;
        let from = page_start(request.next_token.as_deref(), -1)?;
        self.with(|connection| {
            let row = match self.find(connection, &request.execution_arn)? {
                Ok(row) => row,
                Err(refused) => return Ok(Err(refused)),
            };
            let newest = i64::try_from(row.events).unwrap_or(i64::MAX);
            let width = i64::try_from(size).unwrap_or(i64::MAX);
            let (low, high) = if request.reverse_order {
                let high = if from < 0 { newest } else { from.min(newest) };
                (high.saturating_sub(width - 1).max(1), high)
            } else {
                let low = from.max(1);
                (low, low.saturating_add(width - 1).min(newest))
            };
            let mut items = events_between(connection, row.last_step, low, high)?;
            let next = if request.reverse_order {
                items.reverse();
                (low > 1).then(|| page_token(low - 1))
            } else {
                (high < newest).then(|| page_token(high + 1))
            };
            Ok(Ok(Page {
                items,
                next_token: next,
            }))
        })
    }

    pub(crate) fn state_machines(&self) -> Result<Vec<StateMachineDescription>, Rejected> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, definition, min(created_at) OVER (PARTITION BY name) \
                 FROM state_machine WHERE id IN (SELECT max(id) FROM state_machine GROUP BY name) \
                 ORDER BY name",
            )?;
            let rows = statement.query_map([], |row| {
                let name: String = row.get(0)?;
                Ok(StateMachineDescription {
                    arn: self.place.machine_arn(&name),
                    name,
                    definition: row.get(1)?,
                    role_arn: self.place.role_arn(),
                    creation_date: row.get(2)?,
                })
            })?;
            Ok(Ok(rows.collect::<Result<Vec<_>, _>>()?))
        })
    }

    pub(crate) fn execution_counts(&self) -> Result<Vec<(ExecutionStatus, u64)>, Rejected> {
        self.with(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT status, count(*) FROM execution GROUP BY status")?;
            let rows = statement.query_map([], |row| {
                let (status, count): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok((status, count.unsigned_abs()))
            })?;
            let mut counts = Vec::new();
            for row in rows {
                let (status, count) = row?;
                let status = ExecutionStatus::from_code(status)
                    .ok_or_else(|| StoreError::Damaged(format!("status {status}")))?;
                counts.push((status, count));
            }
            Ok(Ok(counts))
        })
    }

    /// When every call that a workflow made was sent, started and answered, in the order in which they ended.
    ///
    /// # Errors
    /// `Stopped` when the store cannot be read.
    pub fn call_times(&self) -> Result<Vec<CallTimes>, Rejected> {
        self.with(|connection| {
            let mut statement = connection.prepare(
                "SELECT step.call, execution.name, state_machine.name FROM step \
                 JOIN execution ON execution.id = step.execution \
                 JOIN state_machine ON state_machine.id = execution.machine \
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
                let audit: CallAudit = serde_json::from_str(&audit)
                    .map_err(|error| StoreError::Damaged(format!("a call's audit: {error}")))?;
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
            Ok(Ok(calls))
        })
    }

    /// Reads the history of every execution and counts what must not be.
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
                let row = row?;
                let newest = i64::try_from(row.events).unwrap_or(i64::MAX);
                let events = events_between(connection, row.last_step, 1, newest)?;
                audit.add(&row, &events);
            }
            Ok(Ok(audit))
        })
    }

    /// The ARN of an execution of this store.
    #[must_use]
    pub fn execution_arn(&self, state_machine: &str, execution: &str) -> String {
        self.place.execution_arn(state_machine, execution)
    }

    fn find(
        &self,
        connection: &Connection,
        arn: &str,
    ) -> Result<Result<ExecutionRow, Rejected>, StoreError> {
        let (machine, name) = match arn::execution_names(arn) {
            Ok(names) => names,
            Err(refused) => return Ok(Err(refused)),
        };
        let found = find_by_name(connection, machine, name)?;
        Ok(found.ok_or_else(|| Rejected::ExecutionDoesNotExist(arn.to_owned())))
    }

    fn summary(
        &self,
        connection: &Connection,
        row: ExecutionRow,
    ) -> Result<ExecutionSummary, StoreError> {
        let mut statement =
            connection.prepare_cached("SELECT name FROM state_machine WHERE id = ?1")?;
        let machine: String = statement.query_row([row.machine], |row| row.get(0))?;
        Ok(ExecutionSummary {
            execution_arn: self.place.execution_arn(&machine, &row.name),
            state_machine_arn: self.place.machine_arn(&machine),
            name: row.name,
            status: row.status,
            start_date: row.started_at,
            stop_date: row.stopped_at,
        })
    }

    fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<Result<T, Rejected>, StoreError>,
    ) -> Result<T, Rejected> {
        let idle = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path).map_err(failed)?,
        };
        let answer = read(&connection).map_err(failed)?;
        let mut kept = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(connection);
        }
        answer
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

/// The events with ids from `low` to `high`, oldest first, found by following the steps back from the newest.
fn events_between(
    connection: &Connection,
    newest: StepId,
    low: i64,
    high: i64,
) -> Result<Vec<Event>, StoreError> {
    let mut links =
        connection.prepare_cached("SELECT previous, first_event FROM step WHERE id = ?1")?;
    let mut steps = Vec::new();
    let mut next = Some(newest);
    while let Some(id) = next {
        let link: Option<(Option<StepId>, i64)> =
            optional(links.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))))?;
        let (previous, first) =
            link.ok_or_else(|| StoreError::Damaged(format!("step {} is missing", id.0)))?;
        if first <= high {
            steps.push(id);
        }
        if first <= low {
            break;
        }
        next = previous;
    }
    let mut events = Vec::new();
    for id in steps.into_iter().rev() {
        events.extend(step_events(connection, id)?);
    }
    events.retain(|event| (low..=high).contains(&i64::try_from(event.id).unwrap_or(i64::MAX)));
    Ok(events)
}

fn step_events(connection: &Connection, id: StepId) -> Result<Vec<Event>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT data FROM step WHERE id = ?1")?;
    let data: String = optional(statement.query_row([id], |row| row.get(0)))?
        .ok_or_else(|| StoreError::Damaged(format!("step {} is missing", id.0)))?;
    let step = record::decode(&data)
        .map_err(|error| StoreError::Damaged(format!("step {}: {error}", id.0)))?;
    Ok(step.events)
}

fn machine_exists(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM state_machine WHERE name = ?1 LIMIT 1")?;
    let found: Option<i64> = optional(statement.query_row([name], |row| row.get(0)))?;
    Ok(found.is_some())
}

fn page_size(asked: Option<u32>) -> u32 {
    match asked {
        None | Some(0) => PAGE,
        Some(size) => size.min(LARGEST_PAGE),
    }
}

/// Page tokens are the number at which the next page starts, in hexadecimal after a mark.
fn page_token(start: i64) -> String {
    format!("p1-{start:x}")
}

fn page_start(token: Option<&str>, first: i64) -> Result<i64, Rejected> {
    let Some(token) = token else { return Ok(first) };
    token
        .strip_prefix("p1-")
        .and_then(|digits| i64::from_str_radix(digits, 16).ok())
        .filter(|start| *start > 0)
        .ok_or(Rejected::InvalidPageToken)
}

fn failed(error: StoreError) -> Rejected {
    Rejected::Stopped(error.to_string())
}

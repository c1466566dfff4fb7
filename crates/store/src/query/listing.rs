//! Lists of executions, and how many have each status.

use std::time::SystemTime;

use rampmeter_time::UnixMillis;
use rusqlite::Connection;

use crate::connection::optional;
use crate::damaged::or_left_out;
use crate::error::{StoreError, TransactionError};
use crate::execution::map_run::find_map_run;
use crate::execution::map_run::map_run_of;
use crate::execution::redrivable::why_not_redrivable;
use crate::execution::row::EXECUTION_COLUMNS;
use crate::execution::row::ExecutionRow;
use crate::machine::version::origin;
use crate::model::arn;
use crate::model::arn::Qualifier;
use crate::model::execution::{ExecutionStatus, ExecutionSummary, ListExecutions};
use crate::model::page::Page;
use crate::model::rejected::Rejected;
use crate::model::state_machine::MachineKind;
use crate::query::Reader;
use crate::query::page::{page_size, page_start, page_token};

impl Reader {
    /// ListExecutions: a page, newest first.
    pub fn list_executions(
        &self,
        list: &ListExecutions,
    ) -> Result<Page<ExecutionSummary>, Rejected> {
        let reference = list
            .state_machine_arn
            .as_deref()
            .map(arn::machine)
            .transpose()?;
        let map_run = list
            .map_run_arn
            .as_deref()
            .map(arn::map_run_names)
            .transpose()?;
        let machine = reference.map(|reference| reference.name);
        let (version, alias) = match reference.and_then(|reference| reference.qualifier) {
            None => (None, None),
            Some(Qualifier::Version(number)) => (Some(number), None),
            Some(Qualifier::Alias(name)) => (None, Some(name)),
        };
        let before = page_start(list.next_token.as_deref(), i64::MAX)?;
        let size = page_size(list.max_results);
        self.with(|connection| {
            if let Some(name) = machine {
                match kind_of(connection, name)? {
                    None => {
                        let arn = list.state_machine_arn.clone().unwrap_or_default();
                        return Err(Rejected::StateMachineDoesNotExist(arn).into());
                    }
                    Some(MachineKind::Express) => {
                        return Err(Rejected::StateMachineTypeNotSupported.into());
                    }
                    Some(MachineKind::Standard) => {}
                }
            }
            let map_run = match map_run {
                None => None,
                Some((label, name)) => match find_map_run(connection, label, name)? {
                    Some(run) => Some(run.id),
                    None => {
                        let arn = list.map_run_arn.clone().unwrap_or_default();
                        return Err(Rejected::ResourceNotFound(arn).into());
                    }
                },
            };
            // The children of a map run are found by their index; lists of state machines leave them out.
            let whose = match map_run {
                None => "(?5 IS NULL AND map_run IS NULL)",
                Some(_) => "map_run = ?5",
            };
            let query = format!(
                "SELECT {EXECUTION_COLUMNS} FROM execution WHERE id < ?1 \
                 AND (?2 IS NULL OR revision IN (SELECT revision.id FROM revision JOIN state_machine ON state_machine.id = revision.machine WHERE state_machine.name = ?2)) \
                 AND (?3 IS NULL OR status = ?3) AND (?8 IS NULL OR (redrives > 0) = ?8) AND {whose} \
                 AND (?6 IS NULL OR EXISTS (SELECT 1 FROM execution_origin AS origin WHERE origin.execution = execution.id AND origin.version = ?6)) \
                 AND (?7 IS NULL OR EXISTS (SELECT 1 FROM execution_origin AS origin WHERE origin.execution = execution.id AND origin.alias = ?7)) \
                 ORDER BY id DESC LIMIT ?4"
            );
            let mut statement = connection.prepare_cached(&query)?;
            let status = list.status.map(ExecutionStatus::code);
            let rows = statement
                .query_map(
                    (
                        before,
                        machine,
                        status,
                        size + 1,
                        map_run,
                        version,
                        alias,
                        list.redriven,
                    ),
                    |row| Ok((row.get::<_, i64>(0)?, ExecutionRow::read(row))),
                )?
                .collect::<Result<Vec<_>, _>>()?;
            self.page(connection, rows, size as usize)
        })
    }

    /// A page of the executions that can be read: at most `size`, and one more row.
    fn page(
        &self,
        connection: &Connection,
        rows: Vec<(i64, rusqlite::Result<ExecutionRow>)>,
        size: usize,
    ) -> Result<Page<ExecutionSummary>, TransactionError> {
        let more = rows.len() > size;
        let kept = &rows[..rows.len().min(size)];
        let next_token = kept.last().filter(|_| more).map(|(id, _)| page_token(*id));
        let mut items = Vec::new();
        for (id, row) in rows.into_iter().take(size) {
            let read = row
                .map_err(StoreError::from)
                .and_then(|row| self.summary(connection, &row));
            items.extend(or_left_out(read, &format!("execution {id}"))?);
        }
        Ok(Page { items, next_token })
    }

    /// How many executions have each status. It reads the status of every one.
    pub fn execution_counts(&self) -> Result<Vec<(ExecutionStatus, u64)>, Rejected> {
        self.with(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT status, count(*) FROM execution GROUP BY status")?;
            let rows = statement.query_map([], |row| {
                let (status, count): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok((status, count.unsigned_abs()))
            })?;
            let mut counts = Vec::new();
            for row in rows {
                let read = row.map_err(StoreError::from).and_then(|(code, count)| {
                    let status = ExecutionStatus::from_code(code);
                    let status =
                        status.ok_or_else(|| StoreError::damaged(format!("status {code}")))?;
                    Ok((status, count))
                });
                counts.extend(or_left_out(read, "a count of executions")?);
            }
            Ok(counts)
        })
    }

    pub(super) fn summary(
        &self,
        connection: &Connection,
        row: &ExecutionRow,
    ) -> Result<ExecutionSummary, StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT state_machine.name FROM revision \
             JOIN state_machine ON state_machine.id = revision.machine WHERE revision.id = ?1",
        )?;
        let machine: String = statement.query_row([row.revision], |row| row.get(0))?;
        let item = match &row.item {
            None => None,
            Some(item) => map_run_of(connection, item.map_run)?.map(|run| {
                let arn = self.place.map_run_arn(&machine, &run.label, &run.name);
                (arn, item.items)
            }),
        };
        let machine_arn = self.place.machine_arn(&machine);
        let origin = origin(connection, row.id)?;
        Ok(ExecutionSummary {
            execution_arn: row.arn(&self.place, &machine),
            state_machine_version_arn: origin
                .version
                .map(|number| format!("{machine_arn}:{number}")),
            state_machine_alias_arn: origin.alias.map(|name| format!("{machine_arn}:{name}")),
            state_machine_arn: self.place.machine_arn(&row.machine_part(&machine)),
            not_redrivable: why_not_redrivable(row, wall_clock()),
            redrive_count: row.redrives,
            redrive_date: row.redriven_at,
            item,
            name: row.given_name().to_owned(),
            status: row.status,
            start_date: row.started_at,
            stop_date: row.stopped_at,
        })
    }
}

/// The type of the state machine with this name, including one that has been deleted.
fn kind_of(connection: &Connection, name: &str) -> Result<Option<MachineKind>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind FROM state_machine WHERE name = ?1 ORDER BY id DESC LIMIT 1",
    )?;
    let found: Option<String> = optional(statement.query_row([name], |row| row.get(0)))?;
    found
        .map(|kind| {
            MachineKind::from_name(&kind)
                .ok_or_else(|| StoreError::damaged(format!("state machine {name}: type {kind}")))
        })
        .transpose()
}

pub(super) fn wall_clock() -> UnixMillis {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let millis = since_epoch.unwrap_or_default().as_millis();
    UnixMillis(i64::try_from(millis).unwrap_or(i64::MAX))
}

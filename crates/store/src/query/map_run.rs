//! DescribeMapRun and ListMapRuns.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::execution::map_run::MAP_RUN_COLUMNS;
use crate::execution::map_run::MapRunRow;
use crate::execution::map_run::find_map_run;
use crate::execution::map_run::running_children;
use crate::execution::row::EXECUTION_COLUMNS;
use crate::execution::row::ExecutionRow;
use crate::model::arn;
use crate::model::map_run::{ListMapRuns, MapRunCounts, MapRunDescription};
use crate::model::page::Page;
use crate::model::rejected::Rejected;
use crate::query::Reader;
use crate::query::page::{page_size, page_start, page_token};

impl Reader {
    /// DescribeMapRun.
    pub fn describe_map_run(&self, arn: &str) -> Result<MapRunDescription, Rejected> {
        let (label, name) = arn::map_run_names(arn)?;
        self.with(|connection| match find_map_run(connection, label, name)? {
            None => Err(Rejected::ResourceNotFound(arn.to_owned()).into()),
            Some(run) => Ok(self.map_run(connection, &run)?),
        })
    }

    /// ListMapRuns: a page, newest first.
    pub fn list_map_runs(&self, list: &ListMapRuns) -> Result<Page<MapRunDescription>, Rejected> {
        let before = page_start(list.next_token.as_deref(), i64::MAX)?;
        let size = page_size(list.max_results);
        self.with(|connection| {
            let execution = self.find(connection, &list.execution_arn)?;
            let query = format!(
                "SELECT {MAP_RUN_COLUMNS} FROM map_run WHERE execution = ?1 AND id < ?2 \
                 ORDER BY id DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement
                .query_map((execution.id, before, size + 1), MapRunRow::read)?
                .collect::<Result<Vec<_>, _>>()?;
            let more = rows.len() > size as usize;
            let kept = rows.get(..size as usize).unwrap_or(&rows);
            let next_token = kept.last().filter(|_| more).map(|row| page_token(row.id.0));
            let items = kept
                .iter()
                .map(|row| self.map_run(connection, row))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Page { items, next_token })
        })
    }

    fn map_run(
        &self,
        connection: &Connection,
        run: &MapRunRow,
    ) -> Result<MapRunDescription, StoreError> {
        let query = format!("SELECT {EXECUTION_COLUMNS} FROM execution WHERE id = ?1");
        let execution = connection
            .prepare_cached(&query)?
            .query_row([run.execution], ExecutionRow::read)?;
        let parent = self.summary(connection, &execution)?;
        let machine = parent.state_machine_arn.rsplit(':').next();
        let machine = machine.and_then(|machine| machine.split('/').next());
        let machine = machine.unwrap_or_default();
        let [running, running_items] = running_children(connection, run.id)?;
        let fork = run.join.fork();
        let counts = |total: u64, running: u64, ended: [u64; 4]| {
            let [succeeded, failed, timed_out, aborted] = ended;
            let begun = running + ended.iter().sum::<u64>();
            MapRunCounts {
                total,
                pending: total.saturating_sub(begun),
                running,
                succeeded,
                failed,
                timed_out,
                aborted,
            }
        };
        let state_machine = format!("{machine}/{}", run.label);
        Ok(MapRunDescription {
            map_run_arn: self.place.map_run_arn(machine, &run.label, &run.name),
            state_machine_arn: self.place.machine_arn(&state_machine),
            execution_arn: parent.execution_arn,
            status: run.status,
            start_date: run.started_at,
            stop_date: run.stopped_at,
            max_concurrency: fork.concurrency,
            tolerated_failure_count: fork.tolerance.count.unwrap_or(0),
            tolerated_failure_percentage: fork.tolerance.percentage.unwrap_or(0.0),
            items: counts(run.items, running_items, run.ended.items),
            executions: counts(u64::from(fork.total), running, run.ended.children),
        })
    }
}

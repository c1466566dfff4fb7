//! How many calls are in a backoff or a delay, and therefore in no lane; and how many dead letters still need somebody's
//! attention.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::error::StoreError;
use crate::model::execution::ExecutionStatus;
use crate::model::rejected::Rejected;
use crate::query::Reader;

/// What is counted for one target besides its lanes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TargetCounts {
    /// Calls that wait for a backoff or a delay to end, by priority. The polls of jobs are not among them.
    pub delayed: [u64; 3],
    /// Dead letters whose failure a Retry or a Catch handled, so that nobody needs to.
    pub handled_dead_letters: u64,
}

impl Reader {
    /// The counts of each target that has any, by name. It reads every such row.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn target_counts(&self) -> Result<BTreeMap<String, TargetCounts>, Rejected> {
        self.with(|connection| {
            let mut counts = BTreeMap::new();
            delayed(connection, &mut counts)?;
            handled(connection, &mut counts)?;
            Ok(counts)
        })
    }
}

fn delayed(
    connection: &Connection,
    counts: &mut BTreeMap<String, TargetCounts>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT target.name, queue.lane, count(*) FROM delayed \
         JOIN message ON message.id = delayed.message JOIN queue ON queue.id = message.queue \
         JOIN target ON target.id = queue.target \
         WHERE queue.lane < 3 AND typeof(target.name) = 'text' \
         AND NOT EXISTS (SELECT 1 FROM job WHERE job.message = message.id) \
         AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.queue = queue.id AND hidden.message = message.id) \
         GROUP BY target.name, queue.lane",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    for row in rows {
        let (target, lane, count): (String, i64, i64) = row?;
        let counts: &mut TargetCounts = counts.entry(target).or_default();
        if let Some(place) = usize::try_from(lane)
            .ok()
            .and_then(|lane| counts.delayed.get_mut(lane))
        {
            *place = count.unsigned_abs();
        }
    }
    Ok(())
}

fn handled(
    connection: &Connection,
    counts: &mut BTreeMap<String, TargetCounts>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT target.name, count(*) FROM dead_letter \
         JOIN message ON message.id = dead_letter.message JOIN execution ON execution.id = message.execution \
         JOIN queue ON queue.id = message.queue JOIN target ON target.id = queue.target \
         WHERE execution.status <> ?1 AND typeof(target.name) = 'text' GROUP BY target.name",
    )?;
    let failed = ExecutionStatus::Failed.code();
    let rows = statement.query_map([failed], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    for row in rows {
        let (target, count): (String, i64) = row?;
        let counts: &mut TargetCounts = counts.entry(target).or_default();
        counts.handled_dead_letters = count.unsigned_abs();
    }
    Ok(())
}

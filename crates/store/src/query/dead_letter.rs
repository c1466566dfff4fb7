//! Lists of dead letters, and how many there are of each kind.

use rampmeter_dispatch::Priority;
use rampmeter_time::UnixMillis;
use rusqlite::{Connection, Row};

use crate::column::micros;
use crate::connection::optional;
use crate::damaged::or_left_out;
use crate::error::StoreError;
use crate::execution::row::EXECUTION_COLUMNS;
use crate::execution::row::ExecutionRow;
use crate::model::dead_letter::{DeadLetterGroup, DeadLetterState, ListDeadLetters};
use crate::model::execution::ExecutionStatus;
use crate::model::id::ExecutionId;
use crate::model::page::Page;
use crate::model::rejected::Rejected;
use crate::query::Reader;
use crate::query::page::{page_size, page_start_of_two, page_token_of_two};

/// The newest dead letters that are examined for the groups.
const GROUPED: u32 = 10_000;

impl Reader {
    /// A page of the dead letters, latest failure first. It reads when each of them failed.
    pub fn dead_letters(&self, list: &ListDeadLetters) -> Result<Page<DeadLetterState>, Rejected> {
        let (failed_before, before) = page_start_of_two(list.next_token.as_deref())?;
        let size = page_size(list.max_results);
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT message.id, target.name, dead_letter.lane, message.key, message.execution, \
                 message.sent_at, failed_at, error, cause, receive_count, attempts, \
                 CASE typeof(failed_at) WHEN 'integer' THEN failed_at ELSE 0 END AS place FROM dead_letter \
                 JOIN message ON message.id = dead_letter.message \
                 JOIN queue ON queue.id = message.queue JOIN target ON target.id = queue.target \
                 WHERE (place, dead_letter.message) < (?5, ?1) AND (?2 IS NULL OR target.name = ?2) \
                 AND (?3 IS NULL OR error = ?3) ORDER BY place DESC, dead_letter.message DESC LIMIT ?4",
            )?;
            let parameters = (before, &list.target, &list.error, size + 1, failed_before);
            let rows = statement.query_map(parameters, |row| {
                // A dead letter without a readable time comes last, and is named there.
                let place = (row.get::<_, i64>(11)?, row.get::<_, i64>(0)?);
                Ok((place, read(row)))
            })?;
            let mut letters = rows.collect::<Result<Vec<_>, _>>()?;
            let more = letters.len() > size as usize;
            letters.truncate(size as usize);
            let last = letters.last().filter(|_| more);
            let next_token = last.map(|(place, _)| page_token_of_two(*place));
            let mut items = Vec::new();
            for ((_, number), letter) in letters {
                let letter = or_left_out(
                    letter.map_err(StoreError::from),
                    &format!("dead letter c-{number}"),
                )?;
                let Some((mut letter, execution)) = letter else {
                    continue;
                };
                if let Some(execution) = execution {
                    let found = self.execution_of(connection, execution);
                    let found = or_left_out(found, "an execution's name")?.flatten();
                    if let Some((arn, status)) = found {
                        letter.execution_arn = Some(arn);
                        letter.handled = status != ExecutionStatus::Failed;
                    }
                }
                items.push(letter);
            }
            Ok(Page { items, next_token })
        })
    }

    /// How many dead letters there are of each kind, among the newest 10,000; the most frequent first. What cannot be read
    /// is of no kind; the list names it.
    pub fn dead_letter_groups(&self) -> Result<Vec<DeadLetterGroup>, Rejected> {
        self.with(|connection| {
            // SQLite: bare columns beside a maximum come from the row with the maximum.
            let mut statement = connection.prepare_cached(
                "SELECT target.name, error, count(*), min(failed_at), max(failed_at), newest.key, \
                 max(newest.id) FROM (SELECT message.id, message.queue, message.key, failed_at, error \
                 FROM dead_letter JOIN message ON message.id = dead_letter.message \
                 WHERE typeof(failed_at) = 'integer' AND typeof(error) = 'text' \
                 ORDER BY dead_letter.message DESC LIMIT ?1) AS newest \
                 JOIN queue ON queue.id = newest.queue JOIN target ON target.id = queue.target \
                 GROUP BY target.name, error ORDER BY count(*) DESC, target.name, error",
            )?;
            let rows = statement.query_map([GROUPED], |row| {
                Ok(DeadLetterGroup {
                    target: row.get(0)?,
                    error: row.get(1)?,
                    count: row.get::<_, i64>(2)?.unsigned_abs(),
                    first_at: in_millis(row, 3)?,
                    last_at: in_millis(row, 4)?,
                    sample_key: row.get(5)?,
                    sample: row.get(6)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The ARN of an execution, and its status; none if it is no longer kept.
    fn execution_of(
        &self,
        connection: &Connection,
        execution: ExecutionId,
    ) -> Result<Option<(String, ExecutionStatus)>, StoreError> {
        let query = format!("SELECT {EXECUTION_COLUMNS} FROM execution WHERE id = ?1");
        let mut statement = connection.prepare_cached(&query)?;
        let Some(row) = optional(statement.query_row([execution], ExecutionRow::read))? else {
            return Ok(None);
        };
        let arn = self.summary(connection, &row)?.execution_arn;
        Ok(Some((arn, row.status)))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<(DeadLetterState, Option<ExecutionId>)> {
    let lane: Option<u8> = row.get(2)?;
    let letter = DeadLetterState {
        id: row.get(0)?,
        target: row.get(1)?,
        priority: lane.and_then(|lane| Priority::ALL.get(usize::from(lane)).copied()),
        key: row.get(3)?,
        execution_arn: None,
        handled: false,
        sent_at: in_millis(row, 5)?,
        failed_at: in_millis(row, 6)?,
        error: row.get(7)?,
        cause: row.get(8)?,
        receive_count: row.get(9)?,
        attempts: row.get(10)?,
    };
    Ok((letter, row.get(4)?))
}

fn in_millis(row: &Row<'_>, index: usize) -> rusqlite::Result<UnixMillis> {
    micros(row, index).map(UnixMillis::from)
}

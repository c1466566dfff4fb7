//! How calls ended that no workflow waits for, and the bodies that are kept in files.

use rampmeter_dispatch::Priority;
use rampmeter_time::UnixMillis;
use rusqlite::Row;
use serde_json::Value;

use crate::call::outcome::body_of;
use crate::column::{micros, optional_micros};
use crate::connection::optional;
use crate::model::call::{CallOutcome, StoredAnswerBody};
use crate::model::id::MessageNumber;
use crate::model::rejected::Rejected;
use crate::query::Reader;

impl Reader {
    /// How a call ended: from its outcome row, or from its dead letter.
    pub fn call_outcome(&self, number: i64) -> Result<Option<CallOutcome>, Rejected> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT message, target, lane, key, sent_at, first_started_at, ended_at, \
                 receive_count, attempts, NULL, told FROM outcome WHERE message = ?1",
            )?;
            if let Some(outcome) = optional(statement.query_row([number], read))? {
                return Ok(Some(outcome));
            }
            let mut statement = connection.prepare_cached(
                "SELECT message.id, target.name, NULL, key, sent_at, first_started_at, failed_at, \
                 receive_count, attempts, error, cause FROM dead_letter \
                 JOIN message ON message.id = dead_letter.message \
                 JOIN queue ON queue.id = message.queue JOIN target ON target.id = queue.target \
                 WHERE dead_letter.message = ?1",
            )?;
            Ok(optional(statement.query_row([number], read))?)
        })
    }

    /// The file with the body of a call's answer, if there is one.
    pub fn stored_body(&self, number: i64) -> Result<Option<StoredAnswerBody>, Rejected> {
        let blobs = self.blobs();
        self.with(|connection| {
            let found = body_of(connection, MessageNumber(number))?;
            Ok(found.map(|body| StoredAnswerBody {
                path: blobs.join(body.id.to_string()),
                size: body.size,
                sha256: body.sha256,
                content_type: body.content_type,
            }))
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<CallOutcome> {
    let lane: Option<u8> = row.get(2)?;
    let told: String = row.get(10)?;
    Ok(CallOutcome {
        id: row.get(0)?,
        target: row.get(1)?,
        priority: lane.and_then(|lane| Priority::ALL.get(usize::from(lane)).copied()),
        key: row.get(3)?,
        sent_at: micros(row, 4)?.into(),
        first_started_at: optional_micros(row, 5)?.map(UnixMillis::from),
        ended_at: micros(row, 6)?.into(),
        receive_count: row.get(7)?,
        attempts: row.get(8)?,
        error: row.get(9)?,
        // The cause of a message that was not a call is a sentence, not JSON.
        told: serde_json::from_str(&told).unwrap_or(Value::String(told)),
    })
}

//! Rows of queues, and of what only the messages of plain queues have: envelopes, and rows of hidden messages.

use rampmeter_dispatch::Time;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use crate::column::{micros, optional_micros};
use crate::connection::optional;
use crate::damaged::{leave_out, readable};
use crate::error::{StoreError, StoreFailure};
use crate::model::damaged::DamagedKind;
use crate::model::id::{MessageNumber, QueueId, TargetId};
use crate::model::sqs::attributes::QueueAttributes;
use crate::model::sqs::queue::QueueRecord;
use crate::model::sqs::{MessageAttributes, Names};
use crate::tables::MessageTables;
use crate::tables::QueueTables;

/// What a message of a plain queue carries besides its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's attributes, by name.
    pub attributes: MessageAttributes,
    /// The attributes that AWS names, such as `AWSTraceHeader`.
    pub system_attributes: MessageAttributes,
    /// The MessageGroupId.
    pub group_id: Option<String>,
    /// The MessageDeduplicationId.
    pub deduplication_id: Option<String>,
    /// The queue that sent it here as a dead letter.
    pub source: Option<String>,
    /// Receives in that queue.
    pub received_before: u32,
}

/// Until when a message cannot be received, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden {
    /// When it can be received again.
    pub until: Time,
    /// Since when it is in flight; absent if its delay is not over.
    pub received_at: Option<Time>,
}

/// How many messages of a queue have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Those that may be received.
    pub visible: u64,
    /// Those that were received, and are neither deleted nor visible again.
    pub in_flight: u64,
    /// Those whose delay is not over.
    pub delayed: u64,
}

impl QueueTables<'_> {
    /// How many messages of each queue are received and neither deleted nor visible again. Queues that have none are left
    /// out.
    pub fn received_counts(&self) -> Result<Vec<(QueueId, u64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT queue, count(*) FROM hidden WHERE received_at IS NOT NULL GROUP BY queue",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// All queues, each with its target if it belongs to one. A queue that cannot be read is left out, by its name.
    pub fn queues(&self) -> Result<Vec<(QueueRecord, Option<TargetId>)>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT id, name, attributes, tags, created_at, modified_at, group_scope, purged_at, \
             purged_below, (SELECT count(*) FROM hidden WHERE hidden.queue = queue.id AND received_at IS NOT NULL), \
             target FROM queue",
        )?;
        let read = |row: &Row<'_>| -> rusqlite::Result<(QueueRecord, Option<TargetId>)> {
            let attributes: String = row.get(2)?;
            let tags: String = row.get(3)?;
            let record = QueueRecord {
                id: row.get(0)?,
                name: row.get(1)?,
                attributes: QueueAttributes::stored(read_json(&attributes, 2)?),
                tags: read_json(&tags, 3)?,
                created_at: micros(row, 4)?,
                modified_at: micros(row, 5)?,
                group_scope: row.get(6)?,
                purged_at: optional_micros(row, 7)?,
                purged_below: row.get(8)?,
                in_flight: row.get::<_, i64>(9)?.unsigned_abs(),
                last_group: None,
            };
            Ok((record, row.get(10)?))
        };
        let rows = statement.query_map([], |row| Ok((row.get::<_, Value>(1)?, read(row))))?;
        let mut queues = Vec::new();
        for row in rows {
            let (name, queue) = row?;
            match queue.map_err(StoreError::from) {
                Ok(queue) => queues.push(queue),
                Err(StoreError::Damaged(why)) => {
                    let name = match name {
                        Value::Text(name) => name,
                        _ => "without a name".to_owned(),
                    };
                    leave_out(DamagedKind::Queue, name, why);
                }
                Err(StoreError::Failed(failure)) => return Err(failure.into()),
            }
        }
        Ok(queues)
    }

    /// Whether a plain queue has this name, readable or not.
    ///
    /// # Errors
    /// When the store failed.
    pub fn has_plain_queue(&self, name: &str) -> Result<bool, StoreFailure> {
        let mut statement = self
            .connection
            .prepare("SELECT 1 FROM queue WHERE name = ?1 AND target IS NULL")?;
        Ok(statement.exists([name])?)
    }

    /// Writes a new queue and gives it its number. Returns whether the name was free.
    pub fn insert_queue(&self, record: &mut QueueRecord) -> Result<bool, StoreError> {
        let inserted = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO queue (name, attributes, tags, created_at, modified_at, group_scope, \
                 purged_below) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
            )?
            .execute((
                &record.name,
                json(record.attributes.names()),
                json(&record.tags),
                record.created_at.as_micros(),
                record.modified_at.as_micros(),
                record.group_scope,
            ))?;
        record.id = QueueId(self.connection.last_insert_rowid());
        Ok(inserted == 1)
    }

    /// Writes what can change about a queue.
    pub fn update_queue(&self, record: &QueueRecord) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE queue SET attributes = ?2, tags = ?3, modified_at = ?4, purged_at = ?5, \
                 purged_below = ?6 WHERE id = ?1",
            )?
            .execute((
                record.id,
                json(record.attributes.names()),
                json(&record.tags),
                record.modified_at.as_micros(),
                record.purged_at.map(Time::as_micros),
                record.purged_below,
            ))?;
        Ok(())
    }

    /// Deletes a queue. Its messages are swept.
    pub fn delete_queue(&self, id: QueueId) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM queue WHERE id = ?1", [id])?;
        self.connection
            .execute("DELETE FROM deduplication WHERE queue = ?1", [id])?;
        self.connection
            .execute("DELETE FROM receive_attempt WHERE queue = ?1", [id])?;
        Ok(())
    }

    /// Writes what a message carries besides its body, if anything.
    pub fn put_envelope(
        &self,
        message: MessageNumber,
        envelope: &Envelope,
    ) -> Result<(), StoreError> {
        if *envelope == Envelope::default() {
            return Ok(());
        }
        let attributes =
            |attributes: &MessageAttributes| (!attributes.is_empty()).then(|| json(attributes));
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO envelope VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute((
                message,
                attributes(&envelope.attributes),
                attributes(&envelope.system_attributes),
                &envelope.group_id,
                &envelope.deduplication_id,
                &envelope.source,
                envelope.received_before,
            ))?;
        Ok(())
    }

    /// What a message carries besides its body.
    pub fn envelope(&self, message: MessageNumber) -> Result<Envelope, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT attributes, system_attributes, group_id, deduplication_id, source, \
             received_before FROM envelope WHERE message = ?1",
        )?;
        let attributes = |row: &Row<'_>, index: usize| -> rusqlite::Result<MessageAttributes> {
            let text: Option<String> = row.get(index)?;
            text.map_or_else(
                || Ok(MessageAttributes::new()),
                |text| read_json(&text, index),
            )
        };
        let found = statement.query_row([message], |row| {
            Ok(Envelope {
                attributes: attributes(row, 0)?,
                system_attributes: attributes(row, 1)?,
                group_id: row.get(2)?,
                deduplication_id: row.get(3)?,
                source: row.get(4)?,
                received_before: row.get(5)?,
            })
        });
        Ok(optional(found)?.unwrap_or_default())
    }

    /// Deletes what a message carries besides its body.
    pub fn delete_envelope(&self, message: MessageNumber) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM envelope WHERE message = ?1")?
            .execute([message])?;
        Ok(())
    }

    /// Deletes why a message was in a dead-letter queue: a worker elsewhere has deleted the message.
    pub fn forget_dead_letter(&self, message: MessageNumber) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM dead_letter WHERE message = ?1")?
            .execute([message])?;
        Ok(())
    }

    /// Moves a message to another queue.
    pub fn move_message(&self, message: MessageNumber, queue: QueueId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE message SET queue = ?2 WHERE id = ?1")?
            .execute((message, queue))?;
        Ok(())
    }

    /// Hides a message until a time.
    pub fn hide(
        &self,
        queue: QueueId,
        message: MessageNumber,
        hidden: Hidden,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO hidden VALUES (?1, ?2, ?3, ?4)")?
            .execute((
                queue,
                message,
                hidden.until.as_micros(),
                hidden.received_at.map(Time::as_micros),
            ))?;
        MessageTables::of(self.connection).delay(hidden.until, message)
    }

    /// How a message is hidden, if it is.
    pub fn hidden(
        &self,
        queue: QueueId,
        message: MessageNumber,
    ) -> Result<Option<Hidden>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT until, received_at FROM hidden WHERE queue = ?1 AND message = ?2",
        )?;
        let found = statement.query_row((queue, message), |row| {
            Ok(Hidden {
                until: micros(row, 0)?,
                received_at: optional_micros(row, 1)?,
            })
        });
        Ok(optional(found)?)
    }

    /// Ends the hiding of a message; returns how it was hidden.
    pub fn unhide(
        &self,
        queue: QueueId,
        message: MessageNumber,
    ) -> Result<Option<Hidden>, StoreError> {
        let Some(hidden) = self.hidden(queue, message)? else {
            return Ok(None);
        };
        self.connection
            .prepare_cached("DELETE FROM hidden WHERE queue = ?1 AND message = ?2")?
            .execute((queue, message))?;
        self.connection
            .prepare_cached("DELETE FROM delayed WHERE until = ?1 AND message = ?2")?
            .execute((hidden.until.as_micros(), message))?;
        Ok(Some(hidden))
    }

    /// Forgets what plain SQS knew about a queue whose messages are calls from now on. What a receiver had taken becomes
    /// available again once, rather than both now and again when its visibility timeout would have ended.
    pub fn forget_hidden(&self, queue: QueueId) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM delayed WHERE (until, message) IN (SELECT until, message FROM hidden WHERE queue = ?1)",
            "INSERT OR IGNORE INTO ready (queue, turn, message) SELECT queue, 0, message FROM hidden WHERE queue = ?1",
            "DELETE FROM hidden WHERE queue = ?1",
            "INSERT OR IGNORE INTO ready (queue, turn, message) SELECT queue, 0, message FROM fair WHERE queue = ?1",
            "DELETE FROM fair WHERE queue = ?1",
        ] {
            self.connection.execute(statement, [queue])?;
        }
        Ok(())
    }

    /// Notes that the messages of a queue below a number are to be deleted.
    pub fn note_sweep(&self, queue: QueueId, below: i64) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO sweep VALUES (?1, ?2)",
            (queue, below),
        )?;
        Ok(())
    }

    /// Forgets a sweep that is done.
    pub fn end_sweep(&self, queue: QueueId) -> Result<(), StoreFailure> {
        self.connection
            .execute("DELETE FROM sweep WHERE queue = ?1", [queue])?;
        Ok(())
    }

    /// The sweeps that are not done.
    pub fn sweeps(&self) -> Result<Vec<(QueueId, i64)>, StoreError> {
        let mut statement = self.connection.prepare("SELECT queue, below FROM sweep")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(readable(rows, "the sweep of a queue")?)
    }

    /// Some messages of a plain queue below a number; at most three times `most`. For a FIFO queue, those that are first in
    /// their groups or hidden: the others follow them.
    pub fn waiting_below(
        &self,
        queue: QueueId,
        below: i64,
        most: u32,
    ) -> Result<Vec<MessageNumber>, StoreError> {
        let mut found = Vec::new();
        for table in ["ready WHERE turn = 0 AND", "hidden WHERE", "fair WHERE"] {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT message FROM {table} queue = ?1 AND message < ?2 LIMIT ?3"
            ))?;
            let rows = statement.query_map((queue, below, most), |row| row.get(0))?;
            found.extend(rows.collect::<Result<Vec<MessageNumber>, _>>()?);
        }
        Ok(found)
    }

    /// Some messages of a queue below a number, in any status; at most four times `most`.
    pub fn some_messages(
        &self,
        queue: QueueId,
        below: i64,
        most: u32,
    ) -> Result<Vec<MessageNumber>, StoreError> {
        let mut found = Vec::new();
        for table in ["ready", "hidden", "fifo", "fair"] {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT message FROM {table} WHERE queue = ?1 AND message < ?2 LIMIT ?3"
            ))?;
            let rows = statement.query_map((queue, below, most), |row| row.get(0))?;
            found.extend(rows.collect::<Result<Vec<MessageNumber>, _>>()?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// Counts the messages of a queue. It reads as many rows as there are messages, so it must not run on the writer.
pub fn count_messages(
    connection: &Connection,
    queue: QueueId,
    fifo: bool,
) -> Result<QueueCounts, StoreError> {
    let count = |query: &str| -> Result<u64, StoreError> {
        let count: i64 = connection
            .prepare_cached(query)?
            .query_row([queue], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    let in_flight =
        count("SELECT count(*) FROM hidden WHERE queue = ?1 AND received_at IS NOT NULL")?;
    let delayed = count("SELECT count(*) FROM hidden WHERE queue = ?1 AND received_at IS NULL")?;
    let visible = if fifo {
        count("SELECT count(*) FROM fifo WHERE queue = ?1")?.saturating_sub(in_flight + delayed)
    } else {
        count("SELECT count(*) FROM ready WHERE queue = ?1")?
            + count("SELECT count(*) FROM fair WHERE queue = ?1")?
    };
    // In a lane: calls that wait for another call of their OrderingKey, and those in backoff.
    let parked = count("SELECT count(*) FROM ordered_call WHERE queue = ?1 AND standing = 0")?;
    let aside = count("SELECT count(*) FROM line WHERE queue = ?1 AND aside = 1")?;
    let backing_off = count(
        "SELECT count(*) FROM delayed JOIN message ON message.id = delayed.message \
         WHERE message.queue = ?1 AND message.id NOT IN (SELECT message FROM hidden WHERE queue = ?1)",
    )?;
    Ok(QueueCounts {
        visible: visible + parked + aside,
        in_flight,
        delayed: delayed + backing_off,
    })
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("names and attributes are written as JSON")
}

fn read_json<T: serde::de::DeserializeOwned>(text: &str, index: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            index,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

/// The value of this column for a row that has no names.
pub(crate) fn no_names() -> String {
    json(&Names::new())
}

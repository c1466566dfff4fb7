//! Rows of queues and messages, and the type of a dead letter, whose rows are in `call/dead_letter.rs`.

use std::sync::LazyLock;

use rampmeter_asl::EventId;
use rampmeter_dispatch::{Priority, Time};
use rusqlite::types::Value;
use rusqlite::{Row, params};

use crate::column::{micros, optional_micros, signed};
use crate::connection::optional;
use crate::damaged::or_left_out;
use crate::error::StoreError;
use crate::model::id::{
    ExecutionId, GroupHash, MessageNumber, OrderingHash, QueueId, StepId, TargetId,
};
use crate::queue::record::no_names;
use crate::tables::MessageTables;

/// One message, without its body if a step holds it.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// Its number.
    pub id: MessageNumber,
    /// Its queue.
    pub queue: QueueId,
    /// The execution and the TaskScheduled event of its task token, if it carries a genuine one.
    pub task: Option<(ExecutionId, EventId)>,
    /// The TaskStateEntered event of the state that sent it, if a workflow did.
    pub entered: Option<EventId>,
    /// The step and the payload whose MessageBody is the body.
    pub stored: Option<(StepId, u32)>,
    /// The body, if no step holds it.
    pub body: Option<String>,
    /// Its business key.
    pub key: Option<String>,
    /// When it was committed.
    pub sent_at: Time,
    /// When its first request was given a permit; absent when none was.
    pub first_started_at: Option<Time>,
    /// Requests started for it, or receives of it.
    pub receive_count: u32,
    /// Answers that used up an attempt.
    pub attempts: u32,
    /// Requests that were in flight when the process died.
    pub crashes: u32,
    /// How often in a row the vendor has refused its call because of the call itself, as far as could be told.
    pub refusals: u32,
    /// Until when the vendor may be at work on a request of its call whose answer was lost; none while none was lost.
    pub lost_until: Option<Time>,
    /// Its position in the fair order of its lane; 0 before it has one, and on plain queues.
    pub turn: u64,
    /// The group of a call: lanes are fair among groups.
    pub group: Option<GroupHash>,
    /// The OrderingKey of a call.
    pub ordering: Option<OrderingHash>,
}

const MESSAGE_COLUMNS: &str = "id, queue, execution, event, entered, step, payload, body, key, \
     sent_at, first_started_at, receive_count, attempts, crashes, turn, message_group, ordering, \
     refusals, lost_until";

static MESSAGE: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {MESSAGE_COLUMNS} FROM message WHERE id = ?1"));

impl MessageRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
        let number = |index: usize| -> rusqlite::Result<Option<u64>> {
            let value: Option<i64> = row.get(index)?;
            value
                .map(|value| {
                    u64::try_from(value)
                        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, value))
                })
                .transpose()
        };
        let execution: Option<ExecutionId> = row.get(2)?;
        let step: Option<StepId> = row.get(5)?;
        let payload: Option<u32> = row.get(6)?;
        Ok(MessageRow {
            id: row.get(0)?,
            queue: row.get(1)?,
            task: execution.zip(number(3)?),
            entered: number(4)?,
            stored: step.zip(payload),
            body: row.get(7)?,
            key: row.get(8)?,
            sent_at: micros(row, 9)?,
            first_started_at: optional_micros(row, 10)?,
            receive_count: row.get(11)?,
            attempts: row.get(12)?,
            crashes: row.get(13)?,
            turn: row.get::<_, i64>(14)?.unsigned_abs(),
            group: row.get(15)?,
            ordering: row.get(16)?,
            refusals: row.get(17)?,
            lost_until: optional_micros(row, 18)?,
        })
    }
}

/// Why a message is in a dead-letter queue.
#[derive(Debug, Clone)]
pub struct DeadLetter<'a> {
    /// The number of the call.
    pub message: MessageNumber,
    /// When it failed.
    pub failed_at: Time,
    /// The error name.
    pub error: &'a str,
    /// What happened, in words or as JSON.
    pub cause: &'a str,
    /// The lane that it was in; none if it never was in one.
    pub lane: Option<Priority>,
}

impl MessageTables<'_> {
    /// The number of the target with this name, assigned now if it is new.
    pub fn target(&self, name: &str) -> Result<TargetId, StoreError> {
        self.connection
            .execute("INSERT OR IGNORE INTO target (name) VALUES (?1)", [name])?;
        Ok(self
            .connection
            .query_row("SELECT id FROM target WHERE name = ?1", [name], |row| {
                row.get(0)
            })?)
    }

    /// The number of a target's queue, which is created now if it is new. A queue that a client created under this name
    /// becomes the target's, with its messages.
    pub fn target_queue(
        &self,
        name: &str,
        target: TargetId,
        lane: u8,
        now: Time,
    ) -> Result<QueueId, StoreError> {
        self.connection.execute(
            "INSERT INTO queue (name, target, lane, attributes, tags, created_at, modified_at, \
             group_scope, purged_below) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?5, 0, 0) \
             ON CONFLICT (name) DO UPDATE SET target = excluded.target, lane = excluded.lane",
            (name, target, lane, no_names(), now.as_micros()),
        )?;
        Ok(self
            .connection
            .query_row("SELECT id FROM queue WHERE name = ?1", [name], |row| {
                row.get(0)
            })?)
    }

    /// Adds a message. Nobody can take it yet.
    pub fn insert_message(&self, message: &MessageRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
                 ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            )?
            .execute(params![
                message.id,
                message.queue,
                message.task.map(|(execution, _)| execution),
                message.task.map(|(_, event)| signed(event)),
                message.entered.map(signed),
                message.stored.map(|(step, _)| step),
                message.stored.map(|(_, payload)| payload),
                &message.body,
                &message.key,
                message.sent_at.as_micros(),
                message.first_started_at.map(Time::as_micros),
                message.receive_count,
                message.attempts,
                message.crashes,
                signed(message.turn),
                message.group,
                message.ordering,
                message.refusals,
                message.lost_until.map(Time::as_micros),
            ])?;
        Ok(())
    }

    /// The message with this number.
    pub fn message(&self, id: MessageNumber) -> Result<Option<MessageRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&MESSAGE)?;
        Ok(optional(statement.query_row([id], MessageRow::read))?)
    }

    /// Writes the counters of a message after an attempt that did not end its call.
    pub fn update_counters(&self, message: &MessageRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE message SET first_started_at = ?2, receive_count = ?3, attempts = ?4, \
                 crashes = ?5, refusals = ?6, lost_until = ?7 WHERE id = ?1",
            )?
            .execute((
                message.id,
                message.first_started_at.map(Time::as_micros),
                message.receive_count,
                message.attempts,
                message.crashes,
                message.refusals,
                message.lost_until.map(Time::as_micros),
            ))?;
        Ok(())
    }

    /// Writes a message's body, which a step held until now, into its own row.
    pub fn give_body(&self, id: MessageNumber, body: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE message SET body = ?2, step = NULL, payload = NULL WHERE id = ?1",
            )?
            .execute((id, body))?;
        Ok(())
    }

    /// Deletes a message and its envelope.
    pub fn delete_message(&self, id: MessageNumber) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM message WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }

    /// Lets a message be taken.
    pub fn make_ready(&self, queue: QueueId, id: MessageNumber) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO ready (queue, turn, message) VALUES (?1, 0, ?2)")?
            .execute((queue, id))?;
        Ok(())
    }

    /// Takes a message out of those that may be taken. Returns whether it was there.
    pub fn unready(&self, queue: QueueId, id: MessageNumber) -> Result<bool, StoreError> {
        let gone = self
            .connection
            .prepare_cached("DELETE FROM ready WHERE queue = ?1 AND turn = 0 AND message = ?2")?
            .execute((queue, id))?;
        Ok(gone == 1)
    }

    /// Whether the message may be taken now.
    pub fn is_ready(&self, queue: QueueId, id: MessageNumber) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM ready WHERE queue = ?1 AND turn = 0 AND message = ?2",
        )?;
        let count: i64 = statement.query_row((queue, id), |row| row.get(0))?;
        Ok(count > 0)
    }

    /// The first message of the queue that may be taken now.
    pub fn first_ready(&self, queue: QueueId) -> Result<Option<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM ready WHERE queue = ?1 ORDER BY turn, message LIMIT 1",
        )?;
        Ok(optional(statement.query_row([queue], |row| row.get(0)))?)
    }

    /// The first messages of the queue that may be taken now, at most `most`.
    pub fn ready(&self, queue: QueueId, most: usize) -> Result<Vec<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM ready WHERE queue = ?1 ORDER BY turn, message LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map((queue, most), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many messages of the queue may be taken now.
    pub fn count_ready(&self, queue: QueueId) -> Result<u64, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM ready WHERE queue = ?1")?;
        let count: i64 = statement.query_row([queue], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Lets a message be taken from a time on.
    pub fn delay(&self, until: Time, id: MessageNumber) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO delayed (until, message) VALUES (?1, ?2)")?
            .execute((until.as_micros(), id))?;
        Ok(())
    }

    /// Takes a message out of those that are delayed. Returns whether it was among them.
    pub fn undelay(&self, id: MessageNumber) -> Result<bool, StoreError> {
        let gone = self
            .connection
            .prepare_cached("DELETE FROM delayed WHERE message = ?1")?
            .execute([id])?;
        Ok(gone > 0)
    }

    /// A number above all messages that were sent by then and not above any that was sent later; none if there are no
    /// messages.
    pub fn first_sent_after(&self, time: Time) -> Result<Option<i64>, StoreError> {
        let mut ends = self
            .connection
            .prepare_cached("SELECT min(id), max(id) FROM message")?;
        let ends = ends.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (Some(mut low), Some(last)): (Option<i64>, Option<i64>) = ends else {
            return Ok(None);
        };
        // Numbers are given out in the order of sending.
        let mut high = last + 1;
        let mut next = self
            .connection
            .prepare_cached("SELECT id, sent_at FROM message WHERE id >= ?1 ORDER BY id LIMIT 1")?;
        while low < high {
            let middle = low + (high - low) / 2;
            let found = next.query_row([middle], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            });
            match optional(found)? {
                Some((id, sent_at)) if sent_at <= time.as_micros() => low = id + 1,
                _ => high = middle,
            }
        }
        Ok(Some(low))
    }

    /// When the first delayed message may be taken.
    pub fn first_delayed(&self) -> Result<Option<Time>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT until FROM delayed ORDER BY until LIMIT 1")?;
        Ok(optional(statement.query_row([], |row| micros(row, 0)))?)
    }

    /// Takes the messages whose delay is over out of `delayed`, at most `most`.
    pub fn take_delayed(&self, now: Time, most: u32) -> Result<Vec<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT until, message FROM delayed WHERE until <= ?1 ORDER BY until LIMIT ?2",
        )?;
        let rows = statement.query_map((now.as_micros(), most), |row| {
            let key: (Value, Value) = (row.get(0)?, row.get(1)?);
            Ok((key, row.get::<_, MessageNumber>(1)))
        })?;
        let due: Vec<_> = rows.collect::<Result<_, _>>()?;
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM delayed WHERE until = ?1 AND message = ?2")?;
        let mut taken = Vec::with_capacity(due.len());
        for (key, message) in due {
            delete.execute(key)?;
            taken.extend(or_left_out(message.map_err(StoreError::from), "a delay")?);
        }
        Ok(taken)
    }
}

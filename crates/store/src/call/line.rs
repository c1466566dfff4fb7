//! Rows of lines: the calls that a tariff charges and that wait in their turn. One that stands aside is in one line alone, and
//! not in its lane; any other is in all of its lines.

use rampmeter_dispatch::Time;

use crate::column::signed;
use crate::connection::optional;
use crate::error::{StoreError, StoreFailure};
use crate::model::id::{GroupHash, MessageNumber, QueueId, TargetId};
use crate::tables::LineTables;

/// A line of a target: the tariff and the key, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineId {
    /// The tariff's fingerprint.
    pub tariff: u64,
    /// The key's number.
    pub key: u64,
}

/// A call in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InTurn {
    /// Its turn.
    pub turn: u64,
    /// The call.
    pub message: MessageNumber,
}

impl LineTables<'_> {
    /// Puts a call into a line: aside, or as one that is in its lane.
    pub fn join_line(
        &self,
        target: TargetId,
        line: LineId,
        queue: QueueId,
        call: InTurn,
        group: Option<GroupHash>,
        aside: bool,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO line VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute((
                target,
                line.tariff.cast_signed(),
                line.key.cast_signed(),
                queue,
                aside,
                signed(call.turn),
                call.message,
                group,
            ))?;
        Ok(())
    }

    /// Takes a call out of all its lines.
    pub fn leave_lines(&self, message: MessageNumber) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM line WHERE message = ?1")?
            .execute([message])?;
        Ok(())
    }

    /// The lines of a call that waits, and whether it stands aside.
    pub fn lines_of(&self, message: MessageNumber) -> Result<Vec<(LineId, bool)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT tariff, key, aside FROM line WHERE message = ?1")?;
        let rows = statement.query_map([message], |row| {
            let line = LineId {
                tariff: row.get::<_, i64>(0)?.cast_unsigned(),
                key: row.get::<_, i64>(1)?.cast_unsigned(),
            };
            Ok((line, row.get(2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first call of a line that is in its lane, or that stands aside.
    pub fn first_of_line(
        &self,
        target: TargetId,
        line: LineId,
        queue: QueueId,
        aside: bool,
    ) -> Result<Option<InTurn>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT turn, message FROM line WHERE target = ?1 AND tariff = ?2 AND key = ?3 \
             AND queue = ?4 AND aside = ?5 ORDER BY turn, message LIMIT 1",
        )?;
        let (tariff, key) = (line.tariff.cast_signed(), line.key.cast_signed());
        let first = statement.query_row((target, tariff, key, queue, aside), |row| {
            Ok(InTurn {
                turn: row.get::<_, i64>(0)?.unsigned_abs(),
                message: row.get(1)?,
            })
        });
        Ok(optional(first)?)
    }

    /// The next line of a target, in the order of their numbers.
    pub fn next_line(
        &self,
        target: TargetId,
        after: Option<LineId>,
    ) -> Result<Option<LineId>, StoreError> {
        let after = after.map_or((i64::MIN, i64::MIN), |line| {
            (line.tariff.cast_signed(), line.key.cast_signed())
        });
        let mut statement = self.connection.prepare_cached(
            "SELECT tariff, key FROM line WHERE target = ?1 AND (tariff, key) > (?2, ?3) \
             ORDER BY tariff, key LIMIT 1",
        )?;
        let next = statement.query_row((target, after.0, after.1), |row| {
            Ok(LineId {
                tariff: row.get::<_, i64>(0)?.cast_unsigned(),
                key: row.get::<_, i64>(1)?.cast_unsigned(),
            })
        });
        Ok(optional(next)?)
    }

    /// Ends the lines of all tariffs but these: their calls are in their lanes again.
    pub fn end_other_lines(&self, target: TargetId, tariffs: &[u64]) -> Result<(), StoreError> {
        let known: Vec<i64> = tariffs.iter().map(|tariff| tariff.cast_signed()).collect();
        let known = serde_json::json!(known).to_string();
        let others =
            "target = ?1 AND NOT EXISTS (SELECT 1 FROM json_each(?2) WHERE value = tariff)";
        for statement in [
            format!(
                "INSERT INTO ready SELECT queue, turn, message, message_group FROM line \
                 WHERE aside = 1 AND {others}"
            ),
            format!("DELETE FROM line WHERE {others}"),
        ] {
            self.connection.execute(&statement, (target, &known))?;
        }
        Ok(())
    }

    /// How many calls of a lane stand aside.
    pub fn count_aside(&self, queue: QueueId) -> Result<u64, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM line WHERE queue = ?1 AND aside = 1")?;
        let count: i64 = statement.query_row([queue], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The calls of a lane that stand aside, in their turns, at most `most`.
    pub fn aside(&self, queue: QueueId, most: usize) -> Result<Vec<MessageNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM line WHERE queue = ?1 AND aside = 1 ORDER BY turn, message LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map((queue, most), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many calls of a line stand aside before one, at most `most`.
    pub fn aside_before(
        &self,
        target: TargetId,
        line: LineId,
        queue: QueueId,
        call: InTurn,
        most: u64,
    ) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM line WHERE target = ?1 AND tariff = ?2 \
             AND key = ?3 AND queue = ?4 AND aside = 1 AND (turn, message) < (?5, ?6) LIMIT ?7)",
        )?;
        let (tariff, key) = (line.tariff.cast_signed(), line.key.cast_signed());
        let (turn, most) = (signed(call.turn), signed(most));
        let before = (target, tariff, key, queue, turn, call.message, most);
        let count: i64 = statement.query_row(before, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Deletes slots of keys that were free by `now`: a few, and more than a call can have made.
    pub fn prune_keyed_slots(&self, target: TargetId, now: Time) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached(
                "DELETE FROM keyed_slot WHERE (target, limit_name, key, slot) IN \
                 (SELECT target, limit_name, key, slot FROM keyed_slot \
                  WHERE target = ?1 AND until <= ?2 ORDER BY until LIMIT 32)",
            )?
            .execute((target, now.as_micros()))?;
        Ok(())
    }
}

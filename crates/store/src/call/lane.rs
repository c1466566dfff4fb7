//! Rows of lanes: calls that may start, in fair order (each at its `turn`), and the calls of each OrderingKey.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use crate::column::signed;
use crate::connection::optional;
use crate::damaged::leave_out;
use crate::error::{Damaged, StoreError, StoreFailure};
use crate::model::damaged::DamagedKind;
use crate::model::id::{GroupHash, MessageNumber, OrderingHash, QueueId, TargetId};
use crate::tables::CallTables;
use crate::tables::LaneTables;

/// The status of a call with an OrderingKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Another call of the key goes before it: it is not in its lane.
    Parked,
    /// It waits in its lane, or for its delay.
    Free,
    /// It has been given a permit and has not ended for good.
    UnderWay,
}

impl OrderStatus {
    fn code(self) -> u8 {
        match self {
            OrderStatus::Parked => 0,
            OrderStatus::Free => 1,
            OrderStatus::UnderWay => 2,
        }
    }
}

impl FromSql for OrderStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<OrderStatus> {
        match value.as_i64()? {
            0 => Ok(OrderStatus::Parked),
            1 => Ok(OrderStatus::Free),
            2 => Ok(OrderStatus::UnderWay),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl LaneTables<'_> {
    /// Puts a call into its lane, at its turn.
    pub fn make_ready_in_turn(
        &self,
        queue: QueueId,
        turn: u64,
        id: MessageNumber,
        group: Option<GroupHash>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO ready VALUES (?1, ?2, ?3, ?4)")?
            .execute((queue, signed(turn), id, group))?;
        Ok(())
    }

    /// Takes a call out of its lane. Returns whether it was there.
    pub fn unready_in_turn(
        &self,
        queue: QueueId,
        turn: u64,
        id: MessageNumber,
    ) -> Result<bool, StoreError> {
        let gone = self
            .connection
            .prepare_cached("DELETE FROM ready WHERE queue = ?1 AND turn = ?2 AND message = ?3")?
            .execute((queue, signed(turn), id))?;
        Ok(gone == 1)
    }

    /// The first call of a lane, with its turn.
    pub fn first_in_turn(
        &self,
        queue: QueueId,
    ) -> Result<Option<(u64, MessageNumber)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT turn, message FROM ready WHERE queue = ?1 ORDER BY turn, message LIMIT 1",
        )?;
        let first = statement.query_row([queue], |row| {
            let turn: i64 = row.get(0)?;
            Ok((turn.unsigned_abs(), row.get(1)?))
        });
        Ok(optional(first)?)
    }

    /// The lowest turn that waits in a lane. Polls of jobs have none.
    pub fn lowest_turn(&self, queue: QueueId) -> Result<Option<u64>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT min(turn) FROM ready WHERE queue = ?1 AND turn > 0")?;
        let lowest: Option<i64> = statement.query_row([queue], |row| row.get(0))?;
        Ok(lowest.map(i64::unsigned_abs))
    }

    /// How many polls of jobs wait in a lane: they go before its calls, with turn 0.
    pub fn count_polls(&self, queue: QueueId) -> Result<u64, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM ready WHERE queue = ?1 AND turn = 0")?;
        let count: i64 = statement.query_row([queue], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Whether the call is in its lane.
    pub fn is_in_turn(
        &self,
        queue: QueueId,
        turn: u64,
        id: MessageNumber,
    ) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM ready WHERE queue = ?1 AND turn = ?2 AND message = ?3",
        )?;
        let count: i64 = statement.query_row((queue, signed(turn), id), |row| row.get(0))?;
        Ok(count > 0)
    }

    /// Counts the calls of a lane from one position, inclusive, to another, exclusive; at most `most`.
    pub fn ready_between(
        &self,
        queue: QueueId,
        from: (u64, MessageNumber),
        before: (u64, MessageNumber),
        most: u64,
    ) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM ready \
             WHERE queue = ?1 AND (turn, message) >= (?2, ?3) AND (turn, message) < (?4, ?5) LIMIT ?6)",
        )?;
        let (from, before) = ((signed(from.0), from.1), (signed(before.0), before.1));
        let places = (queue, from.0, from.1, before.0, before.1, signed(most));
        let count: i64 = statement.query_row(places, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The first and the last turn that wait in a lane; both zero if none do.
    pub fn turns(&self, queue: QueueId) -> Result<(u64, u64), StoreError> {
        let mut ends = [0_u64; 2];
        for (end, order) in ends.iter_mut().zip(["ASC", "DESC"]) {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT turn FROM ready WHERE queue = ?1 AND turn > 0 ORDER BY turn {order} LIMIT 1"
            ))?;
            let turn = optional(statement.query_row([queue], |row| row.get::<_, i64>(0)))?;
            *end = turn.unwrap_or_default().unsigned_abs();
        }
        Ok((ends[0], ends[1]))
    }

    /// The highest turn among the calls of a group that wait in a lane.
    pub fn newest_turn(&self, queue: QueueId, group: GroupHash) -> Result<Option<u64>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT max(turn) FROM ready WHERE queue = ?1 AND message_group = ?2",
        )?;
        let newest: Option<i64> = statement.query_row((queue, group), |row| row.get(0))?;
        Ok(newest.map(i64::unsigned_abs))
    }

    /// The highest turn among the calls without a group that wait in a lane. For a restart: it may skip the calls with a
    /// group that came later.
    pub fn newest_ungrouped_turn(&self, queue: QueueId) -> Result<Option<u64>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT turn FROM ready WHERE queue = ?1 AND message_group IS NULL AND turn > 0 \
             ORDER BY turn DESC LIMIT 1",
        )?;
        let newest = statement.query_row([queue], |row| row.get::<_, i64>(0));
        Ok(optional(newest)?.map(i64::unsigned_abs))
    }

    /// Gives a message its turn.
    pub fn set_turn(&self, id: MessageNumber, turn: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE message SET turn = ?2 WHERE id = ?1")?
            .execute((id, signed(turn)))?;
        Ok(())
    }

    /// Moves a message to another queue; its position there is up to the caller.
    pub fn change_queue(&self, id: MessageNumber, queue: QueueId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE message SET queue = ?2, turn = 0 WHERE id = ?1")?
            .execute((id, queue))?;
        Ok(())
    }

    /// Adds a call with an OrderingKey to the order of that key.
    pub fn insert_order(
        &self,
        target: TargetId,
        ordering: OrderingHash,
        queue: QueueId,
        id: MessageNumber,
        status: OrderStatus,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO ordered_call VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((target, ordering, queue, id, status.code()))?;
        Ok(())
    }

    /// Changes the status of a call in the order of its key.
    pub fn set_order(
        &self,
        target: TargetId,
        ordering: OrderingHash,
        queue: QueueId,
        id: MessageNumber,
        status: OrderStatus,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE ordered_call SET standing = ?5 \
                 WHERE target = ?1 AND ordering = ?2 AND queue = ?3 AND message = ?4",
            )?
            .execute((target, ordering, queue, id, status.code()))?;
        Ok(())
    }

    /// Takes a call that has ended out of the order of its key.
    pub fn delete_order(
        &self,
        target: TargetId,
        ordering: OrderingHash,
        queue: QueueId,
        id: MessageNumber,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM ordered_call \
                 WHERE target = ?1 AND ordering = ?2 AND queue = ?3 AND message = ?4",
            )?
            .execute((target, ordering, queue, id))?;
        Ok(())
    }

    /// The status of a call in the order of its key; none if it is not in it.
    pub fn order_status(
        &self,
        target: TargetId,
        ordering: OrderingHash,
        queue: QueueId,
        id: MessageNumber,
    ) -> Result<Option<OrderStatus>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT standing FROM ordered_call \
             WHERE target = ?1 AND ordering = ?2 AND queue = ?3 AND message = ?4",
        )?;
        Ok(optional(
            statement.query_row((target, ordering, queue, id), |row| row.get(0)),
        )?)
    }

    /// The call of a key that was sent to a lane first.
    pub fn first_of_order(
        &self,
        target: TargetId,
        ordering: OrderingHash,
        queue: QueueId,
    ) -> Result<Option<(MessageNumber, OrderStatus)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message, standing FROM ordered_call \
             WHERE target = ?1 AND ordering = ?2 AND queue = ?3 ORDER BY message LIMIT 1",
        )?;
        let first = statement.query_row((target, ordering, queue), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        Ok(optional(first)?)
    }

    /// The calls of a target that have an OrderingKey and are in flight, or have been and have not ended.
    pub fn owners(
        &self,
        target: TargetId,
    ) -> Result<Vec<(OrderingHash, MessageNumber)>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT ordering, message FROM ordered_call WHERE target = ?1 AND standing = 2",
        )?;
        let rows = statement.query_map([target], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many calls of a lane are parked.
    pub fn count_parked(&self, target: TargetId, queue: QueueId) -> Result<u64, StoreError> {
        let count: i64 = self.connection.query_row(
            "SELECT count(*) FROM ordered_call WHERE target = ?1 AND queue = ?2 AND standing = 0",
            (target, queue),
            |row| row.get(0),
        )?;
        Ok(count.unsigned_abs())
    }

    /// Gives turns to the calls of a lane that have none and are not polls of a job: retries that became ready while their
    /// target was not configured get the turn that they had, others one at the end.
    pub fn give_turns(&self, queue: QueueId) -> Result<(), StoreError> {
        for statement in [
            "UPDATE ready SET (turn, message_group) = \
             (SELECT turn, message_group FROM message WHERE id = ready.message) \
             WHERE queue = ?1 AND turn = 0 AND message NOT IN (SELECT message FROM job) \
             AND (SELECT turn FROM message WHERE id = ready.message) > 0",
            "UPDATE ready SET turn = given.turn, message_group = given.message_group FROM \
             (SELECT waiting.message AS id, message.message_group AS message_group, \
              (SELECT coalesce(max(turn), 0) FROM ready WHERE queue = ?1) \
              + row_number() OVER (ORDER BY waiting.message) AS turn \
              FROM ready AS waiting JOIN message ON message.id = waiting.message \
              WHERE waiting.queue = ?1 AND waiting.turn = 0 \
              AND waiting.message NOT IN (SELECT message FROM job)) AS given \
             WHERE ready.queue = ?1 AND ready.turn = 0 AND ready.message = given.id",
            "UPDATE message SET turn = (SELECT turn FROM ready WHERE queue = ?1 AND message = message.id) \
             WHERE queue = ?1 AND turn = 0 \
             AND id IN (SELECT message FROM ready WHERE queue = ?1 AND turn > 0)",
        ] {
            self.connection.execute(statement, [queue])?;
        }
        Ok(())
    }

    /// Repairs what cannot be read of the positions of messages: an invalid turn is assigned anew, by `give_turns`; a
    /// position of no message is left out.
    ///
    /// # Errors
    /// When the store failed.
    pub fn mend_turns(&self) -> Result<(), StoreFailure> {
        for statement in [
            "UPDATE OR IGNORE ready SET turn = 0 WHERE typeof(turn) <> 'integer'",
            "UPDATE ready SET message_group = NULL \
             WHERE typeof(message_group) NOT IN ('integer', 'null')",
        ] {
            self.connection.execute(statement, [])?;
        }
        for (table, columns) in [
            ("ready", ["turn", "message"]),
            ("ordered_call", ["standing", "message"]),
        ] {
            let unreadable = columns
                .map(|column| format!("typeof({column}) <> 'integer'"))
                .join(" OR ");
            let statement = format!("DELETE FROM {table} WHERE {unreadable}");
            let gone = self.connection.execute(&statement, [])?;
            if gone > 0 {
                let why = Damaged(format!("{gone} rows of {table} name no message"));
                leave_out(DamagedKind::Row, why.to_string(), why);
            }
        }
        Ok(())
    }

    /// Makes plain messages of the calls of a lane whose worker is elsewhere from now on: turns and OrderingKeys mean
    /// nothing there.
    pub fn forget_lane(&self, target: TargetId, queue: QueueId) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO ready SELECT queue, 0, message, NULL FROM ordered_call \
             WHERE target = ?1 AND queue = ?2 AND standing = 0",
            (target, queue),
        )?;
        self.connection.execute(
            "DELETE FROM ordered_call WHERE target = ?1 AND queue = ?2",
            (target, queue),
        )?;
        CallTables::of(self.connection).forget_jobs(queue)?;
        self.connection.execute(
            "UPDATE ready SET turn = 0, message_group = NULL WHERE queue = ?1 AND turn > 0",
            [queue],
        )?;
        self.connection.execute(
            "UPDATE message SET turn = 0, ordering = NULL WHERE queue = ?1 \
             AND (turn > 0 OR ordering IS NOT NULL) AND id IN \
             (SELECT message FROM ready WHERE queue = ?1 \
              UNION SELECT message FROM delayed UNION SELECT message FROM permit)",
            [queue],
        )?;
        Ok(())
    }
}

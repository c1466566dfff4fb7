//! Permits and slots in windows that cannot be read. A start removes them from their tables before anything reads those. The
//! engine then restores what its rules for them prescribe.

use rampmeter_dispatch::{PermitId, Time};
use rusqlite::Row;
use rusqlite::types::Value;

use crate::error::StoreFailure;
use crate::model::id::{MessageNumber, TargetId};
use crate::tables::{CallTables, Ledger};

/// What can still be read of a permit.
#[derive(Debug, Clone)]
pub struct LostPermit {
    /// Its number, which cannot be damaged: it is the key of its row.
    pub id: PermitId,
    /// Its target, or that of its message's queue if its own is invalid. Absent if neither is known.
    pub target: Option<TargetId>,
    /// Its lane, from 0 for HIGH, or that of its message's queue if its own is invalid.
    pub lane: Option<u8>,
    /// Its message.
    pub message: Option<MessageNumber>,
    /// When it was given.
    pub started_at: Option<Time>,
    /// Its message is in no other table: the call was in flight.
    pub is_under_way: bool,
}

/// What can still be read of slots in a window.
#[derive(Debug, Clone)]
pub struct LostSlots {
    /// The target of the limit.
    pub target: Option<TargetId>,
    /// The name of the limit.
    pub limit: Option<String>,
    /// The number of their row.
    pub slot: Option<u32>,
    /// How many slots they were.
    pub count: Option<u32>,
}

impl Ledger<'_> {
    /// Removes the permits that cannot be read from their table.
    ///
    /// # Errors
    /// When the store failed.
    pub fn take_unreadable_permits(&self) -> Result<Vec<LostPermit>, StoreFailure> {
        let mut statement = self.connection.prepare(
            "DELETE FROM permit WHERE typeof(target) <> 'integer' \
             OR NOT EXISTS (SELECT 1 FROM target WHERE target.id = permit.target) \
             OR typeof(lane) <> 'integer' OR lane NOT BETWEEN 0 AND 2 \
             OR typeof(message) <> 'integer' OR typeof(started_at) <> 'integer' \
             OR typeof(held_until) NOT IN ('integer', 'null') \
             OR typeof(holds_for) NOT IN ('integer', 'null') \
             OR charges IS NOT NULL AND (typeof(charges) <> 'text' OR NOT json_valid(charges)) \
             RETURNING id, target, lane, message, started_at",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(LostPermit {
                id: row.get(0)?,
                target: number(row, 1)?.map(TargetId),
                lane: number(row, 2)?.and_then(|lane| u8::try_from(lane).ok()),
                message: number(row, 3)?.map(MessageNumber),
                started_at: number(row, 4)?.map(Time::from_micros),
                is_under_way: false,
            })
        })?;
        let mut lost: Vec<LostPermit> = rows.collect::<Result<_, _>>()?;
        for permit in &mut lost {
            self.ask_the_message(permit)?;
        }
        Ok(lost)
    }

    /// Adds to a permit what its message says about it.
    fn ask_the_message(&self, permit: &mut LostPermit) -> Result<(), StoreFailure> {
        let mut statement = self.connection.prepare_cached(
            "SELECT queue.target, queue.lane, NOT (\
             EXISTS (SELECT 1 FROM ready WHERE ready.message = message.id) \
             OR EXISTS (SELECT 1 FROM line WHERE line.message = message.id) \
             OR EXISTS (SELECT 1 FROM delayed WHERE delayed.message = message.id) \
             OR EXISTS (SELECT 1 FROM job WHERE job.message = message.id) \
             OR EXISTS (SELECT 1 FROM ordered_call WHERE ordered_call.message = message.id AND standing = 0) \
             OR EXISTS (SELECT 1 FROM dead_letter WHERE dead_letter.message = message.id)) \
             FROM message JOIN queue ON queue.id = message.queue WHERE message.id = ?1",
        )?;
        let mut rows = statement.query([permit.message])?;
        let (mut target, mut lane) = (None, None);
        if let Some(row) = rows.next()? {
            target = number(row, 0)?.map(TargetId);
            lane = number(row, 1)?.and_then(|lane| u8::try_from(lane).ok());
            permit.is_under_way = row.get(2)?;
        }
        let mut known = self
            .connection
            .prepare_cached("SELECT 1 FROM target WHERE id = ?1")?;
        let candidates = [permit.target, target];
        permit.target = None;
        for candidate in candidates {
            if permit.target.is_none() && known.exists([candidate])? {
                permit.target = candidate;
            }
        }
        permit.lane = permit.lane.or(lane).filter(|lane| *lane < 3);
        Ok(())
    }

    /// Removes the slots that cannot be read from their table.
    ///
    /// # Errors
    /// When the store failed.
    pub fn take_unreadable_places(&self) -> Result<Vec<LostSlots>, StoreFailure> {
        let mut lost = self.take_unreadable_of("window_place", "slot")?;
        lost.extend(self.take_unreadable_of("keyed_slot", "key")?);
        Ok(lost)
    }

    /// Removes the rows of one of the two tables. `number_too`: a column that holds an integer there too.
    fn take_unreadable_of(
        &self,
        table: &str,
        number_too: &str,
    ) -> Result<Vec<LostSlots>, StoreFailure> {
        let mut statement = self.connection.prepare(&format!(
            "DELETE FROM {table} WHERE typeof(target) <> 'integer' \
             OR typeof(limit_name) <> 'text' OR typeof(slot) <> 'integer' \
             OR typeof({number_too}) <> 'integer' \
             OR slot NOT BETWEEN 0 AND 4294967295 OR typeof(until) <> 'integer' \
             OR typeof(count) <> 'integer' OR count NOT BETWEEN 0 AND 4294967295 \
             RETURNING target, limit_name, slot, count"
        ))?;
        let rows = statement.query_map([], |row| {
            let limit = match row.get(1)? {
                Value::Text(name) => Some(name),
                _ => None,
            };
            Ok(LostSlots {
                target: number(row, 0)?.map(TargetId),
                limit,
                slot: number(row, 2)?.and_then(|slot| u32::try_from(slot).ok()),
                count: number(row, 3)?.and_then(|count| u32::try_from(count).ok()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl CallTables<'_> {
    /// Adds slots to a window: in the row with this number, or in a new one.
    ///
    /// # Errors
    /// When the store failed.
    pub fn add_slots(
        &self,
        target: TargetId,
        limit: &str,
        slot: Option<u32>,
        until: Time,
        count: u32,
    ) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached(
                "INSERT INTO window_place SELECT ?1, ?2, \
                 coalesce(?5, max(slot) + 1, 0), ?3, ?4 FROM window_place \
                 WHERE target = ?1 AND limit_name = ?2 AND slot < 1073741823 \
                 ON CONFLICT DO UPDATE SET until = max(until, excluded.until), \
                 count = count + excluded.count",
            )?
            .execute((target, limit, until.as_micros(), count, slot))?;
        Ok(())
    }
}

/// The integer in a column, if there is one.
fn number(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get(index)? {
        Value::Integer(number) => Some(number),
        _ => None,
    })
}

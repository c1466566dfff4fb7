//! Rows of permits and of the slots that calls take in windows. They are written in the transaction that decides, and they
//! make the limits hold across a crash.

use std::time::Duration;

use rampmeter_dispatch::{KeptCharge, Key, Memory, PermitId, Time, WindowRow};

use rusqlite::Connection;

use crate::column::{micros, optional_micros};
use crate::connection::optional;
use crate::error::{StoreError, StoreFailure};
use crate::model::id::{MessageNumber, TargetId};
use crate::tables::CallTables;

/// The last thing that went wrong with a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetErrorRow {
    /// When.
    pub at: Time,
    /// Since when nothing has gone well.
    pub since: Time,
    /// What it was.
    pub words: String,
}

/// Name of a row of `meta`.
const NEWEST_ANSWER: &str = "newest answer time";

/// A permit that is out.
#[derive(Debug, Clone)]
pub struct PermitRow {
    /// Its number.
    pub id: PermitId,
    /// The target of its call.
    pub target: TargetId,
    /// The lane of its call, from 0 for HIGH.
    pub lane: u8,
    /// The message of its call.
    pub message: MessageNumber,
    /// When it was given.
    pub started_at: Time,
    /// Until when its slots are held because the outcome is unknown; absent while the call is in flight.
    pub held_until: Option<Time>,
    /// How long its call keeps its slots once the answer is lost; none in rows of earlier versions.
    pub holds_for: Option<Duration>,
    /// What its call is charged by the tariffs of its target's limits.
    pub charges: Vec<KeptCharge>,
}

impl CallTables<'_> {
    /// Adds a permit that is given now.
    pub fn insert_permit(&self, permit: &PermitRow) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached("INSERT INTO permit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute((
                permit.id,
                permit.target,
                permit.lane,
                permit.message,
                permit.started_at.as_micros(),
                permit.held_until.map(Time::as_micros),
                permit
                    .holds_for
                    .map(|length| i64::try_from(length.as_micros()).unwrap_or(i64::MAX)),
                (!permit.charges.is_empty())
                    .then(|| serde_json::to_string(&permit.charges).expect("charges are numbers")),
            ))?;
        Ok(())
    }

    /// Holds the slots of a permit whose outcome is unknown.
    pub fn hold_permit(&self, id: PermitId, until: Time) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached("UPDATE permit SET held_until = ?2 WHERE id = ?1")?
            .execute((id, until.as_micros()))?;
        Ok(())
    }

    /// Deletes a permit: its call has an outcome, or its hold is over.
    pub fn delete_permit(&self, id: PermitId) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached("DELETE FROM permit WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }

    /// Notes when a call was last answered or its hold began. A call without a task leaves no other trace, and a later start
    /// must not have an earlier time.
    pub fn note_answer_time(&self, now: Time) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached(
                "INSERT INTO meta (name, value) VALUES (?1, ?2) \
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute((NEWEST_ANSWER, now.as_micros().to_be_bytes()))?;
        Ok(())
    }

    /// When a call was last answered or its hold began, if one ever was.
    pub fn newest_answer_time(&self) -> Result<Option<Time>, StoreError> {
        let query = "SELECT value FROM meta WHERE name = ?1";
        let found: Option<Vec<u8>> = optional(self.connection.query_row(
            query,
            [NEWEST_ANSWER],
            |row| row.get(0),
        ))?;
        let Some(bytes) = found else {
            return Ok(None);
        };
        let bytes = <[u8; 8]>::try_from(bytes)
            .map_err(|_| StoreError::damaged(format!("{NEWEST_ANSWER} is no time")))?;
        Ok(Some(Time::from_micros(i64::from_be_bytes(bytes))))
    }

    /// Forgets when a call was last answered, if that cannot be read.
    ///
    /// # Errors
    /// When the store failed.
    pub fn forget_answer_time(&self) -> Result<(), StoreFailure> {
        self.connection
            .execute("DELETE FROM meta WHERE name = ?1", [NEWEST_ANSWER])?;
        Ok(())
    }

    /// The permits that are out, oldest first.
    pub fn permits(&self) -> Result<Vec<PermitRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, target, lane, message, started_at, held_until, holds_for, charges FROM permit \
             ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(PermitRow {
                id: row.get(0)?,
                target: row.get(1)?,
                lane: row.get(2)?,
                message: row.get(3)?,
                started_at: micros(row, 4)?,
                held_until: optional_micros(row, 5)?,
                holds_for: row
                    .get::<_, Option<i64>>(6)?
                    .map(|micros| Duration::from_micros(micros.unsigned_abs())),
                charges: charges(row.get(7)?)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds or changes the slots that calls have taken in windows.
    pub fn put_slots(&self, target: TargetId, places: &[WindowRow]) -> Result<(), StoreFailure> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO window_place VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET until = excluded.until, count = excluded.count",
        )?;
        for place in places {
            if let Some(key) = place.key {
                put_keyed_slot(self.connection, target, place, key)?;
                continue;
            }
            statement.execute((
                target,
                &place.limit,
                place.slot,
                place.until.as_micros(),
                place.count,
            ))?;
        }
        Ok(())
    }

    /// Forgets all slots of a target's windows.
    pub fn delete_slots(&self, target: TargetId) -> Result<(), StoreFailure> {
        self.connection
            .execute("DELETE FROM window_place WHERE target = ?1", [target])?;
        self.connection
            .execute("DELETE FROM keyed_slot WHERE target = ?1", [target])?;
        Ok(())
    }

    /// The slots that are taken in the windows of a target.
    pub fn places(&self, target: TargetId) -> Result<Vec<WindowRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT limit_name, slot, until, count, NULL FROM window_place WHERE target = ?1 \
             UNION ALL SELECT limit_name, slot, until, count, key FROM keyed_slot WHERE target = ?1",
        )?;
        let rows = statement.query_map([target], |row| {
            Ok(WindowRow {
                limit: row.get(0)?,
                slot: row.get(1)?,
                until: micros(row, 2)?,
                count: row.get(3)?,
                key: row
                    .get::<_, Option<i64>>(4)?
                    .and_then(|key| Key::from_number(key.cast_unsigned())),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Makes the slots of a target's windows free later by this much, except those of some limits.
    pub fn postpone_slots(
        &self,
        target: TargetId,
        by: Duration,
        except: &[&str],
    ) -> Result<(), StoreError> {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let except = serde_json::json!(except).to_string();
        for table in ["window_place", "keyed_slot"] {
            let mut statement = self.connection.prepare_cached(&format!(
                "UPDATE {table} SET until = min(until, ?3 - ?2) + ?2 WHERE target = ?1 \
                 AND NOT EXISTS (SELECT 1 FROM json_each(?4) WHERE value = limit_name)"
            ))?;
            statement.execute((target, micros, i64::MAX, &except))?;
        }
        Ok(())
    }

    /// Makes all holds end later by this much.
    pub fn postpone_holds(&self, by: Duration) -> Result<(), StoreError> {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.connection.execute(
            "UPDATE permit SET held_until = min(held_until, ?2 - ?1) + ?1 WHERE held_until IS NOT NULL",
            (micros, i64::MAX),
        )?;
        Ok(())
    }

    /// Keeps what a gate learned from the vendor's throttles.
    pub fn remember(&self, target: TargetId, memory: &Memory) -> Result<(), StoreFailure> {
        let text = serde_json::to_string(memory).expect("a memory has only text keys and numbers");
        self.connection
            .prepare_cached("UPDATE target SET memory = ?2 WHERE id = ?1")?
            .execute((target, text))?;
        Ok(())
    }

    /// Keeps the last error of a target, and since when nothing has gone well there.
    pub fn put_target_error(
        &self,
        target: TargetId,
        error: &TargetErrorRow,
    ) -> Result<(), StoreFailure> {
        self.connection
            .prepare_cached(
                "INSERT INTO target_error VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
                 at = excluded.at, since = excluded.since, words = excluded.words",
            )?
            .execute((
                target,
                error.at.as_micros(),
                error.since.as_micros(),
                &error.words,
            ))?;
        Ok(())
    }

    /// The last error of a target, if one was kept.
    pub fn target_error(&self, target: TargetId) -> Result<Option<TargetErrorRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, since, words FROM target_error WHERE target = ?1")?;
        let row = statement.query_row([target], |row| {
            Ok(TargetErrorRow {
                at: Time::from_micros(row.get(0)?),
                since: Time::from_micros(row.get(1)?),
                words: row.get(2)?,
            })
        });
        Ok(optional(row)?)
    }

    /// What a gate had learned, if anything was kept.
    pub fn memory(&self, target: TargetId) -> Result<Option<Memory>, StoreError> {
        let query = "SELECT memory FROM target WHERE id = ?1 AND memory IS NOT NULL";
        let text: Option<String> =
            optional(self.connection.query_row(query, [target], |row| row.get(0)))?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| StoreError::damaged(format!("a gate's memory: {error}")))
    }
}

fn charges(text: Option<String>) -> rusqlite::Result<Vec<KeptCharge>> {
    let read = text.map(|text| serde_json::from_str(&text)).transpose();
    let charges = read.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(charges.unwrap_or_default())
}

fn put_keyed_slot(
    connection: &Connection,
    target: TargetId,
    place: &WindowRow,
    key: Key,
) -> Result<(), StoreFailure> {
    connection
        .prepare_cached(
            "INSERT INTO keyed_slot VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT DO UPDATE SET until = excluded.until, count = excluded.count",
        )?
        .execute((
            target,
            &place.limit,
            key.number().cast_signed(),
            place.slot,
            place.until.as_micros(),
            place.count,
        ))?;
    Ok(())
}

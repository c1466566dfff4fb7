//! Rows of what people changed while the server ran: limits that differ from the configuration, and the audit trail.

use std::collections::BTreeMap;

use rampmeter_dispatch::Time;
use rampmeter_time::UnixMillis;
use rusqlite::Connection;

use crate::column::{millis, optional_micros};
use crate::connection::optional;
use crate::damaged::readable;
use crate::error::{StoreError, StoreFailure};
use crate::model::control::ControlRecord;
use crate::model::id::TargetId;
use crate::tables::ControlTables;

/// A maximum for a limit other than the configured one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitOverride {
    /// The maximum in force.
    pub max: u64,
    /// When the configured one is in force again; absent if the change stays.
    pub expires_at: Option<Time>,
}

impl ControlTables<'_> {
    /// The limits of a target that differ from the configuration, by name.
    pub fn overrides(
        &self,
        target: TargetId,
    ) -> Result<BTreeMap<String, LimitOverride>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT limit_name, max, expires_at FROM limit_override WHERE target = ?1")?;
        let rows = statement.query_map([target], |row| {
            let change = LimitOverride {
                max: row.get::<_, i64>(1)?.unsigned_abs(),
                expires_at: optional_micros(row, 2)?,
            };
            Ok((row.get(0)?, change))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes the limits of a target that differ from the configuration; rows of any others are deleted.
    pub fn put_overrides(
        &self,
        target: TargetId,
        overrides: &BTreeMap<String, LimitOverride>,
    ) -> Result<(), StoreFailure> {
        self.connection
            .execute("DELETE FROM limit_override WHERE target = ?1", [target])?;
        for (limit, change) in overrides {
            self.connection.execute(
                "INSERT INTO limit_override VALUES (?1, ?2, ?3, ?4)",
                (
                    target,
                    limit,
                    i64::try_from(change.max).unwrap_or(i64::MAX),
                    change.expires_at.map(Time::as_micros),
                ),
            )?;
        }
        Ok(())
    }

    /// Adds an entry to the audit trail. Returns its number.
    pub fn insert_control(&self, record: &ControlRecord) -> Result<i64, StoreFailure> {
        self.connection
            .prepare_cached(
                "INSERT INTO control (at, target, kind, subject, change, reason, actor) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                record.at.0,
                &record.target,
                &record.kind,
                &record.subject,
                &record.change,
                &record.reason,
                &record.by,
            ))?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Whether an entry of the audit trail stands for many changes.
    pub fn is_bulk(&self, entry: i64) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind IN ('bulk_redrive', 'bulk_discard') FROM control WHERE id = ?1",
        )?;
        let is_bulk = optional(statement.query_row([entry], |row| row.get(0)))?;
        Ok(is_bulk.unwrap_or(false))
    }

    /// Deletes what clients did to executions and calls before this moment, at most `most` entries: there is one for each
    /// start. What people changed is kept. Returns how many there were.
    pub fn delete_actions(&self, before: UnixMillis, most: u32) -> Result<u32, StoreFailure> {
        let deleted = self
            .connection
            .prepare_cached(
                "DELETE FROM control WHERE id IN (SELECT id FROM control \
                 WHERE kind IN ('start', 'submit') AND id < coalesce( \
                 (SELECT id FROM control WHERE at >= ?1 ORDER BY id LIMIT 1), 9223372036854775807) \
                 ORDER BY id LIMIT ?2)",
            )?
            .execute((before.0, most))?;
        Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
    }

    /// When the manual pause in force for a target or one of its lanes began, and why: `subject` is empty, or the priority.
    pub fn pause_in_force(
        &self,
        target: &str,
        subject: &str,
    ) -> Result<Option<(Time, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, at, reason FROM control \
             WHERE target = ?1 AND kind IN ('pause', 'resume') AND subject = ?2 \
             ORDER BY id DESC LIMIT 1",
        )?;
        let newest = statement.query_row([target, subject], |row| {
            let kind: String = row.get(0)?;
            Ok((kind, Time::from(millis(row, 1)?), row.get(2)?))
        });
        let newest = optional(newest)?.filter(|(kind, ..)| kind == "pause");
        Ok(newest.map(|(_, at, reason)| (at, reason)))
    }
}

impl ControlTables<'_> {
    /// Carries the pauses in force of a target over to another name, with who made them and since when.
    pub fn rename_pauses(&self, from: &str, to: &str) -> Result<(), StoreFailure> {
        self.connection.execute(
            "INSERT INTO control (at, target, kind, subject, change, reason, actor) \
             SELECT at, ?2, kind, subject, change, reason, actor FROM control WHERE kind = 'pause' AND id IN \
             (SELECT max(id) FROM control WHERE target = ?1 AND kind IN ('pause', 'resume') GROUP BY subject)",
            (from, to),
        )?;
        Ok(())
    }
}

/// Entries of the audit trail with their numbers, newest first: at most `most`, and only those before a number.
pub fn controls(
    connection: &Connection,
    before: i64,
    most: u32,
) -> Result<Vec<(i64, ControlRecord)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT at, target, kind, subject, change, reason, actor, id FROM control \
         WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map([before, most.into()], |row| {
        let record = ControlRecord {
            at: millis(row, 0)?,
            target: row.get(1)?,
            kind: row.get(2)?,
            subject: row.get(3)?,
            change: row.get(4)?,
            reason: row.get(5)?,
            by: row.get(6)?,
        };
        Ok((row.get(7)?, record))
    })?;
    Ok(readable(rows, "an entry of the audit trail")?)
}

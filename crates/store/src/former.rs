//! The configuration that the store was last served with: one text in `meta`, which is read by whoever wrote it. Also the
//! targets that the store knows, and renaming one.

use crate::connection::{Store, optional};
use crate::error::{Readable, StoreError, StoreFailure, readable};
use crate::model::id::TargetId;

/// Name of the row.
const SERVED_WITH: &str = "served with";

impl Store {
    /// Notes what the store is served with from now on.
    pub fn put_served_with(&self, text: &str) -> Result<(), StoreFailure> {
        self.connection.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) \
             ON CONFLICT DO UPDATE SET value = excluded.value",
            (SERVED_WITH, text),
        )?;
        Ok(())
    }

    /// What it was served with last, if that is known and readable.
    pub fn served_with(&self) -> Result<Option<String>, StoreFailure> {
        let query = "SELECT value FROM meta WHERE name = ?1";
        let found = optional(
            self.connection
                .query_row(query, [SERVED_WITH], |row| row.get::<_, String>(0)),
        );
        Ok(match readable(found.map_err(StoreError::from))? {
            Readable::Whole(found) => found,
            Readable::Damaged(_) => None,
        })
    }

    /// All targets that ever existed, by name.
    pub fn target_names(&self) -> Result<Vec<(String, TargetId)>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT name, id FROM target ORDER BY name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Renames a target and its queues: `queues` holds the old and the new names. Returns whether all of the new names were
    /// free; if not, nothing has changed.
    pub fn rename_target(
        &self,
        id: TargetId,
        to: &str,
        queues: &[(String, String)],
    ) -> Result<bool, StoreError> {
        for (_, name) in queues {
            let query = "SELECT count(*) FROM queue WHERE name = ?1";
            let taken: i64 = self.connection.query_row(query, [name], |row| row.get(0))?;
            if taken > 0 {
                return Ok(false);
            }
        }
        let renamed = self.connection.execute(
            "UPDATE OR IGNORE target SET name = ?2 WHERE id = ?1",
            (id, to),
        )?;
        if renamed == 0 {
            return Ok(false);
        }
        for (from, name) in queues {
            self.connection.execute(
                "UPDATE queue SET name = ?3 WHERE name = ?2 AND target = ?1",
                (id, from, name),
            )?;
        }
        Ok(true)
    }
}

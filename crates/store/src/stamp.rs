//! The clocks at the last commit: one row of `meta`.

use rampmeter_clock::Stamp;

use crate::connection::{Store, optional};
use crate::error::{Readable, StoreError, StoreFailure, readable};

/// Name of the row.
const LAST_COMMIT: &str = "clocks at the last commit";

impl Store {
    /// Notes what the clocks say, in the transaction that is about to be committed.
    pub fn put_stamp(&self, stamp: &Stamp) -> Result<(), StoreFailure> {
        let text = serde_json::to_string(stamp).expect("a stamp is numbers and a text");
        self.connection
            .prepare_cached(
                "INSERT INTO meta (name, value) VALUES (?1, ?2) \
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute((LAST_COMMIT, text))?;
        Ok(())
    }

    /// What the clocks said at the last commit. An unreadable stamp counts as none: the start then trusts no clock.
    pub fn stamp(&self) -> Result<Option<Stamp>, StoreFailure> {
        let query = "SELECT value FROM meta WHERE name = ?1";
        let found = optional(
            self.connection
                .query_row(query, [LAST_COMMIT], |row| row.get::<_, String>(0)),
        );
        Ok(match readable(found.map_err(StoreError::from))? {
            Readable::Whole(found) => found.and_then(|text| serde_json::from_str(&text).ok()),
            Readable::Damaged(_) => None,
        })
    }
}

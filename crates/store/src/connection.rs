//! The only door to SQLite: one connection that writes, in transactions that the writer opens and commits.
//!
//! A transaction is synced to disk when `commit` returns (WAL, `synchronous=FULL`). Any failure here poisons the
//! store: the writer stops, the process exits, a restart recovers. The queries of each table are in the folders beside
//! this file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::{StoreError, StoreFailure, StoreOpenError};
use crate::format;

/// The writing connection.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
}

impl Store {
    /// Opens the store at `path`, making it if there is none.
    pub fn open(path: &Path) -> Result<Store, StoreOpenError> {
        let connection = Connection::open(path)?;
        format::set_up(&connection)?;
        connection.set_prepared_statement_cache_capacity(128);
        Ok(Store { connection })
    }

    /// Begins a transaction.
    pub fn begin(&self) -> Result<(), StoreFailure> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Returns when the transaction is on disk.
    pub fn commit(&self) -> Result<(), StoreFailure> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Carries the log over into the file, for a store that is about to be closed. A reader may keep a part of it back.
    pub fn tidy(&self) -> Result<(), StoreFailure> {
        let carry = "PRAGMA wal_checkpoint(TRUNCATE)";
        Ok(self.connection.query_row(carry, [], |_| Ok(()))?)
    }

    /// Puts a value in the place of one that cannot be read.
    ///
    /// # Errors
    /// When the store failed.
    pub fn replace_meta(&self, name: &str, value: &[u8]) -> Result<(), StoreFailure> {
        self.connection.execute(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
            (name, value),
        )?;
        Ok(())
    }

    /// A value of the `meta` table, or the one that `make` gives, which is then kept.
    pub fn meta(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let found = optional(self.connection.query_row(
            "SELECT value FROM meta WHERE name = ?1",
            [name],
            |row| row.get(0),
        ))?;
        if let Some(value) = found {
            return Ok(value);
        }
        let value = make();
        self.connection.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2)",
            (name, &value),
        )?;
        Ok(value)
    }
}

/// A connection that only reads, for queries beside the writer.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// A row that may be absent.
pub fn optional<T>(found: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::FORMAT;

    fn path() -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rampmeter.db");
        (directory, path)
    }

    #[test]
    fn a_newer_format_is_refused_and_left_as_it_is() {
        let (_directory, path) = path();
        drop(Store::open(&path).unwrap());
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", FORMAT + 1)
            .unwrap();
        let refused = Store::open(&path).unwrap_err();
        assert!(matches!(refused, StoreOpenError::NewerFormat { found } if found == FORMAT + 1));
    }

    #[test]
    fn a_database_of_somebody_else_is_refused() {
        let (_directory, path) = path();
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE theirs (x)")
            .unwrap();
        assert!(matches!(
            Store::open(&path).unwrap_err(),
            StoreOpenError::Foreign
        ));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let (_directory, path) = path();
        std::fs::write(
            &path,
            "this is not SQLite, and long enough to be read as a header",
        )
        .unwrap();
        assert!(Store::open(&path).is_err());
    }

    #[test]
    fn a_commit_is_synced_before_it_returns() {
        let (_directory, path) = path();
        let store = Store::open(&path).unwrap();
        let read = |name: &str| -> i64 {
            store
                .connection
                .pragma_query_value(None, name, |row| row.get(0))
                .unwrap()
        };
        assert_eq!(read("synchronous"), 2, "FULL");
        let mode: String = store
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn the_bundled_library_is_past_the_wal_reset_mend() {
        assert!(
            rusqlite::version_number() >= 3_051_003,
            "{}",
            rusqlite::version()
        );
    }
}

//! The connection to SQLite: the one that writes, in transactions that the writer opens and commits.
//!
//! A transaction is synced to disk when `commit` returns (WAL, `synchronous=FULL`). Any failure here poisons the
//! store: the writer stops, the process exits, a restart recovers. The queries of each table are in the folders beside
//! this file.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{StoreError, StoreFailure, StoreOpenError};
use crate::format;

/// How long closing a store waits for readers.
const TIDY_WAITS: Duration = Duration::from_secs(5);

/// Prepared statements kept: more than there are, so that none is prepared twice.
const STATEMENTS: usize = 256;

/// The writing connection.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
}

impl Store {
    /// Opens the store at `path`, creating it if there is none.
    pub fn open(path: &Path) -> Result<Store, StoreOpenError> {
        let mut connection = Connection::open(path)?;
        connection.busy_handler(Some(wait_for_others))?;
        format::set_up(&connection)?;
        carry_log_over(&connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        keep_plans(&connection)?;
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

    /// Checkpoints the log into the file, for a store that is about to be closed. A reader may keep part of it back.
    pub fn tidy(&self) -> Result<(), StoreFailure> {
        self.connection.busy_timeout(TIDY_WAITS)?;
        let carry = "PRAGMA wal_checkpoint(TRUNCATE)";
        Ok(self.connection.query_row(carry, [], |_| Ok(()))?)
    }

    /// Replaces a value that cannot be read.
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

    /// A value of the `meta` table; if there is none, the one that `make` returns, which is then kept.
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

/// Writes what the log holds into the file, syncs it, and begins the log anew. An earlier process may have ended at a sync
/// that failed. Then part of the log may be in memory but, unnoticed, not on the disk, and whatever is written after that
/// gap would be lost in a power failure. Nothing may be acknowledged before this.
fn carry_log_over(connection: &Connection) -> Result<(), StoreError> {
    loop {
        let carry = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = connection.query_row(carry, [], |row| row.get(0))?;
        if busy == 0 {
            return Ok(());
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
}

/// Time between two tries for the lock that another process has on the file.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Tries between two log lines that say that the lock is still being waited for.
const TRIES_TOLD: i32 = 250;

/// Waits for a lock that another process holds on the file: the disk has not failed, and nothing is lost meanwhile.
fn wait_for_others(tries: i32) -> bool {
    if tries % TRIES_TOLD == TRIES_TOLD / 10 {
        tracing::warn!(
            "another process holds a lock on rampmeter.db: nothing is committed until it lets go"
        );
    }
    std::thread::sleep(BETWEEN_TRIES);
    true
}

/// A connection that only reads, for queries outside the writer.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    keep_plans(&connection)?;
    Ok(connection)
}

/// Makes query plans independent of bound values. Otherwise SQLite prepares a statement with a bound `LIMIT` again at each
/// use, to look at the number; that took a fifth of the writer's time.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
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
    use rusqlite::StatementStatus;

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
    fn a_statement_with_a_bound_limit_is_prepared_once() {
        let (_directory, path) = path();
        let store = Store::open(&path).unwrap();
        let mut statement = store
            .connection
            .prepare("SELECT at FROM timer WHERE at <= ?1 ORDER BY at LIMIT ?2")
            .unwrap();
        for limit in 0..100 {
            let rows = statement.query_map((limit, limit), |row| row.get::<_, i64>(0));
            assert_eq!(rows.unwrap().count(), 0);
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    #[test]
    fn a_start_carries_the_log_of_a_process_that_was_killed_over_into_the_file() {
        let (directory, path) = path();
        let store = Store::open(&path).unwrap();
        store.begin().unwrap();
        store.meta("kept", || vec![1]).unwrap();
        store.commit().unwrap();
        let killed = directory.path().join("killed.db");
        std::fs::copy(&path, &killed).unwrap();
        let log = |path: &Path| path.with_extension("db-wal");
        std::fs::copy(log(&path), log(&killed)).unwrap();
        assert!(std::fs::metadata(log(&killed)).unwrap().len() > 0);
        let store = Store::open(&killed).unwrap();
        assert_eq!(std::fs::metadata(log(&killed)).unwrap().len(), 0);
        assert_eq!(store.meta("kept", || vec![2]).unwrap(), [1]);
    }

    #[test]
    fn a_lock_of_another_process_is_waited_for() {
        let (_directory, path) = path();
        let store = Store::open(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                other.execute_batch("COMMIT").unwrap();
            });
            store.begin().unwrap();
            store.commit().unwrap();
        });
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

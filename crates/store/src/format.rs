//! The format of the file: how it is marked, created, migrated and checked. Format numbers only grow; a newer one is
//! refused.

use rusqlite::Connection;

use crate::error::{StoreError, StoreOpenError};

/// The format that this version writes, kept in `PRAGMA user_version`.
pub const FORMAT: i64 = 7;

/// The oldest format that can be migrated to it.
pub const OLDEST_FORMAT: i64 = 1;

/// "Ramp" in ASCII, kept in `PRAGMA application_id`, so that `file` and other tools can tell what the file is.
const APPLICATION_ID: i64 = 0x5261_6d70;

/// Configures the connection for durable commits, and creates the tables in a new file.
pub(crate) fn set_up(connection: &Connection) -> Result<(), StoreOpenError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = found == 0 && application == 0 && tables == 0;
    if !new && application != APPLICATION_ID {
        return Err(StoreOpenError::Foreign);
    }
    if found > FORMAT {
        return Err(StoreOpenError::NewerFormat { found });
    }
    configure(connection)?;
    if new {
        make(connection)?;
    } else if found < FORMAT {
        migrate(connection, found)?;
    }
    Ok(())
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // Negative means kibibytes: 64 MiB of pages.
    connection.pragma_update(None, "cache_size", -65_536)?;
    // Pages in the log before a checkpoint; the log is cut back to 64 MiB after that.
    connection.pragma_update(None, "wal_autocheckpoint", 4_096)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(())
}

/// Creates the tables of this format in an empty file.
pub(crate) fn make(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(include_str!("schema.sql"))?;
    connection.execute_batch(include_str!("queues.sql"))?;
    connection.execute_batch(include_str!("calls.sql"))?;
    connection.execute_batch(include_str!("letters.sql"))?;
    connection.execute_batch(include_str!("damaged.sql"))?;
    connection.execute_batch(include_str!("trouble.sql"))?;
    connection.execute_batch(include_str!("counted.sql"))?;
    connection.execute_batch(include_str!("actor.sql"))?;
    connection.execute_batch(include_str!("line.sql"))?;
    connection.execute_batch(include_str!("waits.sql"))?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    Ok(connection.execute_batch("COMMIT")?)
}

/// Migrates a file of an older format to this one.
fn migrate(connection: &Connection, found: i64) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    if found < 2 {
        connection.execute_batch(include_str!("calls.sql"))?;
    }
    if found < 3 {
        connection.execute_batch(include_str!("letters.sql"))?;
    }
    if found < 4 {
        connection.execute_batch(include_str!("damaged.sql"))?;
    }
    if found < 5 {
        connection.execute_batch(include_str!("trouble.sql"))?;
        connection.execute_batch(include_str!("counted.sql"))?;
    }
    if found < 6 {
        connection.execute_batch(include_str!("actor.sql"))?;
    }
    connection.execute_batch(include_str!("line.sql"))?;
    connection.execute_batch(include_str!("waits.sql"))?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    Ok(connection.execute_batch("COMMIT")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables and indexes, with the SQL that made them.
    fn layout(connection: &Connection) -> Vec<(String, Option<String>)> {
        let mut rows = connection
            .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
            .unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn of_format(format: i64, path: &std::path::Path) {
        let connection = Connection::open(path).unwrap();
        let first = [include_str!("schema.sql"), include_str!("queues.sql")];
        let second = (format > 1).then_some(include_str!("calls.sql"));
        let third = (format > 2).then_some(include_str!("letters.sql"));
        let fourth = (format > 3).then_some(include_str!("damaged.sql"));
        let fifth = [include_str!("trouble.sql"), include_str!("counted.sql")];
        let fifth = fifth.into_iter().filter(|_| format > 4);
        let sixth = (format > 5).then_some(include_str!("actor.sql"));
        let later = second.into_iter().chain(third).chain(fourth);
        let later = later.chain(fifth).chain(sixth);
        for tables in first.into_iter().chain(later) {
            connection.execute_batch(tables).unwrap();
        }
        connection
            .execute("INSERT INTO meta (name, value) VALUES ('kept', x'01')", [])
            .unwrap();
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        connection
            .pragma_update(None, "user_version", format)
            .unwrap();
    }

    #[test]
    fn a_file_of_format_1_is_brought_up_with_what_it_holds_to_what_a_new_file_has() {
        is_brought_up(1);
    }

    #[test]
    fn a_file_of_format_2_is_brought_up_with_what_it_holds_to_what_a_new_file_has() {
        is_brought_up(2);
    }

    #[test]
    fn a_file_of_format_3_is_brought_up_with_what_it_holds_to_what_a_new_file_has() {
        is_brought_up(3);
    }

    #[test]
    fn a_file_of_format_4_is_brought_up_with_what_it_holds_to_what_a_new_file_has() {
        is_brought_up(4);
    }

    #[test]
    fn a_file_of_format_5_is_brought_up_with_what_it_holds_to_what_a_new_file_has() {
        is_brought_up(5);
    }

    #[test]
    fn a_file_of_format_6_is_brought_up_with_what_it_holds_to_what_a_new_file_has() {
        is_brought_up(6);
    }

    fn is_brought_up(format: i64) {
        let directory = tempfile::tempdir().unwrap();
        let (old, new) = (
            directory.path().join("old.db"),
            directory.path().join("new.db"),
        );
        of_format(format, &old);
        // The second time there is nothing left to do.
        for _ in 0..2 {
            set_up(&Connection::open(&old).unwrap()).unwrap();
        }
        set_up(&Connection::open(&new).unwrap()).unwrap();
        let (old, new) = (
            Connection::open(&old).unwrap(),
            Connection::open(&new).unwrap(),
        );
        assert_eq!(layout(&old), layout(&new));
        let written: i64 = old
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(written, FORMAT);
        let kept: Vec<u8> = old
            .query_row("SELECT value FROM meta WHERE name = 'kept'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(kept, [1]);
    }
}

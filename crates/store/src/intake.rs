//! What a restore accepts from a backup that somebody else may have written or changed: regular files, and a store that
//! contains nothing but what this version makes. Whether the contents are what was backed up is checked by digests,
//! elsewhere.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rustix::fs::OFlags;

use crate::error::StoreError;
use crate::format;

/// Opens a regular file for reading. A link is not followed, and a pipe is not waited for.
///
/// # Errors
/// Those of opening; `InvalidInput` for anything but a regular file.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = opened.map_err(|why| match rustix::io::Errno::from_io_error(&why) {
        Some(rustix::io::Errno::LOOP) => not_plain(),
        _ => why,
    })?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(not_plain())
    }
}

fn not_plain() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "it is no plain file, and a restore follows no link",
    )
}

/// Makes a connection to an untrusted store that runs nothing stored in it.
pub(crate) fn distrust(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    Ok(())
}

/// The name of an object in a store that this version does not make, or makes differently: a trigger, a view, a changed
/// table. A store of an older format has fewer of these objects, and no others.
pub(crate) fn foreign_object(connection: &Connection) -> Result<Option<String>, StoreError> {
    let fresh = Connection::open_in_memory()?;
    format::make(&fresh)?;
    let ours = objects(&fresh)?;
    let found = objects(connection)?.into_iter();
    Ok(found
        .filter(|object| !ours.contains(object))
        .map(|object| object.name)
        // SQLite's own statistics, which a person may have made with ANALYZE.
        .find(|name| !name.starts_with("sqlite_stat")))
}

/// One row of the schema.
#[derive(Debug, PartialEq, Eq)]
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: Option<String>,
}

fn objects(connection: &Connection) -> Result<Vec<Object>, StoreError> {
    let mut rows = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let rows = rows.query_map([], |row| {
        Ok(Object {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_a_pipe_are_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link, pipe) = ["file", "link", "pipe"]
            .map(|name| directory.path().join(name))
            .into();
        std::fs::write(&file, "x").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        assert!(open_plain(&file).is_ok());
        for refused in [&link, &pipe, &directory.path().to_owned()] {
            let why = open_plain(refused).unwrap_err();
            assert_eq!(why.kind(), io::ErrorKind::InvalidInput, "{refused:?}");
        }
    }

    #[test]
    fn a_trigger_a_view_and_a_changed_table_are_foreign() {
        for (planted, name) in [
            (
                "CREATE TRIGGER planted AFTER UPDATE ON target BEGIN DELETE FROM meta; END",
                "planted",
            ),
            ("CREATE VIEW seen AS SELECT * FROM meta", "seen"),
            ("ALTER TABLE meta ADD COLUMN more", "meta"),
        ] {
            let connection = Connection::open_in_memory().unwrap();
            format::make(&connection).unwrap();
            assert_eq!(foreign_object(&connection).unwrap(), None);
            connection.execute_batch(planted).unwrap();
            assert_eq!(foreign_object(&connection).unwrap().as_deref(), Some(name));
        }
    }
}

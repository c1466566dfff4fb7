//! Backups of a data directory, taken while an engine runs on it or not, and restoring them.
//!
//! A backup is a directory: the store as one file, as of one moment; the answer bodies that it names; and, written last,
//! `backup.json`, which lists the contents and their digests. What happened after that moment is not in the backup and
//! happens again after a restore, the calls under the same idempotency keys. The windows of the limits know nothing of those
//! later calls either, so a restored store comes up with every target paused until a person resumes it.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rampmeter_dispatch::{Memory, Scope};
use rampmeter_time::UnixMillis;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::directory::blobs_path;
use crate::directory::store_path;
use crate::error::StoreError;
use crate::format::FORMAT;
use crate::intake::{distrust, foreign_object, open_plain};
use crate::numbers::Sequence;

const MANIFEST: &str = "backup.json";
const SCHEMA: &str = "rampmeter.backup/1";
/// Bytes read from a file at once.
const CHUNK: usize = 1 << 20;

/// The contents of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    schema: String,
    /// When it was begun.
    pub made_at: UnixMillis,
    /// The version of Rampmeter that made it.
    pub version: String,
    /// The format of the store.
    pub format: i64,
    /// Length of the store in bytes.
    pub store_bytes: u64,
    /// SHA-256 of the store, in hexadecimal.
    pub store_sha256: String,
    /// Number of answer bodies.
    pub bodies: u64,
    /// Their length in bytes.
    pub body_bytes: u64,
    /// Bodies that retention deleted while the backup was made.
    pub gone: BTreeSet<i64>,
    /// Bodies whose contents differ from what was written: the disk has changed them.
    pub damaged: BTreeSet<i64>,
}

/// Why a backup or a restore failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The directory to write to is not empty.
    #[error("the directory {0} is not empty")]
    NotEmpty(PathBuf),
    /// There is nothing to back up.
    #[error("there is no store in {0}")]
    NoStore(PathBuf),
    /// The directory is not a backup, or the backup was not finished.
    #[error("{0} is no backup: it has no backup.json that can be read ({1})")]
    NoBackup(PathBuf, String),
    /// A newer version made it.
    #[error("the backup has format {0}, newer than this version knows")]
    NewerFormat(i64),
    /// A file differs from what the backup says of it.
    #[error("{0} is damaged: {1}")]
    Damaged(PathBuf, String),
    /// The store cannot be read.
    #[error("the store cannot be read: {0}")]
    Store(#[from] rusqlite::Error),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Progress: bodies done, and how many there are.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// One body, as the store knows it.
struct Body {
    id: i64,
    sha256: String,
    size: u64,
}

/// Backs up a data directory into a new or empty directory.
///
/// # Errors
/// See [`BackupError`]. A directory without `backup.json` is no backup.
pub fn back_up(
    data_dir: &Path,
    to: &Path,
    made_at: UnixMillis,
    version: &str,
    progress: Progress<'_>,
) -> Result<Backup, BackupError> {
    let store = store_path(data_dir);
    if !store.is_file() {
        return Err(BackupError::NoStore(data_dir.to_owned()));
    }
    make_empty(to)?;
    let copy = store_path(to);
    copy_store(&store, &copy)?;
    let (store_sha256, store_bytes) = digest_of(&copy)?;
    let (format, bodies) = contents(&copy)?;
    let mut backup = Backup {
        schema: SCHEMA.to_owned(),
        made_at,
        version: version.to_owned(),
        format,
        store_bytes,
        store_sha256,
        bodies: 0,
        body_bytes: 0,
        gone: BTreeSet::new(),
        damaged: BTreeSet::new(),
    };
    let (from, into) = (blobs_path(data_dir), blobs_path(to));
    make_empty(&into)?;
    for (done, body) in (1..).zip(&bodies) {
        match copy_body(&from, &into, body) {
            Ok(whole) => {
                backup.bodies += 1;
                backup.body_bytes += body.size;
                if !whole {
                    backup.damaged.insert(body.id);
                }
            }
            Err(BackupError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                backup.gone.insert(body.id);
            }
            Err(error) => return Err(error),
        }
        progress(done, bodies.len() as u64);
    }
    sync_directory(&into)?;
    let manifest = to.join(MANIFEST);
    let text = serde_json::to_string_pretty(&backup).expect("numbers and texts");
    write_synced(&manifest, text.as_bytes())?;
    sync_directory(to)?;
    Ok(backup)
}

/// Restores a backup into a new or empty data directory, once all of it is known to be as written. Every target is paused.
///
/// # Errors
/// See [`BackupError`]. A directory in which a restore failed has no store.
pub fn restore(
    from: &Path,
    data_dir: &Path,
    progress: Progress<'_>,
) -> Result<Backup, BackupError> {
    let backup = manifest_of(from)?;
    make_empty(data_dir)?;
    // SQLite sees only the copy: a journal beside the store of a backup would be replayed without question.
    let unfinished = data_dir.join("unfinished.db");
    let bodies = take_store(&store_path(from), &unfinished, &backup.store_sha256);
    let bodies = bodies.inspect_err(|_| {
        // The directory stays empty, for another backup. If that fails too, the first error says more.
        let _ = fs::remove_file(&unfinished);
    })?;
    let (from_bodies, into) = (blobs_path(from), blobs_path(data_dir));
    make_empty(&into)?;
    if fs::symlink_metadata(&from_bodies).is_ok_and(|bodies| bodies.is_symlink()) {
        let why = "it is a link, and a restore follows none".to_owned();
        return Err(BackupError::Damaged(from_bodies, why));
    }
    let there = bodies.iter().filter(|body| !backup.gone.contains(&body.id));
    for (done, body) in (1..).zip(there) {
        let whole = copy_body(&from_bodies, &into, body)?;
        if !whole && !backup.damaged.contains(&body.id) {
            let why = "its SHA-256 is not that in the store".to_owned();
            return Err(BackupError::Damaged(
                from_bodies.join(body.id.to_string()),
                why,
            ));
        }
        progress(done, backup.bodies);
    }
    sync_directory(&into)?;
    let store = store_path(data_dir);
    begin_timeline(&unfinished)?;
    File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .map_err(of(&unfinished))?;
    fs::rename(&unfinished, &store).map_err(of(&store))?;
    sync_directory(data_dir)?;
    Ok(backup)
}

/// Copies the store of a backup, checks the copy, and returns the bodies that it names.
fn take_store(store: &Path, copy: &Path, sha256: &str) -> Result<Vec<Body>, BackupError> {
    if take(store, copy)? != sha256 {
        let why = "its SHA-256 is not that in backup.json".to_owned();
        return Err(BackupError::Damaged(store.to_owned(), why));
    }
    Ok(contents(copy)?.1)
}

fn manifest_of(from: &Path) -> Result<Backup, BackupError> {
    let no_backup = |why: String| BackupError::NoBackup(from.to_owned(), why);
    let text = open_plain(&from.join(MANIFEST)).and_then(io::read_to_string);
    let text = text.map_err(|why| no_backup(why.to_string()))?;
    let backup: Backup = serde_json::from_str(&text).map_err(|why| no_backup(why.to_string()))?;
    if backup.schema != SCHEMA {
        return Err(no_backup(format!("its schema is {}", backup.schema)));
    }
    if backup.format > FORMAT {
        return Err(BackupError::NewerFormat(backup.format));
    }
    Ok(backup)
}

/// Copies the store, as of one moment, into one file. An engine that runs on it is not held up: it goes on writing its log.
fn copy_store(store: &Path, copy: &Path) -> Result<(), BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(store, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    let name = copy.to_str().ok_or_else(|| BackupError::File {
        path: copy.to_owned(),
        source: io::Error::from(io::ErrorKind::InvalidFilename),
    })?;
    connection.execute("VACUUM INTO ?1", [name])?;
    // SQLite does not sync a file made in this way.
    File::open(copy)
        .and_then(|file| file.sync_all())
        .map_err(of(copy))
}

/// The format of a copied store, and the bodies that it names. Its structure is checked first.
fn contents(copy: &Path) -> Result<(i64, Vec<Body>), BackupError> {
    let connection = Connection::open_with_flags(
        copy,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    distrust(&connection).map_err(|why| unreadable(copy, &why))?;
    if let Some(name) = foreign_object(&connection).map_err(|why| unreadable(copy, &why))? {
        let why = format!("no version makes its {name}");
        return Err(BackupError::Damaged(copy.to_owned(), why));
    }
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(BackupError::Damaged(copy.to_owned(), sound));
    }
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format > FORMAT {
        return Err(BackupError::NewerFormat(format));
    }
    // Format 1 had no bodies.
    if format < 2 {
        return Ok((format, Vec::new()));
    }
    let mut statement = connection.prepare("SELECT id, sha256, size FROM body ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok(Body {
            id: row.get(0)?,
            sha256: row.get(1)?,
            size: row.get::<_, i64>(2)?.unsigned_abs(),
        })
    })?;
    Ok((format, rows.collect::<Result<_, _>>()?))
}

/// Begins a timeline of its own for a restored store. Its targets are paused, and its numbers continue far beyond any that
/// the lost store may have given out since the backup, so that no id, key or token of one is mistaken for one of the other.
/// How far is random: two stores restored from one backup differ too.
fn begin_timeline(store: &Path) -> Result<(), BackupError> {
    let mut connection = Connection::open(store)?;
    distrust(&connection).map_err(|why| unreadable(store, &why))?;
    // One file, without a log beside it.
    connection.pragma_update(None, "journal_mode", "delete")?;
    let transaction = connection.transaction()?;
    {
        let mut statement = transaction.prepare("SELECT id, memory FROM target")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let targets: Vec<(i64, Option<String>)> = rows.collect::<Result<_, _>>()?;
        for (id, memory) in targets {
            let memory = memory.as_deref().map(serde_json::from_str::<Memory>);
            let mut memory = memory.transpose().map_err(|why| {
                BackupError::Damaged(store.to_owned(), format!("a gate's memory: {why}"))
            })?;
            let memory = memory.get_or_insert_default();
            memory.pause(Scope::Target);
            let text = serde_json::to_string(memory).expect("a gate's memory is JSON");
            transaction.execute("UPDATE target SET memory = ?2 WHERE id = ?1", (id, text))?;
        }
    }
    let [one, other, third, ..] = uuid::Uuid::new_v4().into_bytes();
    let lot = i64::from(u32::from_be_bytes([0, one, other, third]));
    Sequence::go_on_beyond(&transaction, lot)?;
    transaction.commit()?;
    Ok(())
}

fn unreadable(store: &Path, why: &StoreError) -> BackupError {
    BackupError::Damaged(store.to_owned(), why.to_string())
}

/// Copies a body, and returns whether it is what was written.
fn copy_body(from: &Path, into: &Path, body: &Body) -> Result<bool, BackupError> {
    let name = body.id.to_string();
    Ok(take(&from.join(&name), &into.join(&name))? == body.sha256)
}

/// Copies a regular file, and returns its SHA-256 in hexadecimal.
fn take(source: &Path, copy: &Path) -> Result<String, BackupError> {
    let mut reader = open_plain(source).map_err(of(source))?;
    let mut writer = File::create_new(copy).map_err(of(copy))?;
    let (sha256, _) = digest(&mut reader, |chunk| writer.write_all(chunk)).map_err(of(copy))?;
    writer.sync_all().map_err(of(copy))?;
    Ok(sha256)
}

fn digest_of(path: &Path) -> Result<(String, u64), BackupError> {
    let mut file = File::open(path).map_err(of(path))?;
    digest(&mut file, |_| Ok(())).map_err(of(path))
}

/// SHA-256 in hexadecimal and length of what is read; each chunk is passed to `each` too.
fn digest(
    from: &mut impl Read,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut length = 0;
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            let hex = hash.finalize();
            let hex = hex.iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok((hex, length));
        }
        hash.update(&chunk[..read]);
        each(&chunk[..read])?;
        length += read as u64;
    }
}

/// Makes a directory that only its owner may enter, or accepts one that is empty.
fn make_empty(directory: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made.map_err(of(directory))?;
    let mut entries = fs::read_dir(directory).map_err(of(directory))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::NotEmpty(directory.to_owned())),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let written = File::create_new(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(of(path))
}

fn sync_directory(directory: &Path) -> Result<(), BackupError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(of(directory))
}

fn of(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    |source| BackupError::File { path, source }
}

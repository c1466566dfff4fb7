//! Where things are in a data directory, and whose it is.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::connection::Store;

/// Where bodies are kept that are too long for the store.
#[must_use]
pub fn blobs_path(data_dir: &Path) -> PathBuf {
    data_dir.join("blobs")
}

/// The path of the store in a data directory.
#[must_use]
pub fn store_path(data_dir: &Path) -> PathBuf {
    data_dir.join("rampmeter.db")
}

/// Makes a data directory if it is absent, and takes it for this process; nothing if another process has it. The lock goes with the
/// process, however it ends.
///
/// # Errors
/// When the directory cannot be made or locked.
pub fn take_directory(data_dir: &Path) -> io::Result<Option<File>> {
    // The store holds payloads and the key of the task tokens: nobody else's business.
    let mut owners = DirBuilder::new();
    owners.recursive(true).mode(0o700);
    owners.create(data_dir)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data_dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    owners.create(blobs_path(data_dir))?;
    Ok(Some(file))
}

impl Store {
    /// Removes the bodies of answers that an earlier process received but never committed.
    ///
    /// # Errors
    /// When the directory or the store cannot be read, or a file cannot be removed.
    pub fn remove_unkept_bodies(&self, data_dir: &Path) -> io::Result<()> {
        for entry in fs::read_dir(blobs_path(data_dir))? {
            let entry = entry?;
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.parse().ok());
            let kept = id.map(|id| self.calls().has_body(id)).transpose();
            if !kept.map_err(io::Error::other)?.unwrap_or(true) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

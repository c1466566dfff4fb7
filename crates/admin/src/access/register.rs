//! The file of users as the server sees it: it is read again when it has changed, so that a removed user is locked out
//! within a second.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::users::Users;

/// How long the content is used before the file is checked again.
const AGE: Duration = Duration::from_millis(500);

/// What identifies a version of the file: its inode, its length, and when it was written.
type Version = Option<(u64, u64, i64, i64)>;

#[derive(Debug)]
pub(super) struct Register {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Debug, Default)]
struct Read {
    users: Arc<Users>,
    version: Version,
    looked_at: Option<Instant>,
}

impl Register {
    pub(super) fn new(path: PathBuf) -> Register {
        Register {
            path,
            read: Mutex::default(),
        }
    }

    /// Who may log in now. If the file cannot be read, nobody may: a change that went wrong may have been meant to remove somebody.
    pub(super) fn users(&self) -> Arc<Users> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.looked_at.is_some_and(|at| at.elapsed() < AGE) {
            return Arc::clone(&read.users);
        }
        read.looked_at = Some(Instant::now());
        let version = std::fs::metadata(&self.path).ok().as_ref().map(version);
        if version != read.version || version.is_none() {
            read.version = version;
            read.users = Arc::new(load(&self.path).unwrap_or_else(|why| {
                tracing::error!(file = %self.path.display(), %why, "the file of users cannot be read: nobody can log in");
                Users::default()
            }));
        }
        Arc::clone(&read.users)
    }
}

fn version(found: &Metadata) -> (u64, u64, i64, i64) {
    (found.ino(), found.size(), found.mtime(), found.mtime_nsec())
}

/// A file that is absent names nobody.
fn load(path: &Path) -> Result<Users, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Users::parse(&text).map_err(|why| why.to_string()),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Users::default()),
        Err(why) => Err(why.to_string()),
    }
}

//! A body that is too long to be carried along and is kept in a file. A file that the host does not keep is discarded with
//! the last copy of its answer, by the function that its writer supplied.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A body in a file.
#[derive(Clone, Debug)]
pub struct StoredBody {
    /// Its length in bytes, after decompression.
    pub size: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// The vendor's Content-Type.
    pub content_type: Option<String>,
    /// The name by which people and workflows ask for it, once the host has given it one.
    pub call: Option<String>,
    /// The file.
    pub file: Arc<BodyFile>,
}

impl StoredBody {
    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// From now on the file is the host's: it is not discarded with the answer.
    pub fn keep(&self) {
        self.file.kept.store(true, Ordering::SeqCst);
    }
}

impl PartialEq for StoredBody {
    fn eq(&self, other: &StoredBody) -> bool {
        self.file.path == other.file.path && self.sha256 == other.sha256
    }
}

/// The file of a body, which is discarded on drop unless the host keeps it.
#[derive(Debug)]
pub struct BodyFile {
    path: PathBuf,
    kept: AtomicBool,
    discard: fn(&Path),
}

impl BodyFile {
    /// A file at this path that nobody keeps yet, and how to discard it.
    #[must_use]
    pub fn new(path: PathBuf, discard: fn(&Path)) -> BodyFile {
        BodyFile {
            path,
            kept: AtomicBool::new(false),
            discard,
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for BodyFile {
    fn drop(&mut self) {
        if !self.kept.load(Ordering::SeqCst) {
            (self.discard)(&self.path);
        }
    }
}

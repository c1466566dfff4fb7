//! A body that is too long to be carried along, and lies in a file. A file that nobody keeps is discarded with the last copy of
//! the answer it belongs to, by whoever wrote it.

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
    /// What the vendor's Content-Type says of it.
    pub content_type: Option<String>,
    /// What people and workflows ask for it by, once the host has named it.
    pub call: Option<String>,
    /// The file.
    pub file: Arc<BodyFile>,
}

impl StoredBody {
    /// Where it lies.
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

/// The file of a body, which is discarded when it is dropped and nobody keeps it.
#[derive(Debug)]
pub struct BodyFile {
    path: PathBuf,
    kept: AtomicBool,
    discard: fn(&Path),
}

impl BodyFile {
    /// A file at this place that nobody keeps yet, and how it is discarded.
    #[must_use]
    pub fn new(path: PathBuf, discard: fn(&Path)) -> BodyFile {
        BodyFile {
            path,
            kept: AtomicBool::new(false),
            discard,
        }
    }

    /// Where it lies.
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

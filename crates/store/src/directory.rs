//! Where things are in a data directory.

use std::path::{Path, PathBuf};

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

//! What lies where in a data directory.

use std::path::{Path, PathBuf};

/// Where the bodies lie that were too long for the store.
#[must_use]
pub fn blobs_path(data_dir: &Path) -> PathBuf {
    data_dir.join("blobs")
}

/// Where the store of a data directory lies.
#[must_use]
pub fn store_path(data_dir: &Path) -> PathBuf {
    data_dir.join("rampmeter.db")
}

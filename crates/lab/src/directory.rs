//! Where a run keeps its data: a directory that nobody else uses.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rampmeter_terminal::{Exit, Failure};

/// The directory asked for, if it is new or empty, else a fresh one; absolute, so that the commands in the report work
/// from anywhere.
pub(crate) fn data_dir(asked_for: Option<&Path>) -> Result<PathBuf, Failure> {
    let refused = |directory: &Path, why: &dyn std::fmt::Display| {
        let what = format!("the data directory {}: {why}", directory.display());
        Failure::new("RM2030", Exit::Usage, what).with_help("name a new one with --data-dir")
    };
    let made = match asked_for {
        Some(directory) => std::fs::create_dir_all(directory).map(|()| directory.to_owned()),
        None => fresh_directory(),
    };
    let directory = made.map_err(|error| refused(asked_for.unwrap_or(Path::new("")), &error))?;
    let directory =
        std::fs::canonicalize(&directory).map_err(|error| refused(&directory, &error))?;
    match std::fs::read_dir(&directory).map(|mut entries| entries.next().is_some()) {
        Ok(false) => Ok(directory),
        Ok(true) => Err(refused(&directory, &"it is not empty")),
        Err(error) => Err(refused(&directory, &error)),
    }
}

/// A new directory under the system's temporary one, for its user alone; the store is kept after the run.
fn fresh_directory() -> io::Result<PathBuf> {
    let name = format!("rampmeter-demo-{}", uuid::Uuid::new_v4().simple());
    let directory = std::env::temp_dir().join(name);
    DirBuilder::new().mode(0o700).create(&directory)?;
    Ok(directory)
}

//! How the store fails: because the disk or the library does, or because one row cannot be read.

use rampmeter_asl::record::RecordError;
use thiserror::Error;

use crate::format::FORMAT;
use crate::model::id::StepId;

/// A failure of the store. There is no retry: a sync that failed once may have lost what it was asked to keep.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("a row of the store cannot be read: {0}")]
    Damaged(String),
}

/// Why a store could not be opened.
#[derive(Debug, Error)]
pub enum StoreOpenError {
    #[error(transparent)]
    Failed(#[from] StoreError),
    #[error("format {found} is newer than format {FORMAT}, the newest this version knows")]
    NewerFormat { found: i64 },
    #[error("the file is not a rampmeter store")]
    Foreign,
}

impl From<rusqlite::Error> for StoreOpenError {
    fn from(error: rusqlite::Error) -> Self {
        StoreOpenError::Failed(StoreError::Sqlite(error))
    }
}

/// A step whose record cannot be read.
#[must_use]
pub fn unreadable(step: StepId, error: &RecordError) -> StoreError {
    StoreError::Damaged(format!("step {}: {error}", step.0))
}

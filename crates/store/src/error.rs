//! What can go wrong in a transaction, in three kinds: the client's fault (refused), a row's (damaged) and the store's
//! (poisoned). Whoever carries out a command, a timer or a message handles each of the three in its own way.

use rampmeter_asl::record::RecordError;
use thiserror::Error;

use crate::format::FORMAT;
use crate::model::id::StepId;
use crate::model::queue_error::QueueError;
use crate::model::rejected::Rejected;

/// A row that cannot be read: which one and why, in words. Its owner fails alone.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Damaged(pub String);

/// The disk or the library failed. There is no retry: a sync that failed once may have lost what it was asked to keep.
#[derive(Debug, Error)]
#[error("the store failed: {0}")]
pub struct StoreFailure(#[from] rusqlite::Error);

/// Why rows were not read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// One row cannot be read.
    #[error("a row of the store cannot be read: {0}")]
    Damaged(#[from] Damaged),
    /// Nothing more can be acknowledged.
    #[error(transparent)]
    Failed(#[from] StoreFailure),
}

impl StoreError {
    /// A row that cannot be read.
    pub fn damaged(what: impl Into<String>) -> StoreError {
        StoreError::Damaged(Damaged(what.into()))
    }
}

impl From<rusqlite::Error> for StoreError {
    /// A value of the wrong type for its column is the row's fault; everything else is the store's.
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error;
        match error {
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
            | Error::QueryReturnedNoRows => StoreError::damaged(error.to_string()),
            error => StoreError::Failed(StoreFailure(error)),
        }
    }
}

/// The result of a read, where a row that cannot be read is handled in its own way.
#[derive(Debug)]
pub enum Readable<T> {
    /// It could be read.
    Whole(T),
    /// It could not.
    Damaged(Damaged),
}

/// Separates a damaged row from a failure of the store.
///
/// # Errors
/// When the store failed.
pub fn readable<T>(read: Result<T, StoreError>) -> Result<Readable<T>, StoreFailure> {
    match read {
        Ok(whole) => Ok(Readable::Whole(whole)),
        Err(StoreError::Damaged(damaged)) => Ok(Readable::Damaged(damaged)),
        Err(StoreError::Failed(failure)) => Err(failure),
    }
}

/// Why a transaction did not do what was asked.
#[derive(Debug, Error)]
pub enum TransactionError {
    /// The request cannot be carried out. Nothing has changed.
    #[error(transparent)]
    Refused(Rejected),
    /// One row cannot be read.
    #[error("a row of the store cannot be read: {0}")]
    Damaged(Damaged),
    /// Nothing more can be acknowledged.
    #[error(transparent)]
    Poisoned(StoreFailure),
}

impl From<Rejected> for TransactionError {
    fn from(refused: Rejected) -> Self {
        TransactionError::Refused(refused)
    }
}

impl From<QueueError> for TransactionError {
    fn from(refused: QueueError) -> Self {
        TransactionError::Refused(refused.into())
    }
}

impl From<StoreError> for TransactionError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(damaged) => TransactionError::Damaged(damaged),
            StoreError::Failed(failure) => TransactionError::Poisoned(failure),
        }
    }
}

impl From<StoreFailure> for TransactionError {
    fn from(failure: StoreFailure) -> Self {
        TransactionError::Poisoned(failure)
    }
}

impl From<rusqlite::Error> for TransactionError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// Why a store could not be opened.
#[derive(Debug, Error)]
pub enum StoreOpenError {
    /// It cannot be read or written.
    #[error(transparent)]
    Failed(#[from] StoreError),
    /// It was written by a newer version.
    #[error("format {found} is newer than format {FORMAT}, the newest this version knows")]
    NewerFormat {
        /// The format found.
        found: i64,
    },
    /// It is something else.
    #[error("the file is not a rampmeter store")]
    Foreign,
}

impl From<rusqlite::Error> for StoreOpenError {
    fn from(error: rusqlite::Error) -> Self {
        StoreOpenError::Failed(StoreError::Failed(StoreFailure(error)))
    }
}

/// A step whose record cannot be read.
#[must_use]
pub fn unreadable(step: StepId, error: &RecordError) -> StoreError {
    StoreError::damaged(format!("step {}: {error}", step.0))
}

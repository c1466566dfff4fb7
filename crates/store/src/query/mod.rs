//! Reads beside the writer, on read-only connections. Nothing here waits for the writer or holds it up.

mod absent;
mod activity;
mod audit;
mod calls;
mod dead_letter;
mod delayed;
mod description;
mod history;
mod inspection;
mod listing;
mod machine;
mod map_run;
mod outcome;
mod page;
mod version;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rampmeter_asl::{Event, record};
use rusqlite::Connection;

use crate::call::control::controls;
use crate::connection::open_reader;
use crate::connection::optional;
use crate::damaged::{LeftOut, damaged_items, take_left_out};
use crate::directory::blobs_path;
use crate::directory::store_path;
use crate::error::StoreError;
use crate::error::TransactionError;
use crate::execution::row::ExecutionRow;
use crate::execution::row::find_by_name;
use crate::model::arn;
use crate::model::arn::ArnScope;
use crate::model::control::ControlRecord;
use crate::model::damaged::{DamagedItem, DamagedKind};
use crate::model::id::{QueueId, StepId};
use crate::model::rejected::Rejected;
use crate::queue::record::QueueCounts;
use crate::queue::record::count_messages;

use listing::wall_clock;

pub use absent::AbsentTarget;
pub use audit::{Audit, CallTimes};
pub use delayed::TargetCounts;
pub use inspection::inspect_rows;

/// Connections kept open between reads.
const KEPT: usize = 4;
/// The maximum of remembered names of what cannot be read.
const MAX_MET: usize = 10_000;

/// Reads one store.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    place: ArnScope,
    connections: Mutex<Vec<Connection>>,
    met: Mutex<Met>,
}

/// What reads could not read.
#[derive(Debug, Default)]
struct Met {
    /// The names of everything met so far.
    names: BTreeSet<String>,
    /// What nobody has been told yet.
    news: Vec<DamagedItem>,
}

impl Reader {
    /// Opens the store in a data directory, without an engine.
    ///
    /// # Errors
    /// When there is no store, or it cannot be read.
    pub fn open(data_dir: &Path, account: &str, region: &str) -> Result<Reader, Rejected> {
        let place = ArnScope {
            region: region.to_owned(),
            account: account.to_owned(),
        };
        Reader::new(&store_path(data_dir), place).map_err(|error| failed(error.into()))
    }

    /// Opens the store at `path`, for an engine that runs on it.
    pub fn new(path: &Path, place: ArnScope) -> Result<Reader, StoreError> {
        let first = open_reader(path)?;
        Ok(Reader {
            path: path.to_owned(),
            place,
            connections: Mutex::new(vec![first]),
            met: Mutex::default(),
        })
    }

    /// The ARN of an execution of this store.
    #[must_use]
    pub fn execution_arn(&self, state_machine: &str, execution: &str) -> String {
        self.place.execution_arn(state_machine, execution)
    }

    /// The newest entries of the audit trail.
    pub fn controls(&self, before: i64, most: u32) -> Result<Vec<(i64, ControlRecord)>, Rejected> {
        self.with(|connection| Ok(controls(connection, before, most)?))
    }

    /// What could not be read, oldest first.
    pub fn damaged(&self) -> Result<Vec<DamagedItem>, Rejected> {
        self.with(|connection| Ok(damaged_items(connection)?))
    }

    /// Takes what reads have met for the first time since the last call. Only the writer can put it on the list.
    pub fn take_met(&self) -> Vec<DamagedItem> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut met.news)
    }

    /// Remembers what a read left out, and what made it fail.
    fn meet(&self, failed: Option<&TransactionError>) {
        let mut left_out = take_left_out();
        if let Some(TransactionError::Damaged(why)) = failed {
            left_out.push(LeftOut {
                kind: DamagedKind::Row,
                name: why.to_string(),
                why: why.clone(),
            });
        }
        if left_out.is_empty() {
            return;
        }
        let at = wall_clock();
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        for LeftOut { kind, name, why } in left_out {
            if met.names.len() < MAX_MET && met.names.insert(name.clone()) {
                tracing::error!(name, %why, "a read met what cannot be read");
                let why = why.to_string();
                met.news.push(DamagedItem {
                    kind,
                    name,
                    why,
                    at,
                });
            }
        }
    }

    /// How many messages of a plain queue have each status.
    pub fn queue_counts(&self, queue: QueueId, fifo: bool) -> Result<QueueCounts, Rejected> {
        self.with(|connection| Ok(count_messages(connection, queue, fifo)?))
    }

    /// Where the answer bodies are kept that were too long for the store.
    fn blobs(&self) -> PathBuf {
        blobs_path(self.path.parent().unwrap_or(Path::new(".")))
    }

    fn find(&self, connection: &Connection, arn: &str) -> Result<ExecutionRow, TransactionError> {
        let (machine, name) = arn::execution_names(arn)?;
        let found = find_by_name(connection, machine, name)?;
        found.ok_or_else(|| Rejected::ExecutionDoesNotExist(arn.to_owned()).into())
    }

    fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, TransactionError>,
    ) -> Result<T, Rejected> {
        let idle = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path).map_err(|error| failed(error.into()))?,
        };
        take_left_out();
        let answer = read(&connection);
        self.meet(answer.as_ref().err());
        let answer = answer.map_err(failed);
        let mut kept = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(connection);
        }
        answer
    }
}

/// The events of a step, and the length of its record in bytes.
fn step_events(connection: &Connection, id: StepId) -> Result<(Vec<Event>, usize), StoreError> {
    let mut statement = connection.prepare_cached("SELECT data FROM step WHERE id = ?1")?;
    let data: String = optional(statement.query_row([id], |row| row.get(0)))?
        .ok_or_else(|| StoreError::damaged(format!("step {} is missing", id.0)))?;
    let step = record::decode(&data)
        .map_err(|error| StoreError::damaged(format!("step {}: {error}", id.0)))?;
    Ok((step.events, data.len()))
}

/// What the client is told.
fn failed(error: TransactionError) -> Rejected {
    match error {
        TransactionError::Refused(refused) => refused,
        TransactionError::Damaged(why) => Rejected::Unreadable(why.to_string()),
        TransactionError::Poisoned(failure) => Rejected::Stopped(failure.to_string()),
    }
}

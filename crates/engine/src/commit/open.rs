//! Opens an engine: one process to a data directory, a store of a format it knows, and a writer on a thread of its own.
//! What the store and the configuration then become is in `recovery`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rampmeter_asl::{Diagnostic, Unserved};
use rampmeter_config::Config;
use rampmeter_store::Reader;
use rampmeter_store::{Store, StoreError, StoreFailure, StoreOpenError};
use rampmeter_store::{blobs_path, store_path, take_directory};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use crate::command::Command;
use crate::commit::effects::EffectRunner;
use crate::commit::recovery::{Recovered, recover};
use crate::commit::stopped::Stopped;
use rampmeter_evaluation::Workers;
use rampmeter_invocation::SdkOperations;
use rampmeter_succession::ConfigurationChange;

/// Commands that may wait for the writer; more senders wait in turn.
const WAITING_COMMANDS: usize = 4_096;

/// Why an engine did not open. A later start finds the store as this one found it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has the data directory.
    #[error("the data directory {0} is in use by another rampmeter")]
    InUse(PathBuf),
    /// The data directory cannot be made or locked.
    #[error("the data directory {path} cannot be used: {source}")]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store was written by a newer version.
    #[error("the store has format {found}, newer than this version knows")]
    NewerFormat {
        /// The format found.
        found: i64,
    },
    /// The file is not a store of ours.
    #[error("{0} is not a rampmeter store")]
    Foreign(PathBuf),
    /// The store cannot be read or written.
    #[error("the store cannot be opened: {0}")]
    Store(String),
    /// The store was made for another account or region: its ARNs, and the idempotency keys made from them, would change.
    #[error(
        "the store was made for account and region {stored}, the configuration says {configured}"
    )]
    OtherPlace {
        /// Account and region in the store.
        stored: String,
        /// Account and region in the configuration.
        configured: String,
    },
    /// A workflow's definition has errors.
    #[error("the workflow {workflow} has errors")]
    Definition {
        /// Name of the workflow.
        workflow: String,
        /// Each with its location in the definition.
        problems: Vec<Diagnostic>,
    },
    /// A state of a workflow cannot run on this host.
    #[error("the workflow {workflow} has states that cannot run here")]
    Unserved {
        /// Name of the workflow.
        workflow: String,
        /// The states.
        states: Vec<Unserved>,
    },
    /// A function cannot be called.
    #[error("the function {function} cannot be called: {reason}")]
    Function {
        /// Name of the function.
        function: String,
        /// Why.
        reason: String,
    },
    /// The source of a workflow is a queue of a target that is not configured at present.
    #[error(
        "the workflow {workflow} cannot start from {queue}: it holds the messages of a target that is not configured"
    )]
    Source {
        /// Name of the workflow.
        workflow: String,
        /// Name of the queue.
        queue: String,
    },
    /// A target cannot be called.
    #[error("the target {target} cannot be called: {reason}")]
    Target {
        /// Name of the target.
        target: String,
        /// Why.
        reason: String,
    },
}

impl OpenError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Definition { .. } => "RM1001",
            Self::Unserved { .. } => "RM1002",
            Self::InUse(_) => "RM2002",
            Self::DataDirectory { .. } => "RM2003",
            Self::NewerFormat { .. } => "RM2004",
            Self::Foreign(_) => "RM2005",
            Self::Store(_) => "RM2006",
            Self::Target { .. } | Self::Function { .. } => "RM2007",
            Self::OtherPlace { .. } => "RM2009",
            Self::Source { .. } => "RM2036",
        }
    }
}

impl From<StoreFailure> for OpenError {
    fn from(failure: StoreFailure) -> Self {
        OpenError::Store(failure.to_string())
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        OpenError::Store(error.to_string())
    }
}

/// What the writer is made from.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) config: Config,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) free_slots_after_restart: bool,
    pub(crate) set_clock_back: Duration,
}

/// A running engine: where commands go, where reads come from, and how it ended, once it has.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) reader: Arc<Reader>,
    pub(crate) stopped: watch::Receiver<Option<Stopped>>,
    /// What differs from the last start.
    pub(crate) changes: Arc<[ConfigurationChange]>,
}

/// Opens everything and starts the writer. `operations` makes what carries out the operations of `aws-sdk`.
pub(crate) fn open(
    opening: Opening,
    operations: impl FnOnce(&Opened) -> Option<Arc<dyn SdkOperations>>,
) -> Result<Opened, OpenError> {
    let Opening {
        config,
        runtime,
        free_slots_after_restart,
        set_clock_back,
    } = opening;
    let directory = config.server.data_dir.clone();
    let unusable = |source| OpenError::DataDirectory {
        path: directory.clone(),
        source,
    };
    let lock = take_directory(&directory).map_err(unusable)?;
    let lock = lock.ok_or_else(|| OpenError::InUse(directory.clone()))?;
    let path = store_path(&directory);
    let store = Store::open(&path).map_err(|error| match error {
        StoreOpenError::NewerFormat { found } => OpenError::NewerFormat { found },
        StoreOpenError::Foreign => OpenError::Foreign(path.clone()),
        StoreOpenError::Failed(error) => error.into(),
    })?;
    store.remove_unkept_bodies(&directory).map_err(unusable)?;
    let Recovered { writer, changes } =
        recover(store, &config, free_slots_after_restart, set_clock_back)?;
    let reader = Arc::new(Reader::new(&path, writer.memory.arns.clone())?);
    let (commands, received) = mpsc::channel(WAITING_COMMANDS);
    let (stopped, how) = watch::channel(None);
    let opened = Opened {
        commands,
        reader,
        stopped: how,
        changes: changes.into(),
    };
    let workers = Workers::start()
        .map_err(|error| OpenError::Store(format!("no thread to evaluate on: {error}")))?;
    let effects = EffectRunner {
        runtime,
        answers: opened.commands.downgrade(),
        sdk: operations(&opened),
        workers: Arc::new(workers),
        blobs: blobs_path(&directory),
    };
    std::thread::Builder::new()
        .name("rampmeter-writer".to_owned())
        .spawn(move || writer.run(received, &effects, &stopped, lock))
        .map_err(|error| OpenError::Store(format!("no thread for the writer: {error}")))?;
    Ok(opened)
}

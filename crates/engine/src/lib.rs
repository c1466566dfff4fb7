//! The embedded host: one store, one writer, executions, queues, timers, task tokens and the calls to the vendors.
//!
//! The spine: a [`Command`](command::Command) is applied by pure decisions inside one transaction (`apply`, with the
//! rules of `asl` and `dispatch`), the transaction is synced, and only then are clients answered and calls made
//! (`commit::effects`). One thread writes (`commit::writer`); readers have their own connections. The AWS API, the admin port
//! and the command line are the crates `wire`, `admin` and `rampmeter`.
//!
//! The floors, each importing only from those below it:
//!
//! - `api`: the handle, one file for each subject
//! - `commit`: the writer, its transactions, the effects after a commit, recovery
//! - `apply`: what each command does
//! - `memory`: what the writer keeps in memory
//! - `command`: what can be asked of the writer
//! - the crate `rampmeter-store`: SQLite, reads beside the writer, and the types that all of these share

mod api;
mod apply;
mod command;
mod commit;
mod memory;

pub use api::{
    Activities, Calls, Controls, DeadLetters, Engine, Executions, Options, Queues, Sdk,
    StateMachines,
};
pub use commit::measure::Decisions;
pub use commit::open::OpenError;
pub use commit::stopped::Stopped;
pub use rampmeter_invocation::{SdkAnswer, SdkError, SdkRequest, SdkService};
pub use rampmeter_store::FORMAT as STORE_FORMAT;
pub use rampmeter_store::model::activity::{
    ActivityDescription, ActivityTask, CreateActivity, GetActivityTask,
};
pub use rampmeter_store::model::call::*;
pub use rampmeter_store::model::control::{
    Actor, BulkChange, BulkKind, Cancelled, ChangeLimit, ControlRecord, LimitChanged, Pause,
};
pub use rampmeter_store::model::damaged::{DamagedItem, DamagedKind};
pub use rampmeter_store::model::dead_letter::{
    DeadLetterGroup, DeadLetterState, DiscardDeadLetter, ListDeadLetters, RedriveDeadLetter,
    Redriven,
};
pub use rampmeter_store::model::execution::*;
pub use rampmeter_store::model::figures::{
    BOUNDS, ENDS, EndedExecution, EngineFigures, FailureFigures, Figures, Histogram, OUTCOMES,
    TargetFigures, WorkflowFigures,
};
pub use rampmeter_store::model::map_run::*;
pub use rampmeter_store::model::page::Page;
pub use rampmeter_store::model::rejected::Rejected;
pub use rampmeter_store::model::sqs::{
    AttributeValue, Batch, BatchAnswer, ChangeMessageVisibility, CreateQueue, DeleteMessage,
    ListQueues, MessageAttribute, MessageAttributes, MoveTask, MoveTaskStatus, Names,
    PermissionChange, QueueError, ReceiveMessage, ReceivedMessage, SendMessage, SentMessage,
    StartMessageMoveTask, TagChange, md5_of_attributes, md5_of_body,
};
pub use rampmeter_store::model::state_machine::{
    CreateStateMachine, CreatedStateMachine, MachineKind, Publication, Settings,
    StateMachineDescription, UpdateStateMachine, UpdatedStateMachine, diagnosis,
};
pub use rampmeter_store::model::target::*;
pub use rampmeter_store::model::version::{
    AliasDescription, CreateAlias, PublishVersion, ResourceTags, Route, UpdateAlias,
    VersionDescription,
};
pub use rampmeter_store::{
    AbsentTarget, Audit, Backup, BackupError, CallTimes, OLDEST_FORMAT, Progress, Reader,
    TargetCounts, back_up, blobs_path, restore, store_path,
};
pub use rampmeter_succession::{COMMIT as COMMIT_GRACE, ConfigurationChange};

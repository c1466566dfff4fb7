//! The embedded host: one store, one writer, executions, queues, timers, task tokens and the calls to the vendors.
//!
//! The spine: a [`Command`](command::Command) is applied by pure decisions inside one transaction (`apply`, with the
//! rules of `asl` and `dispatch`), the transaction is synced, and only then are clients answered and calls made
//! (`outbox`). One thread writes (`writer`); readers have their own connections (`query`). The wire, the command line
//! and the dashboard are the binary's.

mod id;
mod arn;
mod token;
mod clock;
mod figures;

mod request;
mod activity;
mod version;
mod sources;
mod sqs;
mod state_machine;
mod rejected;
mod command;
mod control;
mod dead_letter;
mod engine;
mod backup;

mod invocation;
mod measure;
mod open;
mod recovery;
mod publish;
mod writer;
mod turn;
mod apply;
mod outbox;
mod selection;

mod ancestors;
mod machines;
mod queues;
mod target;
mod store;
mod query;

pub use activity::{ActivityDescription, ActivityTask, CreateActivity, GetActivityTask};
pub use backup::{Backup, BackupError, Progress, back_up, restore};
pub use control::{ChangeLimit, ControlRecord, LimitChanged, Pause};
pub use dead_letter::{
    DeadLetterGroup, DeadLetterState, ListDeadLetters, RedriveDeadLetter, Redriven,
};
pub use engine::{Engine, Options, Stopped, blobs_path, store_path};
pub use figures::{BOUNDS, EngineFigures, Figures, Histogram, OUTCOMES, TargetFigures};
pub use invocation::{Sdk, SdkAnswer, SdkError, SdkRequest, SdkService};
pub use measure::Decisions;
pub use open::OpenError;
pub use query::{AbsentTarget, Audit, CallTimes, Reader};
pub use rejected::Rejected;
pub use request::*;
pub use sqs::{
    AttributeValue, Batch, BatchAnswer, ChangeMessageVisibility, CreateQueue, DeleteMessage,
    ListQueues, MessageAttribute, MessageAttributes, MoveTask, MoveTaskStatus, Names,
    PermissionChange, QueueError, ReceiveMessage, ReceivedMessage, SendMessage, SentMessage,
    StartMessageMoveTask, TagChange, md5_of_attributes, md5_of_body,
};
pub use state_machine::{
    CreateStateMachine, CreatedStateMachine, MachineKind, Publication, Settings,
    StateMachineDescription, UpdateStateMachine, UpdatedStateMachine, diagnosis,
};
pub use target::COMMIT as COMMIT_GRACE;
pub use version::{
    AliasDescription, CreateAlias, PublishVersion, ResourceTags, Route, UpdateAlias,
    VersionDescription,
};

//! The lowest floors of the embedded host: the types that everything above uses (`model`), and SQLite. It decides nothing.
//!
//! [`Store`] is the one connection that writes; readers open connections of their own. `schema.sql` and the files beside it
//! explain every table; the folders have the queries, one file for each table or two. `query` reads beside the writer.

pub mod model;

mod backup;
mod call;
mod column;
mod connection;
mod damaged;
mod directory;
mod error;
mod execution;
mod format;
mod former;
mod intake;
mod machine;
mod numbers;
mod stamp;
mod tables;
mod query;
mod queue;

pub use backup::{Backup, BackupError, Progress, back_up, restore};
pub use call::audit::CallAudit;
pub use call::control::{LimitOverride, controls};
pub use call::job::JobRow;
pub use call::lane::OrderStatus;
pub use call::line::{InTurn, LineId};
pub use call::lost::LostCall;
pub use call::open::{DelayedRow, LaneRow};
pub use call::outcome::{BodyRow, OutcomeRow, body_of};
pub use call::permit::{PermitRow, TargetErrorRow};
pub use call::unreadable::{LostPermit, LostSlots};
pub use connection::{Store, open_reader, optional};
pub use damaged::{LeftOut, damaged_items, take_left_out};
pub use directory::{blobs_path, store_path, take_directory};
pub use error::{
    Damaged, Readable, StoreError, StoreFailure, StoreOpenError, TransactionError, readable,
    unreadable,
};
pub use execution::awaited::AwaitingTask;
pub use execution::data::{MAX_DATA_BYTES, stored_input, stored_output};
pub use execution::frame::{ForkRow, FrameRow, FrameStatus};
pub use execution::map_run::{
    Ended, MAP_RUN_COLUMNS, MapRunRow, find_map_run, map_run_of, running_children,
};
pub use execution::redrivable::why_not_redrivable;
pub use execution::row::{EXECUTION_COLUMNS, ExecutionRow, ItemOf, find_by_name};
pub use execution::step::{StepRow, steps_between};
pub use format::{FORMAT, OLDEST_FORMAT};
pub use machine::activity::{ActivityRow, ActivityTaskRow, all_activities, find_activity};
pub use machine::revision::{RevisionRow, newest_revision, newest_revisions, revision};
pub use machine::tag::tags;
pub use machine::version::{
    AliasRow, Origin, VersionRow, alias, aliases, origin, version, versions,
};
pub use numbers::{Kind, Sequence};
pub use query::{AbsentTarget, Audit, CallTimes, Reader, TargetCounts, inspect_rows};
pub use queue::body::{body_text, message_body, message_parameters};
pub use queue::message::{DeadLetter, MessageRow};
pub use queue::move_task::MoveTaskRow;
pub use queue::record::{Envelope, Hidden, QueueCounts, count_messages};
pub use tables::{
    CallTables, ControlTables, CountedTables, ExecutionTables, FrameTables, LaneTables, Ledger,
    LineTables, MachineTables, MessageTables, QueueTables,
};

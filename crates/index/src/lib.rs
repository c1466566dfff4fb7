//! What the engine finds by key without asking the store: small indexes in memory, each bounded or proportional to the work
//! in progress. Nothing here writes, and only state machines are read when they are missing; the engine fills the rest as it
//! goes.

mod ancestors;
mod ended_executions;
mod evaluations;
mod expiries;
mod failure_log;
mod in_flight;
mod machines;
mod move_tasks;
mod polls;
mod queues;
mod receives;
mod sources;
mod step_times;
mod target;
mod target_errors;
mod target_state;
mod vendor_limit;
mod why;

pub use ancestors::Ancestors;
pub use ended_executions::EndedExecutions;
pub use evaluations::Evaluations;
pub use expiries::Expiries;
pub use failure_log::FailureLog;
pub use in_flight::{CallsInFlight, InFlight};
pub use machines::{Machine, Machines};
pub use move_tasks::RunningMoveTask;
pub use polls::{Poll, WaitingPolls};
pub use queues::{DEAD_LANE, Queue, Queues, names_of};
pub use receives::{Taking, WaitingReceive, WaitingReceives};
pub use sources::Sources;
pub use step_times::StepTimes;
pub use target::{Head, PauseNote, Target};
pub use target_errors::{LastError, RecentErrors};
pub use target_state::target_state;
pub use vendor_limit::VendorLimit;
pub use why::{Ahead, Status, explain, explain_first, explain_job};

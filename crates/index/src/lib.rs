//! What the engine finds by key without asking the store: small indexes in memory, each bounded or as large as what is at work
//! just now. Pure: nothing here reads or writes; the engine fills them as it goes.

mod ancestors;
mod ended_executions;
mod evaluations;
mod expiries;
mod failure_log;
mod in_flight;
mod polls;
mod receives;
mod sources;
mod step_times;
mod target_errors;

pub use ancestors::Ancestors;
pub use ended_executions::EndedExecutions;
pub use evaluations::Evaluations;
pub use expiries::Expiries;
pub use failure_log::FailureLog;
pub use in_flight::{CallsInFlight, InFlight};
pub use polls::{Poll, WaitingPolls};
pub use receives::{Taking, WaitingReceive, WaitingReceives};
pub use sources::Sources;
pub use step_times::StepTimes;
pub use target_errors::{LastError, RecentErrors};

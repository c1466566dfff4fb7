//! What the engine finds by key without asking the store: small indexes in memory, each bounded or as large as what is at work
//! just now. Pure: nothing here reads or writes; the engine fills them as it goes.

mod ancestors;
mod evaluations;
mod expiries;
mod in_flight;
mod polls;
mod receives;
mod sources;
mod step_times;
mod target_errors;

pub use ancestors::Ancestors;
pub use evaluations::Evaluations;
pub use expiries::Expiries;
pub use in_flight::{CallsInFlight, InFlight};
pub use polls::{Poll, WaitingPolls};
pub use receives::{Taking, WaitingReceive, WaitingReceives};
pub use sources::Sources;
pub use step_times::StepTimes;
pub use target_errors::{LastError, RecentErrors};

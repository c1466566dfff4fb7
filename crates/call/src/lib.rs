//! What a call is and what follows from its outcome. Pure, and one for all three hosts: the engine, the worker on AWS and the
//! simulator ask the same functions and have no opinion of their own.
//!
//! A [`CallMessage`] describes a call, [`CallRules`] are what its target says about calls that go wrong, and
//! [`NextAction`] is what follows from an outcome: the call is over, it failed, or it is made again after a while. The
//! crate leaves out when a call may start (crate `dispatch`), how it is made and what an answer means (crate `caller`), and
//! what becomes of messages, permits and tasks (the hosts).

mod failed;
mod job_action;
pub mod message;
mod next_action;
mod on_unknown;
mod permit_end;
mod retry;
pub mod suggestion;

pub use failed::{
    Failed, INVALID_MESSAGE, JOB_FAILED, OUTCOME_UNKNOWN, UNAVAILABLE, UNDELIVERABLE,
};
pub use job_action::{JobAction, Watch};
pub use message::{CallMessage, InvalidMessage};
pub use next_action::{CallRules, NextAction};
pub use on_unknown::OnUnknown;
pub use permit_end::PermitEnd;
pub use retry::Retry;

//! What a call is and what follows from its outcome. Pure, and shared by all three hosts: the engine, the worker on AWS and
//! the simulator call the same functions and have no rules of their own.
//!
//! A [`CallMessage`] describes a call and is judged by its [`Account`]; it becomes a [`Request`], and that an [`Outcome`].
//! [`CallRules`] are what its target says about calls that go wrong, and [`NextAction`] is what follows: the call is done,
//! it failed, or it is attempted again after a while. The crate leaves out when a call may start (crate `dispatch`), how a
//! request becomes an outcome (crate `caller`), and what becomes of messages and tasks (the hosts).

mod answer;
pub mod cause;
mod failed;
pub mod http_task;
pub mod job;
mod job_action;
mod judgement;
mod key_expression;
pub mod message;
mod message_template;
mod next_action;
mod on_unknown;
mod outcome;
mod permit_end;
mod request;
mod retry;
pub mod suggestion;

pub use answer::{Answer, BodyFile, BodyReading, StoredBody};
pub use failed::{
    CANCELLED, Failed, INVALID_MESSAGE, JOB_FAILED, OUTCOME_UNKNOWN, THROTTLED, UNAVAILABLE,
    UNDELIVERABLE, WAITED_TOO_LONG,
};
pub use job_action::{JobAction, PolledJob};
pub use judgement::Judgement;
pub use key_expression::{KeyFault, KeyScope, key_fault};
pub use message::{CallMessage, InvalidMessage};
pub use message_template::{Language, TemplateFault, template_fault};
pub use next_action::{CallRules, NextAction};
pub use on_unknown::{OnUnknown, RepeatSafety};
pub use outcome::{Outcome, Repeatable, Throttle};
pub use permit_end::{EndedRequest, GateReply, PermitEnd, Reach};
pub use request::header::{self, HeaderError};
pub use request::path::{self, PathError};
pub use request::{Account, AllowRule, BadRule, METHODS, Request, RequestError};
pub use retry::Retry;

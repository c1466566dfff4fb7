//! Makes one API call and says what its answer means.
//!
//! A [`Profile`] describes one remote account, a [`Request`] one call to it, a [`Caller`] performs the call, and
//! an [`Outcome`] says what happened in terms the engine can act on. The crate leaves out when a call may start
//! (crate `dispatch`), how often it is repeated and what a workflow is told: it neither waits nor retries.

mod secret;
mod network;
mod answer;
mod request;
mod outcome;
mod sign_in;
mod job;
pub mod reconcile;
mod vendor;
mod profile;
mod call;
pub mod cause;
mod function;

pub use answer::{Answer, ResponseRules, StoredBody, retry_after};
pub use call::{Caller, CallerError, check_address};
pub use function::{FunctionCaller, InvokeError};
pub use network::{BadNetwork, Lookup, Network, admits, is_public};
pub use outcome::{Outcome, Repeatable, Throttle};
pub use profile::{Attempt, Profile};
pub use request::header::HeaderError;
pub use request::path::{self, PathError};
pub use request::{METHODS, Request, RequestError};
pub use secret::Secret;
pub use sign_in::{
    Algorithm, Auth, ClientAuthentication, Grant, KeyError, OAuth1, OAuth2, ScopeForm, SignInError,
    SigningKey, Unsendable,
};
pub use vendor::Preset;

/// What an answer's headers tell about the vendor's limits.
pub mod allowance {
    pub use crate::answer::rate_headers::{Allowance, Unit, pause};
    pub use crate::vendor::read_allowances as read;
}

/// What an answer means.
pub mod classify {
    pub use crate::call::classify;
    pub use crate::outcome::Meaning;
}

/// Work that goes on at the vendor after its answer.
pub mod follow_up {
    pub use crate::call::wanted;
    pub use crate::job::{Ended, FollowUp, Jobs, Look, Part, Polling};
}

/// Which headers a call may carry.
pub mod header {
    pub use crate::call::{check_all, typed};
    pub use crate::request::header::{HeaderError, check_key};
}

/// What is known of each vendor.
pub mod preset {
    pub use crate::vendor::{
        Bound, Csrf, Idempotency, Preset, RetryTable, Seen, Signal, SuggestedLimit, UnknownPreset,
        Vendor,
    };
}

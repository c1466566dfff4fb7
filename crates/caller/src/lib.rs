//! Makes one API call and says what its answer means.
//!
//! A [`Profile`] describes one remote account, and a [`Caller`] turns a `Request` to it into an `Outcome`; both of these are
//! types of crate `call`. The crate leaves out when a call may start (crate `dispatch`), how often it is repeated and what a
//! workflow is told (crate `call`): it neither waits nor retries.

mod secret;
mod network;
mod answer;
mod meaning;
mod sign_in;
mod job;
pub mod reconcile;
mod vendor;
mod profile;
mod call;
mod function;

pub use answer::{ResponseRules, retry_after};
pub use call::{Caller, CallerError, check_address, is_plaintext};
pub use function::{FunctionCaller, InvokeError};
pub use job::Jobs;
pub use network::{BadNetwork, Lookup, Network, admits, is_public};
pub use profile::{Attempt, Profile};
pub use secret::Secret;
pub use sign_in::{
    Algorithm, Auth, ClientAuthentication, Grant, KeyError, OAuth1, OAuth2, ScopeForm, SignInError,
    SigningKey, Unsendable,
};
pub use vendor::Preset;

/// What an answer's headers tell about the vendor's limits.
pub mod rate_headers {
    pub use crate::answer::rate_headers::{StatedLimit, Unit, pause};
    pub use crate::call::stated_limits;
    pub use crate::vendor::read_allowances as read;
}

/// What an answer means.
pub mod classify {
    pub use crate::call::classify;
    pub use crate::meaning::Meaning;
}

/// Which headers a call may carry.
pub mod header {
    pub use crate::call::typed;
}

/// What is known of each vendor.
pub mod preset {
    pub use crate::vendor::{
        Bound, Condition, Csrf, Idempotency, Preset, Seen, Signal, SuggestedLimit, Test,
        UnknownPreset, Vendor,
    };
}

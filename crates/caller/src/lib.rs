//! Makes one API call and says what its answer means.
//!
//! A [`Profile`] describes one remote account, and a [`Caller`] turns a `Request` to it into an `Outcome`; both of these are
//! types of crate `call`. The crate leaves out when a call may start (crate `dispatch`), how often it is retried and what a
//! workflow receives (crate `call`): it neither waits nor retries.

mod secret;
mod network;
mod answer;
mod meaning;
mod sign_in;
mod job;
pub mod reconcile;
pub mod vendor;
mod profile;
mod call;
mod function;

pub use answer::{ResponseRules, rate_headers, retry_after};
pub use call::{
    Caller, CallerError, check_address, classify, is_plaintext, stated_limits, typed_header,
};
pub use function::{FunctionCaller, InvokeError};
pub use job::Jobs;
pub use meaning::Meaning;
pub use network::{BadNetwork, Lookup, Network, admits, is_public};
pub use profile::{Attempt, Endpoint, Profile};
pub use secret::Secret;
pub use sign_in::{
    Algorithm, Auth, ClientAuthentication, Grant, GrantKind, KeyError, OAuth1, OAuth2, ScopeForm,
    SignInError, SigningKey, Unsendable,
};
pub use vendor::Preset;

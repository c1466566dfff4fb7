//! Makes one API call and says what its answer means.
//!
//! A [`Profile`] describes one remote account, a [`Request`] one call to it, a [`Caller`] performs the call, and
//! an [`Outcome`] says what happened in terms the engine can act on. The crate leaves out when a call may start
//! (crate `dispatch`), how often it is repeated and what a workflow is told: it neither waits nor retries.

mod secret;
mod auth;
mod profile;
mod request;
pub mod path;
pub mod header;
mod tls;
mod transport;
mod network;
mod resolver;
mod structured;
pub mod allowance;
mod idempotency;
mod csrf;
pub mod reconcile;
pub mod follow_up;
mod remembered;
mod account;
mod preparation;
mod building;
mod call;
mod function;
mod answer;
mod stored_body;
pub mod retry_after;
mod outcome;
pub mod cause;
pub mod classify;
pub mod preset;

pub use account::{CallerError, check_address};
pub use answer::Answer;
pub use auth::{
    Algorithm, Auth, ClientAuthentication, Grant, KeyError, OAuth1, OAuth2, ScopeForm, SignInError,
    SigningKey, Unsendable,
};
pub use call::Caller;
pub use function::{FunctionCaller, InvokeError};
pub use header::HeaderError;
pub use network::{BadNetwork, Network, admits, is_public};
pub use outcome::{Outcome, Repeatable, Throttle};
pub use path::PathError;
pub use preset::Preset;
pub use profile::{Attempt, Profile, ResponseRules};
pub use request::{METHODS, Request, RequestError};
pub use resolver::Lookup;
pub use secret::Secret;
pub use stored_body::StoredBody;

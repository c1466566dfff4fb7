//! The admin port: what operators and the command line ask of a running server, as JSON objects with a `schema`,
//! snake_case names, RFC 3339 times in UTC and durations in `_ms`.
//! Most of it only reads; whatever changes something is a `POST`. The pages that people look at are the
//! dashboard's: `crate::dashboard`.
//!
//! `routes` answers whoever `access` admits, for a `site` whose `health` is judged from samples. `answer`,
//! `explanation`, `target` and `redaction` shape the responses, `parameters` and `change` read the requests.

mod access;
mod response;
mod change;
mod dashboard;
mod explanation;
mod health;
mod parameters;
mod redaction;
mod routes;
mod site;
mod target;

pub use access::{BadUsers, NotAdded, RANDOM_BYTES, Role, Token, UnknownRole, User, Users};
pub use routes::router;
pub use site::{Site, nobody_may_log_in};

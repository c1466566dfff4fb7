//! Who may use the admin port, and for what: roles, the tokens that prove them, the sessions of browsers. The decisions
//! take time and random bytes as arguments; only `register` reads a file.
//!
//! The role that each operation needs is beside its route, in `crate::routes::table`.

mod admission;
mod cookie;
mod moment;
mod own_page;
mod register;
mod role;
mod session;
mod token;
mod users;

pub(crate) use admission::{Access, Denied, Identity, Shown};
pub(crate) use cookie::{cleared_cookie, session_cookie, session_of};
pub(crate) use own_page::is_of_own_page;
pub(crate) use role::Need;
pub use role::{Role, UnknownRole};
pub use token::{RANDOM_BYTES, Token};
pub use users::{BadUsers, NotAdded, User, Users};

//! Checks sign-ins: signatures of OAuth 1.0a, signed tokens (JWT), client secrets, and issued access tokens. Nothing
//! here is shared with the code that makes them: the rules are those of RFC 5849, 7515, 7518, 7523 and 6749. What each
//! vendor demands beyond them is in the vendor's folder.

pub(crate) mod access;
pub(crate) mod basic;
mod der;
pub(crate) mod jwt;
mod key;
pub(crate) mod oauth1;

pub use key::PublicKey;

/// What was wrong with a sign-in, for the report. The client is not told.
pub(crate) type Why = &'static str;

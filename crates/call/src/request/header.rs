//! What a header may contain: no value can smuggle in a second header, and the names that frame a request cannot be
//! chosen. Which further names an account reserves is stated by its [`Account`](crate::Account).

use http::header::{HeaderName, HeaderValue};
use thiserror::Error;

/// Headers the caller or the HTTP library sets: sign-in, host, framing, connection and compression.
pub const RESERVED: [&str; 14] = [
    "authorization",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why a header cannot be sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HeaderError {
    /// Not a header name (RFC 9110, section 5.1).
    #[error("{0} is not a header name")]
    BadName(String),
    /// The value holds a line break, NUL or another control character. The value itself is not repeated here.
    #[error("the value of the header {0} holds a character that cannot be sent in a header")]
    BadValue(String),
    /// The header is set by Rampmeter.
    #[error("the header {0} is set by Rampmeter and cannot be chosen by a call")]
    Reserved(String),
    /// The header carries the idempotency key.
    #[error("the header {0} is set from the call's IdempotencyKey; put the value there")]
    Idempotency(String),
    /// The header is part of the target's configuration.
    #[error("the header {0} is set by the target's configuration and cannot be replaced by a call")]
    SetByTarget(String),
}

/// One header as the HTTP library's own types.
///
/// # Errors
/// A malformed name or value, or a name that is reserved.
pub fn parse(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let header_name =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::BadName(shown(name)))?;
    if RESERVED.contains(&header_name.as_str()) {
        return Err(HeaderError::Reserved(header_name.to_string()));
    }
    let value =
        HeaderValue::from_str(value).map_err(|_| HeaderError::BadValue(header_name.to_string()))?;
    Ok((header_name, value))
}

/// Checks that an idempotency key can be sent.
///
/// # Errors [`HeaderError::BadValue`] if it cannot be a header value.
pub fn check_key(key: &str) -> Result<(), HeaderError> {
    HeaderValue::from_str(key)
        .map(|_| ())
        .map_err(|_| HeaderError::BadValue("for the idempotency key".to_owned()))
}

/// A text from outside in a form that is safe to print: escaped, quoted and at most 40 characters of it.
pub(crate) fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let more = if start.len() < text.len() { "..." } else { "" };
    format!("{start:?}{more}")
}

//! One call as a message describes it. Whether an account takes it is checked in `call/request_check`.

pub(crate) mod header;
pub mod path;

use std::fmt;

use reqwest::header::HeaderValue;
use serde_json::Value;
use thiserror::Error;

use header::HeaderError;
use path::PathError;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Methods a call may have: those of the Step Functions HTTP Task.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// One call. Headers and body may hold business data, so `Debug` shows neither.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// One of [`METHODS`], in capitals.
    pub method: String,
    /// Path below the profile's base URL; it begins with `/` and may carry a query of its own.
    pub path: String,
    /// Query parameters, in order, not yet encoded. A name may repeat.
    pub query: Vec<(String, String)>,
    /// Headers of this call. Names set by the caller itself are refused.
    pub headers: Vec<(String, String)>,
    /// The body: sent as JSON; a string with a `Content-Type` other than JSON is sent as it is.
    pub body: Option<Value>,
    /// Names the call for the vendor; the same for every attempt. Empty: no idempotency header is sent.
    pub idempotency_key: String,
}

impl Request {
    /// A safe method (RFC 9110, section 9.2.1) changes nothing at the vendor and needs no idempotency key.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("header_names", &header_names)
            .field("has_body", &self.body.is_some())
            .field("idempotency_key", &self.idempotency_key)
            .finish_non_exhaustive()
    }
}

/// Why a call cannot be sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RequestError {
    /// The method is none of [`METHODS`].
    #[error("the method {0} is not served: use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE")]
    Method(String),
    /// The path leaves the account.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A header cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

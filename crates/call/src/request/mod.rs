//! One call as a message describes it, and the check that its account accepts it. The check needs no network, so a message
//! can be refused before it waits in a queue.

mod account;
pub mod header;
pub mod path;

use std::fmt;

use serde_json::Value;
use thiserror::Error;
use url::Url;

pub use account::Account;
use header::HeaderError;
use path::PathError;

/// Methods a call may have: those of the Step Functions HTTP Task.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// One call. Headers and body may hold business data, so `Debug` shows neither.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// One of [`METHODS`], in capitals.
    pub method: String,
    /// The endpoint of the target that the call goes to; none for the target's own base URL.
    pub endpoint: Option<String>,
    /// Path below the base URL of that place; it begins with `/` and may carry a query of its own.
    pub path: String,
    /// Query parameters, in order, not yet encoded. A name may repeat.
    pub query: Vec<(String, String)>,
    /// Headers of this call. Names set by the caller itself are refused.
    pub headers: Vec<(String, String)>,
    /// The body: sent as JSON; a string with a `Content-Type` other than JSON is sent as it is.
    pub body: Option<Value>,
    /// Identifies the call to the vendor; the same for every attempt. If empty, no idempotency header
    /// is sent.
    pub idempotency_key: String,
}

impl Request {
    /// A request that reads what is at this path below the base URL, which may carry a query.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Request {
        Request {
            method: "GET".to_owned(),
            endpoint: None,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            idempotency_key: String::new(),
        }
    }

    /// Checks that the call can be sent to this account.
    ///
    /// # Errors
    /// The first rule of method, endpoint, path or headers that the call breaks.
    pub fn check(&self, account: &Account) -> Result<(), RequestError> {
        if !METHODS.contains(&self.method.as_str()) {
            return Err(RequestError::Method(header::shown(&self.method)));
        }
        let endpoint = self.endpoint.as_deref();
        let place = account
            .place(endpoint)
            .ok_or_else(|| RequestError::Endpoint(header::shown(endpoint.unwrap_or_default())))?;
        path::resolve(&place.base_url, &self.path)?;
        place.check_headers(&self.headers)?;
        header::check_key(&self.idempotency_key)?;
        Ok(())
    }

    /// Where the call goes below a base URL, without its query: the part that may be shown. `None` for a path that is
    /// refused.
    #[must_use]
    pub fn url_without_query(&self, base_url: &Url) -> Option<String> {
        let mut url = path::resolve(base_url, &self.path).ok()?;
        url.set_query(None);
        Some(url.into())
    }

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
            .field("endpoint", &self.endpoint)
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
    /// The target has no such endpoint.
    #[error("the target has no endpoint {0}")]
    Endpoint(String),
    /// The path leaves the account.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A header cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

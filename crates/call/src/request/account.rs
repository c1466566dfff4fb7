//! What a call is judged by before it may wait: where its account is, and which headers are not free to choose.

use url::Url;

use super::header::{self, HeaderError};

/// A remote account as far as a message may know it: no credential, and nothing of how it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name of the target, as in the configuration.
    pub target: String,
    /// Where the account is. Every path of a call lies below it.
    pub base_url: Url,
    /// Headers that carry the idempotency key, names in lower case.
    pub idempotency_headers: Vec<String>,
    /// Headers of a session that Rampmeter keeps, names in lower case.
    pub session_headers: Vec<String>,
    /// Headers that the target's configuration sets, names in lower case.
    pub target_headers: Vec<String>,
}

impl Account {
    /// An account that keeps no header for itself.
    #[must_use]
    pub fn new(target: impl Into<String>, base_url: Url) -> Account {
        Account {
            target: target.into(),
            base_url,
            idempotency_headers: Vec::new(),
            session_headers: Vec::new(),
            target_headers: Vec::new(),
        }
    }

    /// Checks the headers of a call.
    ///
    /// # Errors
    /// The first header that cannot be sent.
    pub fn check_headers(&self, headers: &[(String, String)]) -> Result<(), HeaderError> {
        for (name, value) in headers {
            let (name, _) = header::parse(name, value)?;
            let is_among = |names: &[String]| names.iter().any(|own| own == name.as_str());
            if is_among(&self.idempotency_headers) {
                return Err(HeaderError::Idempotency(name.to_string()));
            }
            if is_among(&self.session_headers) {
                return Err(HeaderError::Reserved(name.to_string()));
            }
            if is_among(&self.target_headers) {
                return Err(HeaderError::SetByTarget(name.to_string()));
            }
        }
        Ok(())
    }
}

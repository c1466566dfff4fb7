//! What a call is checked against before it may wait: where its account is, and which headers it may not choose. One
//! account may have several hosts: its *endpoints*, each with a name that a message can give.

use std::collections::BTreeMap;

use url::Url;

use super::header::{self, HeaderError};
use super::path::{self, PathError};

/// A remote account as far as a message may know it: no credentials, and nothing about how it is
/// called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name of the target, as in the configuration.
    pub target: String,
    /// Which endpoint of the target this is; none for the target's own `base_url`.
    pub endpoint: Option<String>,
    /// Where the account is. Every path of a call is below it.
    pub base_url: Url,
    /// The other hosts of the account, by the names that a message gives. They have no endpoints of their own.
    pub endpoints: BTreeMap<String, Account>,
    /// Headers that carry the idempotency key, names in lower case.
    pub idempotency_headers: Vec<String>,
    /// Headers of a session that Rampmeter keeps, names in lower case.
    pub session_headers: Vec<String>,
    /// Headers that the target's configuration sets, names in lower case.
    pub target_headers: Vec<String>,
}

impl Account {
    /// An account that reserves no header.
    #[must_use]
    pub fn new(target: impl Into<String>, base_url: Url) -> Account {
        Account {
            target: target.into(),
            endpoint: None,
            base_url,
            endpoints: BTreeMap::new(),
            idempotency_headers: Vec::new(),
            session_headers: Vec::new(),
            target_headers: Vec::new(),
        }
    }

    /// The endpoint of this name; the account itself for no name, or for its own.
    #[must_use]
    pub fn place(&self, endpoint: Option<&str>) -> Option<&Account> {
        match endpoint {
            None => Some(self),
            Some(name) if self.endpoint.as_deref() == Some(name) => Some(self),
            Some(name) => self.endpoints.get(name),
        }
    }

    /// The account or endpoint that an absolute URL is below, and its path there, query included. If several match, the
    /// longest base URL wins; of equals, the account's own.
    ///
    /// # Errors [`PathError::AnotherHost`] if it is below none of them, or the rule that its path
    /// breaks.
    pub fn locate(&self, url: &str) -> Result<(&Account, String), PathError> {
        let mut found: Option<(&Account, String)> = None;
        let mut refused = PathError::AnotherHost;
        for place in std::iter::once(self).chain(self.endpoints.values()) {
            let length = |place: &Account| place.base_url.as_str().len();
            match path::relative(&place.base_url, url) {
                Ok(below) => {
                    let is_longer = |(other, _): &(&Account, String)| length(place) > length(other);
                    if found.as_ref().is_none_or(is_longer) {
                        found = Some((place, below));
                    }
                }
                Err(PathError::AnotherHost) => {}
                Err(error) => refused = error,
            }
        }
        found.ok_or(refused)
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

//! Whether a call can be sent to an account: its method, its path, and its headers, of which some belong to the account.
//! It needs no network, so a message can be refused before it waits in a queue.

use reqwest::header::{HeaderName, HeaderValue};

use super::idempotency_headers;
use crate::profile::Profile;
use crate::request::header::{self, HeaderError};
use crate::request::{METHODS, Request, RequestError, path};
use crate::sign_in::Auth;
use crate::vendor::{Idempotency, Preset};

impl Request {
    /// Says whether the call can be sent to this account.
    ///
    /// # Errors
    /// The first rule of method, path or headers that the call breaks.
    pub fn check(&self, profile: &Profile) -> Result<(), RequestError> {
        if !METHODS.contains(&self.method.as_str()) {
            return Err(RequestError::Method(header::shown(&self.method)));
        }
        path::resolve(&profile.base_url, &self.path)?;
        check_all(&self.headers, profile)?;
        header::check_key(&self.idempotency_key)?;
        Ok(())
    }

    /// Where the call goes, without its query: what may be told of it. `None` for a path that is refused.
    #[must_use]
    pub fn url_without_query(&self, profile: &Profile) -> Option<String> {
        let mut url = path::resolve(&profile.base_url, &self.path).ok()?;
        url.set_query(None);
        Some(url.into())
    }
}

/// Checks the headers of a call.
///
/// # Errors
/// The first header that cannot be sent.
pub fn check_all(headers: &[(String, String)], profile: &Profile) -> Result<(), HeaderError> {
    for (name, value) in headers {
        typed(name, value)?;
        let lower = name.to_ascii_lowercase();
        if idempotency_headers::names(profile.idempotency()).contains(&lower.as_str()) {
            return Err(HeaderError::Idempotency(lower));
        }
        // The token belongs to its cookies, and both to the session that Rampmeter keeps.
        if let Some(csrf) = profile.csrf()
            && [csrf.header, "cookie"].contains(&lower.as_str())
        {
            return Err(HeaderError::Reserved(lower));
        }
        if let Auth::ApiKey { header, .. } = &profile.auth
            && header.eq_ignore_ascii_case(&lower)
        {
            return Err(HeaderError::SetByTarget(lower));
        }
        if profile
            .headers
            .iter()
            .any(|(set, _)| set.eq_ignore_ascii_case(&lower))
        {
            return Err(HeaderError::SetByTarget(lower));
        }
    }
    Ok(())
}

/// One header of a call or of a target, as the HTTP library's own types.
///
/// # Errors
/// A malformed name or value, or a name that is not free to choose: a reserved one, or one under which a vendor accepts an
/// idempotency key.
pub fn typed(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let (name, value) = header::parse(name, value)?;
    if names_a_call(name.as_str()) {
        return Err(HeaderError::Idempotency(name.to_string()));
    }
    Ok((name, value))
}

/// Whether any vendor takes an idempotency key under this name; its value comes from `IdempotencyKey` alone.
fn names_a_call(name: &str) -> bool {
    Preset::ALL.iter().any(|preset| {
        matches!(&preset.vendor().idempotency, Idempotency::Header { name: own, .. } if own == name)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::request::header::{RESERVED, check_key};
    use crate::secret::Secret;

    fn profile() -> Profile {
        let url = Url::parse("https://vendor.test").unwrap();
        let mut profile = Profile::new("vendor", url, Duration::from_secs(1));
        profile
            .headers
            .push(("apiKey".to_owned(), Secret::new("canary")));
        profile
    }

    fn check(name: &str, value: &str) -> Result<(), HeaderError> {
        check_all(&[(name.to_owned(), value.to_owned())], &profile())
    }

    #[test]
    fn ordinary_headers_pass() {
        for (name, value) in [
            ("Prefer", "transient"),
            ("X-A", ""),
            ("content-type", "text/xml"),
            ("x", "é"),
        ] {
            assert_eq!(check(name, value), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_value_cannot_hold_a_second_header() {
        for value in [
            "a\r\nHost: evil",
            "a\nb",
            "a\rb",
            "a\0b",
            "a\u{7f}b",
            "\u{1}",
        ] {
            assert_eq!(
                check("X-A", value),
                Err(HeaderError::BadValue("x-a".to_owned())),
                "{value:?}"
            );
            assert!(check_key(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_name_is_a_name() {
        for name in ["", " ", "a b", "a:b", "a\r\nb", "a\0", "é", "(x)"] {
            assert!(
                matches!(check(name, "v"), Err(HeaderError::BadName(_))),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_call_cannot_set_what_rampmeter_sets() {
        for name in RESERVED {
            assert_eq!(
                check(name, "v"),
                Err(HeaderError::Reserved(name.to_owned()))
            );
            assert_eq!(
                check(&name.to_uppercase(), "v"),
                Err(HeaderError::Reserved(name.to_owned()))
            );
        }
        for name in ["Idempotency-Key", "X-NetSuite-Idempotency-Key"] {
            assert!(matches!(check(name, "v"), Err(HeaderError::Idempotency(_))));
        }
    }

    #[test]
    fn a_call_cannot_set_what_names_it_or_belongs_to_its_session() {
        let mut profile = profile();
        let refused = |profile: &Profile, name: &str| {
            check_all(&[(name.to_owned(), "v".to_owned())], profile).is_err()
        };
        assert!(!refused(&profile, "Cookie") && !refused(&profile, "RequestID"));
        profile.csrf = Some(true);
        profile.idempotency = Some(Idempotency::SapGateway);
        for name in [
            "Cookie",
            "X-CSRF-Token",
            "RequestID",
            "RepeatabilityCreation",
        ] {
            assert!(refused(&profile, name), "{name}");
        }
        profile.auth = Auth::ApiKey {
            header: "x-key".to_owned(),
            key: Secret::new("canary"),
        };
        assert!(refused(&profile, "X-Key"));
    }

    #[test]
    fn a_call_cannot_replace_a_header_of_its_target() {
        assert_eq!(
            check("APIKEY", "mine"),
            Err(HeaderError::SetByTarget("apikey".to_owned()))
        );
    }

    #[test]
    fn a_refusal_does_not_repeat_the_value() {
        let refusal = check("X-A", "canary\n").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("canary"));
    }
}

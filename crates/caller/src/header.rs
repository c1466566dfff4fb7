//! Which headers a call may carry. A message chooses neither credentials nor host nor framing, and no value can
//! smuggle in a second header.

use reqwest::header::{HeaderName, HeaderValue};
use thiserror::Error;

use crate::auth::Auth;
use crate::csrf;
use crate::idempotency;
use crate::profile::Profile;

/// Headers the caller or the HTTP library sets: sign-in, host, framing, connection and compression.
const RESERVED: [&str; 14] = [
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

/// Names under which vendors accept an idempotency key; the value comes from `IdempotencyKey` alone.
const IDEMPOTENCY: [&str; 2] = ["idempotency-key", "x-netsuite-idempotency-key"];

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

/// Checks the headers of a call.
///
/// # Errors
/// The first header that cannot be sent.
pub fn check_all(headers: &[(String, String)], profile: &Profile) -> Result<(), HeaderError> {
    for (name, value) in headers {
        typed(name, value)?;
        let lower = name.to_ascii_lowercase();
        if idempotency::header_names(profile.idempotency()).contains(&lower.as_str()) {
            return Err(HeaderError::Idempotency(lower));
        }
        // The token belongs to its cookies, and both to the session that Rampmeter keeps.
        if profile.csrf() && [csrf::HEADER, "cookie"].contains(&lower.as_str()) {
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
/// A malformed name or value, or a name that is not free to choose.
pub fn typed(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let header_name =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::BadName(shown(name)))?;
    if RESERVED.contains(&header_name.as_str()) {
        return Err(HeaderError::Reserved(header_name.to_string()));
    }
    if IDEMPOTENCY.contains(&header_name.as_str()) {
        return Err(HeaderError::Idempotency(header_name.to_string()));
    }
    let value =
        HeaderValue::from_str(value).map_err(|_| HeaderError::BadValue(header_name.to_string()))?;
    Ok((header_name, value))
}

/// Says whether an idempotency key can be sent.
///
/// # Errors
/// [`HeaderError::BadValue`] if it cannot stand in a header.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::preset::Idempotency;
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

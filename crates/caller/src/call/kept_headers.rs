//! Which headers an account reserves: those that identify a call, those of its session, and those of its configuration. A
//! call that sets one of them is refused, by its [`Account`].

use rampmeter_call::{Account, header, header::HeaderError};
use reqwest::header::{HeaderName, HeaderValue};

use crate::profile::Profile;
use crate::sign_in::Auth;
use crate::vendor::{Idempotency, Preset};

impl Profile {
    /// What a message to this account is checked against.
    #[must_use]
    pub fn account(&self) -> Account {
        let mut account = Account::new(&self.target, self.base_url.clone());
        account.endpoint.clone_from(&self.endpoint);
        account.endpoints = self
            .endpoints
            .iter()
            .map(|(name, endpoint)| (name.clone(), endpoint.profile.account()))
            .collect();
        let own = self.idempotency().headers();
        account.idempotency_headers = own.into_iter().map(str::to_owned).collect();
        account
            .idempotency_headers
            .extend(names_of_calls().map(str::to_owned));
        // The token belongs to its cookies, and both to the session that Rampmeter keeps.
        if let Some(csrf) = self.csrf_protection() {
            account.session_headers = vec![csrf.header.to_owned(), "cookie".to_owned()];
        }
        if let Auth::ApiKey { header, .. } = &self.auth {
            account.target_headers.push(header.to_ascii_lowercase());
        }
        let configured = self
            .headers
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase());
        account.target_headers.extend(configured);
        account
    }
}

/// One header of a call or of a target, as the HTTP library's own types.
///
/// # Errors A malformed name or value, or a name that cannot be chosen: a reserved one, or one under which a vendor
/// accepts an idempotency key.
pub fn typed_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let (name, value) = header::parse(name, value)?;
    if names_of_calls().any(|own| own == name.as_str()) {
        return Err(HeaderError::Idempotency(name.to_string()));
    }
    Ok((name, value))
}

/// The names under which any vendor accepts an idempotency key; its value comes from `IdempotencyKey`
/// alone.
fn names_of_calls() -> impl Iterator<Item = &'static str> {
    Preset::ALL
        .iter()
        .filter_map(|preset| match &preset.vendor().idempotency {
            Idempotency::Header { name, .. } => Some(name.as_ref()),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::secret::Secret;
    use rampmeter_call::header::{RESERVED, check_key};

    fn profile() -> Profile {
        let url = Url::parse("https://vendor.test").unwrap();
        let mut profile = Profile::new("vendor", url, Duration::from_secs(1));
        profile
            .headers
            .push(("apiKey".to_owned(), Secret::new("canary")));
        profile
    }

    fn check(name: &str, value: &str) -> Result<(), HeaderError> {
        profile()
            .account()
            .check_headers(&[(name.to_owned(), value.to_owned())])
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
            profile
                .account()
                .check_headers(&[(name.to_owned(), "v".to_owned())])
                .is_err()
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

//! What an authorization server answers (RFC 6749, section 5), read as liberally as vendors require. Pure.

use std::time::Duration;

use serde_json::Value;

use crate::secret::Secret;

/// The longest credible lifetime of a token: one that claims more is replaced by then.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The maximum of characters of a server's own words that are repeated.
const MAX_WORDS_CHARS: usize = 200;

/// A token as the server gave it.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access_token: Secret,
    /// How long it is valid, where the server says so.
    pub(super) expires_in: Option<Duration>,
    /// The refresh token from now on, where the server gives one.
    pub(super) refresh_token: Option<Secret>,
}

/// Reads a success. None if it holds no usable token.
pub(super) fn granted(body: &Value) -> Option<Granted> {
    let access_token = body.get("access_token")?.as_str()?;
    let bearer = body
        .get("token_type")
        .and_then(Value::as_str)
        .is_none_or(|kind| {
            // SAP and others name the kind of the token (`BearerToken`), not how it is used.
            kind.to_ascii_lowercase().starts_with("bearer")
        });
    let sendable = !access_token.is_empty()
        && access_token
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    (bearer && sendable).then(|| Granted {
        access_token: Secret::new(access_token),
        expires_in: body.get("expires_in").and_then(seconds),
        refresh_token: body
            .get("refresh_token")
            .and_then(Value::as_str)
            .filter(|token| !token.is_empty())
            .map(Secret::new),
    })
}

/// A number, or a number as a text (NetSuite). Zero, negative and unreadable lifetimes count as not stated.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (seconds.is_finite() && seconds > 0.0)
        .then(|| Duration::from_secs_f64(seconds.min(MAX_LIFETIME.as_secs_f64())))
}

/// The code and the words of a refusal: `invalid_grant` and its description. Credentials that the server repeats are
/// blanked, and the words are truncated.
pub(super) fn refusal(body: &Value, secrets: &[&str]) -> (Option<String>, String) {
    let code = body
        .get("error")
        .and_then(Value::as_str)
        .filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(|code| blanked(code, secrets));
    let words = ["error_description", "message"]
        .into_iter()
        .find_map(|name| body.get(name).and_then(Value::as_str))
        .unwrap_or_default();
    let words: String = blanked(words, secrets)
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_WORDS_CHARS)
        .collect();
    (code, words)
}

fn blanked(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "***");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lifetime_is_a_number_or_its_text() {
        let cases = [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(1.0), Some(1)),
            (json!(1e300), Some(86_400)),
            (json!(0), None),
            (json!(-5), None),
            (json!("NaN"), None),
            (json!("soon"), None),
            (json!(null), None),
        ];
        for (value, expected) in cases {
            let body = json!({"access_token": "a", "expires_in": value});
            let granted = granted(&body).unwrap();
            assert_eq!(
                granted.expires_in.map(|lifetime| lifetime.as_secs()),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn only_a_bearer_token_that_can_be_sent_is_taken() {
        for body in [
            json!({"access_token": "a", "token_type": "bearer"}),
            json!({"access_token": "a", "token_type": "Bearer"}),
            json!({"access_token": "a", "token_type": "BearerToken"}),
            json!({"access_token": "a"}),
        ] {
            assert!(granted(&body).is_some(), "{body}");
        }
        for body in [
            json!({"access_token": "a", "token_type": "mac"}),
            json!({"access_token": ""}),
            json!({"access_token": "a\r\nHost: evil"}),
            json!({"access_token": 5}),
            json!({"error": "invalid_grant"}),
            json!("text"),
            json!([]),
        ] {
            assert!(granted(&body).is_none(), "{body}");
        }
    }

    #[test]
    fn a_refusal_never_repeats_a_credential() {
        let body = json!({
            "error": "invalid_client",
            "error_description": "secret canary-1 is\nwrong",
        });
        let (code, words) = refusal(&body, &["canary-1"]);
        assert_eq!(code.as_deref(), Some("invalid_client"));
        assert_eq!(words, "secret *** iswrong");
        let endless = json!({"error": "x".repeat(100), "error_description": "y".repeat(1000)});
        let (code, words) = refusal(&endless, &[]);
        assert_eq!((code, words.len()), (None, 200));
    }
}

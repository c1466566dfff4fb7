//! `Authorization: Basic` (RFC 7617), and how a client shows its id and secret to a token endpoint (RFC 6749, 2.3.1).

use crate::request::Arrival;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

/// The user and the password of a request.
pub(crate) fn credentials(arrival: &Arrival) -> Option<(String, String)> {
    let (scheme, encoded) = arrival.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The bearer token of a request.
pub(crate) fn bearer(arrival: &Arrival) -> Option<&str> {
    let (scheme, token) = arrival.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The client id and secret shown to a token endpoint: form-encoded in the header, or two fields of the form, not both.
pub(crate) fn client(arrival: &Arrival, form: &[(String, String)]) -> Option<(String, String)> {
    let in_form = match (field(form, "client_id"), field(form, "client_secret")) {
        (Some(id), Some(secret)) => Some((id.to_owned(), secret.to_owned())),
        _ => None,
    };
    let in_header = credentials(arrival).map(|(id, secret)| (decoded(&id), decoded(&secret)));
    match (in_header, in_form) {
        (Some(_), Some(_)) => None,
        (header, form) => header.or(form),
    }
}

/// A field of a form that is there once.
pub(crate) fn field<'f>(form: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let mut found = form.iter().filter(|(key, _)| key == name);
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value)
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::arrival;
    use axum::http::Method;

    #[test]
    fn a_client_shows_its_secret_in_one_place_only() {
        let form = |names: &[&str]| -> Vec<(String, String)> {
            names
                .iter()
                .map(|n| ((*n).to_owned(), "a b".to_owned()))
                .collect()
        };
        // "a+b:a%20b" in base64.
        let basic = ("authorization", "Basic YStiOmElMjBi");
        let expected = Some(("a b".to_owned(), "a b".to_owned()));
        let with = arrival(&Method::POST, "/", &[basic], "");
        let without = arrival(&Method::POST, "/", &[], "");
        assert_eq!(client(&with, &[]), expected);
        assert_eq!(
            client(&without, &form(&["client_id", "client_secret"])),
            expected
        );
        assert_eq!(client(&with, &form(&["client_id", "client_secret"])), None);
        assert_eq!(client(&without, &form(&["client_id"])), None);
        let twice = form(&["client_id", "client_id", "client_secret"]);
        assert_eq!(client(&without, &twice), None);
    }
}

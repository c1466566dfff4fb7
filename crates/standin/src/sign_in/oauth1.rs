//! A signature of OAuth 1.0a with HMAC-SHA256 (RFC 5849), checked as the server does: takes the header apart, makes the
//! base string again from the request, and checks nonce and timestamp. Which secrets belong to which keys is the
//! vendor's business.

use super::Why;
use crate::request::Arrival;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use ring::hmac;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The parameters of an Authorization header, decoded.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

/// Every parameter that must be there, once, besides the realm; no other may be.
const DEMANDED: [&str; 7] = [
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_token",
    "oauth_version",
];

impl Parameters {
    /// Reads `OAuth name="value", ...`.
    pub(crate) fn read(header: &str) -> Result<Parameters, Why> {
        let malformed = "the Authorization header is not OAuth name=\"value\", ...";
        let (scheme, list) = header.split_once(' ').ok_or(malformed)?;
        if !scheme.eq_ignore_ascii_case("oauth") {
            return Err(malformed);
        }
        let mut parameters = Vec::new();
        for pair in list.split(',') {
            let (name, quoted) = pair.trim().split_once('=').ok_or(malformed)?;
            let value = quoted
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .ok_or(malformed)?;
            parameters.push((decoded(name)?, decoded(value)?));
        }
        let parameters = Parameters(parameters);
        let known = |name: &str| name == "realm" || DEMANDED.contains(&name);
        if let Some((name, _)) = parameters.0.iter().find(|(name, _)| !known(name)) {
            return Err(if name == "oauth_body_hash" {
                "there is an oauth_body_hash: a JSON body is not signed"
            } else {
                "there is a parameter that does not belong there"
            });
        }
        if DEMANDED
            .iter()
            .chain(&["realm"])
            .any(|name| parameters.get(name).is_none())
        {
            return Err("a parameter is missing or there twice");
        }
        Ok(parameters)
    }

    /// A parameter that is given once.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        super::basic::field(&self.0, name)
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Checks the version, the method of signing and the signature itself.
    pub(crate) fn verify(
        &self,
        arrival: &Arrival,
        consumer_secret: &str,
        token_secret: &str,
    ) -> Result<(), Why> {
        if self.text("oauth_version") != "1.0" {
            return Err("oauth_version is not 1.0");
        }
        if self.text("oauth_signature_method") != "HMAC-SHA256" {
            return Err("oauth_signature_method is not HMAC-SHA256");
        }
        let signature = STANDARD
            .decode(self.text("oauth_signature"))
            .map_err(|_| "oauth_signature is no base64")?;
        let secrets = format!("{}&{}", encoded(consumer_secret), encoded(token_secret));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secrets.as_bytes());
        let base_string = self.base_string(arrival.method.as_str(), &arrival.url(), arrival);
        hmac::verify(&key, base_string.as_bytes(), &signature)
            .map_err(|_| "the signature is not that of the request and the secrets")
    }

    /// Section 3.4.1. Neither the realm nor the signature is part of it.
    fn base_string(&self, method: &str, url: &str, arrival: &Arrival) -> String {
        let own = self
            .0
            .iter()
            .filter(|(name, _)| name != "realm" && name != "oauth_signature");
        let query = arrival.query_pairs();
        // A form is signed with the request; NetSuite's surfaces take JSON, which is not.
        let form = arrival.form().unwrap_or_default();
        let mut pairs: Vec<(String, String)> = own
            .chain(&query)
            .chain(&form)
            .map(|(name, value)| (encoded(name), encoded(value)))
            .collect();
        pairs.sort();
        let mut normalised = String::new();
        for (name, value) in pairs {
            let between = if normalised.is_empty() { "" } else { "&" };
            // Writing to a String cannot fail.
            let _ = write!(normalised, "{between}{name}={value}");
        }
        format!("{method}&{}&{}", encoded(url), encoded(&normalised))
    }
}

/// Section 3.6: letters, digits and four signs stand as they are, every other byte is `%` and two capital digits.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn decoded(text: &str) -> Result<String, Why> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| "a parameter is no UTF-8")
}

/// The nonces that were seen: one may come once while its timestamp would still be accepted.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    /// When each was stamped.
    seen: HashMap<(String, String), i64>,
}

impl Nonces {
    /// Takes a nonce, at `now` and with its timestamp in seconds since the epoch.
    pub(crate) fn take(&mut self, parameters: &Parameters, now: i64, skew: i64) -> Result<(), Why> {
        let stamped: i64 = parameters
            .text("oauth_timestamp")
            .parse()
            .map_err(|_| "oauth_timestamp is no number of seconds")?;
        if (now - stamped).abs() > skew {
            return Err("oauth_timestamp is too far from the vendor's clock");
        }
        let nonce = parameters.text("oauth_nonce");
        if !(6..=64).contains(&nonce.len()) || !nonce.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err("oauth_nonce is not 6 to 64 letters and digits");
        }
        self.seen
            .retain(|_, stamped| (now - *stamped).abs() <= skew);
        let key = (parameters.text("oauth_token").to_owned(), nonce.to_owned());
        match self.seen.insert(key, stamped) {
            None => Ok(()),
            Some(_) => Err("the nonce was used before"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::arrival;
    use axum::http::Method;

    const CONSUMER: &str = "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4";
    const CONSUMER_SECRET: &str =
        "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5";
    const TOKEN: &str = "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc";
    const TOKEN_SECRET: &str = "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295";

    fn header(signature: &str) -> String {
        format!(
            "OAuth realm=\"123456_SB1\", oauth_consumer_key=\"{CONSUMER}\", oauth_token=\"{TOKEN}\", \
             oauth_nonce=\"fjaLirsIcCGVZWzBX0pg\", oauth_timestamp=\"1508242306\", \
             oauth_signature_method=\"HMAC-SHA256\", oauth_version=\"1.0\", oauth_signature=\"{signature}\""
        )
    }

    fn base_string(method: &Method, url: &str) -> String {
        let target = url.splitn(4, '/').nth(3).unwrap();
        let request = arrival(method, &format!("/{target}"), &[], "");
        let place = url.split('?').next().unwrap();
        Parameters::read(&header("x"))
            .unwrap()
            .base_string(method.as_str(), place, &request)
    }

    fn signature(base_string: &str) -> String {
        let key = hmac::Key::new(
            hmac::HMAC_SHA256,
            format!("{CONSUMER_SECRET}&{TOKEN_SECRET}").as_bytes(),
        );
        STANDARD.encode(hmac::sign(&key, base_string.as_bytes()))
    }

    /// Oracle's published sample inputs; the signatures were made by oauthlib.
    #[test]
    fn the_signatures_of_other_implementations_are_the_same() {
        for (method, url, expected) in [
            (
                Method::GET,
                "https://123456-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/customer?q=companyName%20CONTAIN%20%22A%26B%22&limit=10&offset=0",
                "nkG4xEcsZtzRzL0QWr3rRcCQp1/KuL2gUo98nAc//v8=",
            ),
            (
                Method::POST,
                "https://123456-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=1000&offset=0",
                "LjzqkKDpsRTpwqBkevEM3wfFmspmqdKggHTdHxxHp+U=",
            ),
            (
                Method::POST,
                "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=6&deploy=1&customParam=someValue&testParam=someOtherValue",
                "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ=",
            ),
            (
                Method::GET,
                "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40",
                "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=",
            ),
        ] {
            assert_eq!(signature(&base_string(&method, url)), expected, "{url}");
        }
    }

    #[test]
    fn a_header_with_more_or_less_than_the_parameters_is_refused() {
        let whole = header("x");
        assert!(Parameters::read(&whole).is_ok());
        for broken in [
            whole.replace("OAuth ", "Bearer "),
            whole.replace("oauth_nonce", "oauth_none"),
            whole.replace(", oauth_version=\"1.0\"", ""),
            whole.replace("realm=\"123456_SB1\", ", ""),
            format!("{whole}, oauth_nonce=\"abcdef\""),
            format!("{whole}, oauth_body_hash=\"x\""),
            whole.replace("\"1.0\"", "1.0"),
            whole.replace("\"1.0\"", "\"%FF\""),
        ] {
            assert!(Parameters::read(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_nonce_comes_once_within_the_time_its_stamp_is_accepted() {
        let parameters = Parameters::read(&header("x")).unwrap();
        let mut nonces = Nonces::default();
        let at = 1_508_242_306;
        assert_eq!(nonces.take(&parameters, at + 300, 300), Ok(()));
        assert_eq!(
            nonces.take(&parameters, at - 300, 300),
            Err("the nonce was used before")
        );
        for late in [at + 301, at - 301] {
            assert_eq!(
                nonces.take(&parameters, late, 300),
                Err("oauth_timestamp is too far from the vendor's clock")
            );
        }
        for nonce in ["abc", "abc-def", &"a".repeat(65)] {
            let text = header("x").replace("fjaLirsIcCGVZWzBX0pg", nonce);
            let parameters = Parameters::read(&text).unwrap();
            assert!(nonces.take(&parameters, at, 300).is_err(), "{nonce}");
        }
    }
}

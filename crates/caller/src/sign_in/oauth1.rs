//! OAuth 1.0a with HMAC-SHA256 (RFC 5849), as NetSuite's Token-Based Authentication requires it: signed for
//! each request, with the account as realm. A JSON body is not signed. Pure: nonce and time arrive as
//! arguments.

use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;
use url::Url;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;

/// RFC 5849, section 3.6: everything but these four and letters and digits is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The credentials of OAuth 1.0a.
#[derive(Clone, Debug)]
pub struct OAuth1 {
    /// The realm: NetSuite's account id in capitals with an underscore, such as `1234567_SB1`.
    pub account: String,
    /// Key of the integration record.
    pub consumer_key: String,
    /// Secret of the integration record.
    pub consumer_secret: Secret,
    /// What NetSuite shows as Token ID.
    pub access_id: String,
    /// What NetSuite shows as Token Secret.
    pub access_secret: Secret,
}

impl OAuth1 {
    /// The value of the Authorization header for one request. `nonce` is 6 to 64 letters and digits, different for
    /// each request; `timestamp` is in seconds of Unix time.
    #[must_use]
    pub fn authorization(&self, method: &str, url: &Url, nonce: &str, timestamp: u64) -> String {
        let timestamp = timestamp.to_string();
        let parameters = [
            ("oauth_consumer_key", self.consumer_key.as_str()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", timestamp.as_str()),
            ("oauth_token", self.access_id.as_str()),
            ("oauth_version", "1.0"),
        ];
        let signature = self.sign(&base_string(method, url, &parameters));
        let mut header = format!("OAuth realm=\"{}\"", encode(&self.account));
        for (name, value) in parameters
            .into_iter()
            .chain([("oauth_signature", signature.as_str())])
        {
            header.push_str(&format!(", {name}=\"{}\"", encode(value)));
        }
        header
    }

    fn sign(&self, base_string: &str) -> String {
        let key = format!(
            "{}&{}",
            encode(self.consumer_secret.expose()),
            encode(self.access_secret.expose())
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
            .expect("HMAC takes a key of any length (RFC 2104)");
        mac.update(base_string.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// RFC 5849, section 3.4.1: method, URL without query, and all parameters sorted by their encoded form. The realm
/// and the signature are no part of it.
fn base_string(method: &str, url: &Url, parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (encode(&name), encode(&value)))
        .chain(
            parameters
                .iter()
                .map(|(name, value)| (encode(name), encode(value))),
        )
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    // The origin leaves out a port that is the scheme's own, as the standard asks.
    let place = format!("{}{}", url.origin().ascii_serialization(), url.path());
    format!("{method}&{}&{}", encode(&place), encode(&pairs.join("&")))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inputs printed in Oracle's documentation; the signatures were computed with two other implementations.
    fn sample(account: &str) -> OAuth1 {
        OAuth1 {
            account: account.to_owned(),
            consumer_key: "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4"
                .to_owned(),
            consumer_secret: Secret::new(
                "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
            ),
            access_id: "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc"
                .to_owned(),
            access_secret: Secret::new(
                "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
            ),
        }
    }

    fn header(account: &str, method: &str, url: &str) -> String {
        let url = Url::parse(url).unwrap();
        sample(account).authorization(method, &url, "fjaLirsIcCGVZWzBX0pg", 1_508_242_306)
    }

    #[test]
    fn known_requests_have_their_known_signatures() {
        let cases = [
            (
                "123456_SB1",
                "GET",
                "https://123456-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/customer?q=companyName%20CONTAIN%20%22A%26B%22&limit=10&offset=0",
                "nkG4xEcsZtzRzL0QWr3rRcCQp1/KuL2gUo98nAc//v8=",
            ),
            (
                "123456_SB1",
                "POST",
                "https://123456-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=1000&offset=0",
                "LjzqkKDpsRTpwqBkevEM3wfFmspmqdKggHTdHxxHp+U=",
            ),
            (
                "123456",
                "POST",
                "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=6&deploy=1&customParam=someValue&testParam=someOtherValue",
                "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ=",
            ),
            (
                "123456",
                "GET",
                "https://123456.suitetalk.api.netsuite.com:443/services/rest/record/v1/employee/40",
                "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=",
            ),
        ];
        for (account, method, url, signature) in cases {
            let header = header(account, method, url);
            let expected = format!("oauth_signature=\"{}\"", encode(signature));
            assert!(header.ends_with(&expected), "{url}: {header}");
        }
    }

    #[test]
    fn the_header_names_the_realm_and_every_parameter() {
        let header = header("123456_SB1", "GET", "https://a.test/x");
        assert!(
            header.starts_with("OAuth realm=\"123456_SB1\", oauth_consumer_key=\"ef40"),
            "{header}"
        );
        for part in [
            "oauth_nonce=\"fjaLirsIcCGVZWzBX0pg\"",
            "oauth_timestamp=\"1508242306\"",
            "oauth_signature_method=\"HMAC-SHA256\"",
            "oauth_version=\"1.0\"",
            "oauth_token=\"2b0c",
        ] {
            assert!(header.contains(part), "{header}");
        }
        assert!(
            !header.contains("d26ad321") && !header.contains("c29a677d"),
            "{header}"
        );
    }

    #[test]
    fn blanks_and_plus_signs_are_encoded_as_the_standard_asks() {
        let base = |url: &str| base_string("GET", &Url::parse(url).unwrap(), &[]);
        assert_eq!(
            base("http://a.test:80/x?b=x+y&a=1%2B1&a=~"),
            "GET&http%3A%2F%2Fa.test%2Fx&a%3D1%252B1%26a%3D~%26b%3Dx%2520y"
        );
        assert!(base("http://a.test:8080/x").starts_with("GET&http%3A%2F%2Fa.test%3A8080%2Fx&"));
    }
}

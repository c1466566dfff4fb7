//! How a call is identified in its headers, so that the vendor recognises a retry. Pure: the time of the first
//! attempt arrives as an argument.

use std::time::SystemTime;

use rampmeter_call::HeaderError;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::vendor::{Idempotency, sap_gateway as gateway};

/// Adds the headers that identify a call. An empty key adds none.
///
/// # Errors The key cannot be a header value.
pub(super) fn name_call(
    headers: &mut HeaderMap,
    way: &Idempotency,
    key: &str,
    first_sent: SystemTime,
) -> Result<(), HeaderError> {
    if key.is_empty() {
        return Ok(());
    }
    let unsendable = || HeaderError::BadValue("for the idempotency key".to_owned());
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| unsendable());
    match way {
        Idempotency::None => {}
        Idempotency::Header { name, quoted } => {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| HeaderError::BadName(name.to_string()))?;
            let text = if *quoted { quote(key) } else { key.to_owned() };
            headers.insert(name, value(&text)?);
        }
        Idempotency::Repeatability => {
            headers.insert("repeatability-request-id", value(key)?);
            let date = httpdate::fmt_http_date(first_sent);
            headers.insert("repeatability-first-sent", value(&date)?);
        }
        Idempotency::SapGateway => {
            headers.insert(gateway::KEY, value(&gateway::guid(key))?);
            let at = gateway::seconds(first_sent).ok_or_else(unsendable)?;
            headers.insert(gateway::CREATION, value(&at)?);
        }
    }
    Ok(())
}

/// A string of Structured Fields (RFC 9651, section 3.3.3).
fn quote(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::Duration;

    use super::*;

    const KEY: &str = "8e03978e-40d5-83e8-bc93-6894a57f9324";

    /// Sun, 06 Nov 1994 08:49:37 GMT, the example date of RFC 9110.
    fn example() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_900)
    }

    fn headers(way: &Idempotency, key: &str) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        name_call(&mut headers, way, key, example()).unwrap();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn each_way_has_its_headers() {
        let header = |quoted| Idempotency::Header {
            name: Cow::Borrowed("idempotency-key"),
            quoted,
        };
        assert_eq!(headers(&header(false), KEY), [pair("idempotency-key", KEY)]);
        assert_eq!(
            headers(&header(true), "a\"b\\"),
            [pair("idempotency-key", "\"a\\\"b\\\\\"")]
        );
        assert_eq!(
            headers(&Idempotency::Repeatability, KEY),
            [
                pair("repeatability-request-id", KEY),
                pair("repeatability-first-sent", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ]
        );
        assert_eq!(
            headers(&Idempotency::SapGateway, KEY),
            [
                pair("requestid", "8E03978E40D583E8BC936894A57F9324"),
                pair("repeatabilitycreation", "1994-11-06T08:49:37"),
            ]
        );
        assert_eq!(headers(&Idempotency::None, KEY), []);
        assert_eq!(headers(&Idempotency::Repeatability, ""), []);
    }
}

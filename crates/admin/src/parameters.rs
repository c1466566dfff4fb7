//! The parameters in the query string of a request. Their meaning is left to the handlers that read them.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use super::response::Refused;

/// Longest query string that is read, in bytes.
const MAX_PARAMETER_BYTES: usize = 4_096;

/// What follows the question mark.
#[derive(Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Parameters::read(parts.uri.query().unwrap_or_default())
    }
}

impl Parameters {
    fn read(query: &str) -> Result<Parameters, Refused> {
        if query.len() > MAX_PARAMETER_BYTES {
            return Err(Refused::bad_request("the query string is too long"));
        }
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned()));
        Ok(Parameters(pairs.collect()))
    }

    /// A parameter, if it is given and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// The number `limit`, from 1 to `most`.
    pub(crate) fn limit(&self, usual: u32, most: u32) -> Result<u32, Refused> {
        match self.0.get("limit").map(|text| text.parse()) {
            None => Ok(usual),
            Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => Err(Refused::bad_request(format!(
                "limit must be a number from 1 to {most}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(query: &str) -> Option<u32> {
        Parameters::read(query).unwrap().limit(100, 1_000).ok()
    }

    #[test]
    fn the_limit_is_a_number_within_its_range_or_the_default() {
        assert_eq!(limit(""), Some(100));
        assert_eq!(limit("other=1"), Some(100));
        assert_eq!(limit("a=b&limit=7"), Some(7));
        for query in ["limit=", "limit=0", "limit=1001", "limit=-1", "limit=ten"] {
            assert_eq!(limit(query), None, "{query}");
        }
    }

    #[test]
    fn texts_are_decoded_and_empty_ones_are_absent() {
        let parameters = Parameters::read("a=x%20y&b=&c=1").unwrap();
        assert_eq!(parameters.text("a"), Some("x y"));
        assert_eq!((parameters.text("b"), parameters.text("d")), (None, None));
        assert!(Parameters::read(&"x".repeat(5_000)).is_err());
    }
}

//! The two protocols in which clients write requests and read responses, and how to tell which one a request uses.

pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod query;
mod rejection;
pub(crate) mod service;

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;

/// The header that names an operation of AWS JSON.
pub(crate) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// How a client writes requests and reads responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.0: the operation in a header, parameters and response as JSON.
    Json,
    /// The Query protocol: the operation and its parameters in a form or in the URL, the response as XML.
    Query,
}

impl Protocol {
    /// The protocol of a request. A form is a form, whatever its target header says: early SQS clients name the
    /// operation in both places. Otherwise the target header decides.
    pub(crate) fn of(head: &Parts) -> Protocol {
        let form = || {
            let kind = head.headers.get(CONTENT_TYPE);
            let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        };
        let in_url = || {
            let query = head.uri.query().unwrap_or_default();
            query.split('&').any(|pair| pair.starts_with("Action="))
        };
        let targeted = head.headers.contains_key(TARGET);
        if form() || (!targeted && in_url()) {
            Protocol::Query
        } else {
            Protocol::Json
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn protocol(method: &str, uri: &str, headers: &[(&str, &str)]) -> Protocol {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Protocol::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_form_is_a_form_and_otherwise_the_target_header_decides() {
        let form = (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        let target = ("x-amz-target", "AmazonSQS.ListQueues");
        assert_eq!(protocol("POST", "/", &[form]), Protocol::Query);
        assert_eq!(
            protocol("POST", "/?Action=ListQueues", &[]),
            Protocol::Query
        );
        assert_eq!(
            protocol("GET", "/?Version=1&Action=ListQueues", &[]),
            Protocol::Query
        );
        assert_eq!(
            protocol("GET", "/?NoAction=ListQueues", &[]),
            Protocol::Json
        );
        assert_eq!(protocol("POST", "/", &[form, target]), Protocol::Query);
        assert_eq!(
            protocol("POST", "/?Action=PurgeQueue", &[target]),
            Protocol::Json
        );
        assert_eq!(protocol("POST", "/", &[]), Protocol::Json);
    }
}

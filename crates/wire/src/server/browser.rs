//! Web pages must not use this port. A page of any site can make a browser send requests to a loopback address; no AWS
//! client runs in one. Browsers reveal themselves by headers that a page cannot change.

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode};

use crate::loopback;
use crate::operation::Right;
use crate::protocol::error::WireError;
use crate::sigv4;

/// Where a request comes from, as browsers say in requests to this machine.
/// <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The name under which LocalStack's users reach their own machine.
const LOCALSTACK: &str = ".localhost.localstack.cloud";

/// Refuses what a browser sends for a page of another site. `open`: the server requires no signature.
pub(crate) fn refuse(head: &Parts, open: bool) -> Result<(), WireError> {
    let foreign_origin = head
        .headers
        .get(ORIGIN)
        .is_some_and(|origin| !loopback::is_loopback_origin(origin.as_bytes()));
    let foreign_site = head
        .headers
        .get(FETCH_SITE)
        .is_some_and(|site| site != "same-origin" && site != "none");
    // A page that has bound its own name to a loopback address counts as the same site, and sends no origin with a GET.
    let foreign_host = open
        && head.method == Method::GET
        && head
            .headers
            .get(HOST)
            .is_some_and(|host| !is_this_machine(host.as_bytes()));
    if foreign_origin || foreign_site || foreign_host {
        return Err(denied("Requests of web pages are not served."));
    }
    Ok(())
}

/// Refuses a change by an unsigned GET on a server that requires no signature: a link in a mail or an image in a page
/// can make a browser send one, and the request does not say where it comes from. A link can contain anything that a
/// URL can, such as a presigned signature, which such a server does not verify; it cannot set a header.
pub(crate) fn refuse_change(head: &Parts, right: Right, open: bool) -> Result<(), WireError> {
    let reads = matches!(right, Right::Identify | Right::Read);
    let signed = head
        .headers
        .get(AUTHORIZATION)
        .is_some_and(|value| value.as_bytes().starts_with(sigv4::ALGORITHM.as_bytes()));
    if open && head.method == Method::GET && !reads && !signed {
        return Err(denied(
            "A GET without a signature in its headers may only read. Send the request by POST.",
        ));
    }
    Ok(())
}

fn denied(why: &str) -> WireError {
    WireError::new("AccessDeniedException", why)
        .with_query_code("AccessDenied")
        .with_status(StatusCode::FORBIDDEN)
}

fn is_this_machine(host: &[u8]) -> bool {
    if loopback::is_loopback_host(host) {
        return true;
    }
    let Ok(host) = std::str::from_utf8(host) else {
        return false;
    };
    let name = host.split(':').next().unwrap_or_default();
    name.ends_with(LOCALSTACK) || name == &LOCALSTACK[1..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn refused(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/?Action=PurgeQueue");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        refuse(&request.body(()).unwrap().into_parts().0, true).is_err()
    }

    #[test]
    fn what_a_page_of_another_site_makes_a_browser_send_is_refused() {
        assert!(refused("POST", &[("origin", "https://evil.example")]));
        assert!(refused("GET", &[("sec-fetch-site", "cross-site")]));
        assert!(refused("GET", &[("sec-fetch-site", "same-site")]));
        assert!(refused("GET", &[("host", "evil.example:4566")]));
        assert!(refused(
            "GET",
            &[("host", "localhost.localstack.cloud.evil.example")]
        ));
    }

    #[test]
    fn what_clients_and_a_person_at_the_address_bar_send_is_not() {
        assert!(!refused("POST", &[("host", "rampmeter:4566")]));
        assert!(!refused("GET", &[("host", "localhost:4566")]));
        assert!(!refused(
            "GET",
            &[("host", "sqs.us-east-1.localhost.localstack.cloud:4566")]
        ));
        assert!(!refused(
            "GET",
            &[("sec-fetch-site", "none"), ("host", "127.0.0.1")]
        ));
    }

    #[test]
    fn a_link_may_read_and_change_nothing() {
        let change = |method: &str, headers: &[(&str, &str)], right, open| {
            let uri = "/?Action=SendMessage&X-Amz-Signature=00";
            let mut request = Request::builder().method(method).uri(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let head = request.body(()).unwrap().into_parts().0;
            refuse_change(&head, right, open).is_ok()
        };
        let signed = [("authorization", "AWS4-HMAC-SHA256 Credential=test/...")];
        let password = [("authorization", "Basic dGVzdDp0ZXN0")];
        for right in [Right::Send, Right::Receive, Right::Report, Right::Operate] {
            assert!(!change("GET", &[], right, true));
            assert!(!change("GET", &password, right, true));
            assert!(change("GET", &signed, right, true));
            assert!(change("POST", &[], right, true));
            // With credentials the signature has been verified.
            assert!(change("GET", &[], right, false));
        }
        assert!(change("GET", &[], Right::Read, true));
        assert!(change("GET", &[], Right::Identify, true));
    }
}

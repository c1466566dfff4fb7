//! Whether a browser says that a request comes from a page of this server. A browser adds the cookie to a request
//! whatever page made it send that, so a request that changes something must say where it comes from.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

/// <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether it says so, and nothing else.
pub(crate) fn is_of_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("null"))
    };
    let site = text(&FETCH_SITE).map(|site| site == "same-origin");
    let origin = text(&ORIGIN).map(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == text(&HOST)
    });
    site != Some(false) && origin != Some(false) && (site.is_some() || origin.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&'static str, &str)]) -> bool {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        is_of_own_page(&pairs.collect())
    }

    #[test]
    fn a_request_says_that_it_comes_from_here_or_is_not_believed() {
        let host = ("host", "meter.example:4580");
        assert!(own(&[host, ("origin", "https://meter.example:4580")]));
        assert!(own(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(!own(&[host]));
        assert!(!own(&[host, ("origin", "null")]));
        assert!(!own(&[host, ("origin", "https://evil.example")]));
        assert!(!own(&[host, ("origin", "https://meter.example")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!own(&[host, ("sec-fetch-site", site)]), "{site}");
        }
        let both = [
            host,
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert!(!own(&both));
    }
}

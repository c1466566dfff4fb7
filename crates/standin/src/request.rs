//! A request that has arrived whole, whoever the vendor is: its line, headers and body, and how they are read.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The body of a request as far as it was read.
#[derive(Clone, Debug)]
pub(crate) enum RequestBody {
    Whole(Bytes),
    /// More than this many bytes, the rest unread.
    Over(usize),
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) method: Method,
    /// As it was sent, still percent-encoded.
    pub(crate) path: String,
    /// Without the question mark, as it was sent; empty where there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
}

impl Arrival {
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: RequestBody) -> Arrival {
        Arrival {
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            headers,
            body,
        }
    }

    /// A header that is there once and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// Where the client believes it is: the URL of the request without its query, scheme and host in lower case. A
    /// stand-in speaks plain HTTP, whose port 80 is dropped.
    pub(crate) fn url(&self) -> String {
        let host = self.header("host").unwrap_or_default().to_ascii_lowercase();
        let host = host.strip_suffix(":80").unwrap_or(&host);
        format!("http://{host}{}", self.path)
    }

    /// The pairs of the query, decoded as a form is.
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(&self.query)
    }

    /// One value of the query.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        let found = self.query_pairs().into_iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    }

    /// The pairs of a form in the body; `None` if the body is no form.
    pub(crate) fn form(&self) -> Option<Vec<(String, String)>> {
        let media_type = self.header("content-type")?.split(';').next()?.trim();
        let RequestBody::Whole(bytes) = &self.body else {
            return None;
        };
        media_type
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            .then(|| std::str::from_utf8(bytes).ok().map(pairs))?
    }

    /// The body as JSON, or why it is not.
    pub(crate) fn json(&self) -> Result<Value, NoJson> {
        match &self.body {
            RequestBody::Whole(bytes) => {
                serde_json::from_slice(bytes).map_err(|error| NoJson::Unreadable(error.to_string()))
            }
            RequestBody::Over(limit) => Err(NoJson::TooLarge(*limit)),
        }
    }

    /// The segments of the path after `root`, decoded. `None` if the path is elsewhere, ends in a slash, or holds a
    /// segment that is empty or no UTF-8.
    pub(crate) fn segments_below(&self, root: &str) -> Option<Vec<String>> {
        let below = self.path.strip_prefix(root)?;
        below
            .split('/')
            .map(|segment| {
                let text = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
                (!text.is_empty()).then_some(text)
            })
            .collect()
    }
}

/// Why a body is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoJson {
    Unreadable(String),
    /// More than this many bytes.
    TooLarge(usize),
}

/// True for `root` itself and for what lies below it.
pub(crate) fn is_at_or_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The pairs of a form (WHATWG URL, application/x-www-form-urlencoded): `+` is a blank.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| {
        let blank = part.replace('+', " ");
        percent_decode_str(&blank).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A request made by hand.
    pub(crate) fn arrival(
        method: &Method,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Arrival {
        let mut map = HeaderMap::new();
        map.insert("host", "127.0.0.1:4700".parse().unwrap());
        for (name, value) in headers {
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, value.parse().unwrap());
        }
        let body = RequestBody::Whole(Bytes::copy_from_slice(body.as_bytes()));
        Arrival::new(method.clone(), &target.parse().unwrap(), map, body)
    }

    #[test]
    fn the_query_is_decoded_and_keeps_what_is_empty() {
        let request = arrival(&Method::GET, "/a?x=1%2B1&y=a+b&empty&x=2", &[], "");
        let pairs = request.query_pairs();
        let expected = [("x", "1+1"), ("y", "a b"), ("empty", ""), ("x", "2")];
        let expected: Vec<_> = expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        assert_eq!(pairs, expected);
        assert_eq!(request.query_value("y").as_deref(), Some("a b"));
    }

    #[test]
    fn the_url_is_the_one_the_client_called() {
        let mut request = arrival(&Method::GET, "/a%20b?x=1", &[], "");
        assert_eq!(request.url(), "http://127.0.0.1:4700/a%20b");
        request
            .headers
            .insert("host", "LocalHost:80".parse().unwrap());
        assert_eq!(request.url(), "http://localhost/a%20b");
    }

    #[test]
    fn a_header_given_twice_is_none() {
        let twice = arrival(&Method::GET, "/", &[("a", "1"), ("a", "2")], "");
        assert_eq!(twice.header("a"), None);
    }

    #[test]
    fn a_form_needs_its_media_type() {
        let media_type = ("content-type", "application/x-www-form-urlencoded");
        let form = arrival(&Method::POST, "/t", &[media_type], "a=b%20c");
        let expected = vec![("a".to_owned(), "b c".to_owned())];
        assert_eq!(form.form(), Some(expected));
        assert_eq!(arrival(&Method::POST, "/t", &[], "a=b").form(), None);
    }

    #[test]
    fn a_path_is_at_or_below_a_root_and_not_beside_it() {
        assert!(is_at_or_below("/a/b", "/a"));
        assert!(is_at_or_below("/a", "/a"));
        assert!(!is_at_or_below("/ab", "/a"));
    }
}

//! `allow`: the methods and paths of an account that messages may use. A path is judged segment by segment as it is sent, each
//! segment as a server may decode it, so that no other spelling of a path gets past a rule, and no rule lets in more than it says.
//! What Rampmeter itself asks the account (a poll of a job, a ping) is no message and is not judged here.

use std::fmt;

use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::{METHODS, Request};

/// Headers by which servers take another method than that of the request, in lower case.
const OVERRIDING_HEADERS: [&str; 3] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Parameters of the query that do the same, in lower case: those of Rails and of Salesforce.
const OVERRIDING_PARAMETERS: [&str; 2] = ["_method", "_httpmethod"];

/// Rounds of decoding; a path that is still encoded after them is refused wherever paths are read.
const MAX_ROUNDS: usize = 4;

/// A method, and a pattern of paths below the account's base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRule {
    text: String,
    /// None for any method.
    method: Option<&'static str>,
    /// Decoded, without the slash before each.
    segments: Vec<String>,
    /// Whatever lies below the segments is meant, and not the segments themselves.
    is_open: bool,
}

/// Why a text is no rule.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BadRule {
    /// It is not a method and a path.
    #[error("must be a method and a path, such as \"POST /services/rest/*\"")]
    Form,
    /// The method is none of [`METHODS`].
    #[error("has no method that is served: use {} or * for any", METHODS.join(", "))]
    Method,
    /// The path could never be that of a call.
    #[error("has a path that no call has: {0}")]
    Path(super::path::PathError),
    /// The path has a query.
    #[error("has a query: a rule is about the path alone")]
    Query,
}

impl AllowRule {
    /// Reads `METHOD /path`. `*` for the method is any. In a path, `*` stands for one or more characters of one segment; a last segment
    /// `*` stands for everything below.
    ///
    /// # Errors
    /// See [`BadRule`].
    pub fn parse(text: &str) -> Result<AllowRule, BadRule> {
        let (method, path) = text.split_once(' ').ok_or(BadRule::Form)?;
        let path = path.trim_start_matches(' ');
        if !path.starts_with('/') || path.contains(' ') {
            return Err(BadRule::Form);
        }
        if path.contains('?') {
            return Err(BadRule::Query);
        }
        super::path::check(path).map_err(BadRule::Path)?;
        let method = match method {
            "*" => None,
            named => Some(
                *METHODS
                    .iter()
                    .find(|served| **served == named)
                    .ok_or(BadRule::Method)?,
            ),
        };
        let mut segments = segments_of(path).ok_or(BadRule::Form)?;
        let is_open = segments.last().is_some_and(|last| last == "*");
        if is_open {
            segments.pop();
        }
        Ok(AllowRule {
            text: text.to_owned(),
            method,
            segments,
            is_open,
        })
    }

    fn admits_method(&self, method: &str) -> bool {
        self.method.is_none_or(|own| own == method)
    }

    fn admits_path(&self, path: &[String]) -> bool {
        let Some((beginning, below)) = path.split_at_checked(self.segments.len()) else {
            return false;
        };
        let ends = match below {
            [] => !self.is_open,
            // Some servers take an empty segment for none, and then the rule's own end would be meant.
            [first, ..] => self.is_open && is_named(first),
        };
        let mut pairs = self.segments.iter().zip(beginning);
        ends && pairs.all(|(pattern, segment)| matches_segment(pattern, segment))
    }
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether one of the rules lets a call in: its method and its path, and every method that a header or a parameter of it may
/// put in the place of its own.
pub(crate) fn admits(rules: &[AllowRule], request: &Request) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(path) = segments_of(path) else {
        return false;
    };
    let admits = |method: &str| {
        rules
            .iter()
            .any(|rule| rule.admits_method(method) && rule.admits_path(&path))
    };
    admits(&request.method)
        && overriding_methods(request)
            .iter()
            .all(|method| admits(method))
}

/// Whether the rules could let a call in of which only so much is known.
pub(crate) fn may_admit(rules: &[AllowRule], method: Option<&str>, path: Option<&str>) -> bool {
    let path = path.map(|path| segments_of(path.split('?').next().unwrap_or_default()));
    rules.iter().any(|rule| {
        let by_path = match &path {
            None => true,
            Some(None) => false,
            Some(Some(path)) => rule.admits_path(path),
        };
        by_path && method.is_none_or(|method| rule.admits_method(method))
    })
}

fn overriding_methods(request: &Request) -> Vec<String> {
    let is_one = |names: &[&str], name: &str| names.contains(&name.to_ascii_lowercase().as_str());
    let headers = request.headers.iter();
    let headers = headers.filter(|(name, _)| is_one(&OVERRIDING_HEADERS, name));
    let parameters = request.query.iter();
    let parameters = parameters.filter(|(name, _)| is_one(&OVERRIDING_PARAMETERS, name));
    let named = headers.chain(parameters).map(|(_, value)| value.clone());
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let in_path = url::form_urlencoded::parse(query.as_bytes());
    let in_path = in_path.filter(|(name, _)| is_one(&OVERRIDING_PARAMETERS, name));
    let in_path = in_path.map(|(_, value)| value.into_owned());
    named
        .chain(in_path)
        .map(|method| method.trim().to_ascii_uppercase())
        .collect()
}

/// The segments of a path, each decoded until nothing is left to decode.
fn segments_of(path: &str) -> Option<Vec<String>> {
    let segments = path.strip_prefix('/')?.split('/');
    segments.map(decoded).collect()
}

fn decoded(segment: &str) -> Option<String> {
    let mut reading = segment.to_owned();
    for _ in 0..MAX_ROUNDS {
        let next = percent_decode_str(&reading).decode_utf8().ok()?;
        if next == reading {
            return Some(reading);
        }
        reading = next.into_owned();
    }
    None
}

/// A segment that is there for every server, its parameters (`;x`) and blanks left aside.
fn is_named(segment: &str) -> bool {
    let segment = segment.split('/').next().unwrap_or_default();
    let name = segment.split(';').next().unwrap_or_default();
    !name.trim().is_empty()
}

/// `*` in a pattern stands for one or more characters, and never for a slash, which only an encoded one can be here.
fn matches_segment(pattern: &str, segment: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(rest) = segment.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    // What the stars stand for together with the parts between them; the earliest place of each part leaves most to the others.
    let mut rest = rest;
    let mut stars = String::new();
    for part in middle {
        let Some(at) = rest
            .char_indices()
            .skip(1)
            .map(|(at, _)| at)
            .find(|at| rest[*at..].starts_with(part))
        else {
            return false;
        };
        stars.push_str(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    match rest.strip_suffix(last) {
        Some(star) => is_named(star) && !star.contains('/') && !stars.contains('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Vec<AllowRule> {
        texts
            .iter()
            .map(|text| AllowRule::parse(text).unwrap())
            .collect()
    }

    fn request(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            ..Request::get(path)
        }
    }

    fn admitted(rule: &str, path: &str) -> bool {
        admits(&rules(&[rule]), &request("POST", path))
    }

    #[test]
    fn a_rule_lets_in_its_method_and_what_lies_below_its_path() {
        for (rule, path) in [
            ("POST /orders", "/orders"),
            ("POST /orders", "/orders?expand=all"),
            (
                "POST /services/rest/*",
                "/services/rest/record/v1/salesOrder",
            ),
            ("POST /services/rest/*", "/services/rest/%72ecord"),
            ("POST /users/*/photo", "/users/17/photo"),
            ("POST /Customers(*)", "/Customers('A%20B')"),
            ("POST /a%20b", "/a%20b"),
            ("* /*", "/anything/at/all"),
        ] {
            assert!(admitted(rule, path), "{rule} {path}");
        }
        assert!(!admits(
            &rules(&["GET /orders"]),
            &request("POST", "/orders")
        ));
    }

    #[test]
    fn no_other_spelling_gets_past_a_rule() {
        for path in [
            "/services/rest",
            "/services/rest/",
            "/services/rest//record",
            "/services/rest/%2Frecord",
            "/services/rest/;a/record",
            "/services/rest/%20/record",
            "/services//rest/record",
            "/services%2Frest/record",
            "/services/rest%2Frecord",
            "/services/REST/record",
            "/services/rest;a=1/record",
            "/services/restlet/record",
            "/services/rest%252Frecord",
            "/services/admin?x=/services/rest/record",
            "/%73ervices/soap",
        ] {
            assert!(!admitted("POST /services/rest/*", path), "{path}");
        }
        for path in [
            "/users//photo",
            "/users/a/b/photo",
            "/users/a%2Fb/photo",
            "/users/a%252Fb/photo",
            "/users/;x/photo",
            "/users/1/photo/",
            "/users/1/photo/2",
        ] {
            assert!(!admitted("POST /users/*/photo", path), "{path}");
        }
        assert!(!admitted("POST /Customers(*)", "/Customers()"));
        assert!(!admitted("POST /Customers(*)", "/Customers(1)/x"));
    }

    #[test]
    fn a_method_that_takes_the_place_of_another_must_be_allowed_too() {
        let rules = rules(&["POST /orders", "GET /orders", "PATCH /orders"]);
        let with = |headers: &[(&str, &str)], query: &[(&str, &str)], path: &str| {
            let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
                let pairs = pairs.iter();
                pairs
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect()
            };
            let request = Request {
                headers: owned(headers),
                query: owned(query),
                ..request("POST", path)
            };
            admits(&rules, &request)
        };
        assert!(with(&[("X-HTTP-Method-Override", "patch")], &[], "/orders"));
        assert!(!with(
            &[("X-Http-Method-Override", "DELETE")],
            &[],
            "/orders"
        ));
        assert!(!with(&[("x-http-method", " MERGE ")], &[], "/orders"));
        assert!(!with(&[], &[("_HttpMethod", "DELETE")], "/orders"));
        assert!(!with(&[], &[], "/orders?a=1&_METHOD=delete"));
        assert!(!with(&[], &[], "/orders?_%6dethod=delete"));
    }

    #[test]
    fn of_what_is_computed_only_the_rest_is_judged() {
        let rules = rules(&["POST /orders/*", "GET /customers"]);
        assert!(may_admit(&rules, Some("POST"), None));
        assert!(!may_admit(&rules, Some("DELETE"), None));
        assert!(may_admit(&rules, None, Some("/customers?x=1")));
        assert!(!may_admit(&rules, None, Some("/invoices")));
        assert!(!may_admit(&rules, Some("POST"), Some("/customers")));
    }

    #[test]
    fn a_text_that_is_no_rule_is_told_what_is_missing() {
        for (text, why) in [
            ("/orders", BadRule::Form),
            ("POST orders", BadRule::Form),
            ("post /orders", BadRule::Method),
            ("TRACE /orders", BadRule::Method),
            ("POST /orders?x=1", BadRule::Query),
            (
                "POST /a/../b",
                BadRule::Path(super::super::path::PathError::DotSegment),
            ),
            (
                "POST //host/x",
                BadRule::Path(super::super::path::PathError::NamesHost),
            ),
        ] {
            assert_eq!(AllowRule::parse(text), Err(why), "{text}");
        }
    }
}

//! What a signal can require of an answer besides its status and code: a header, a place in JSON or XML, the text.
//! Pure.

use std::borrow::Cow;

use rampmeter_call::Answer;
use serde_json::Value;

use crate::answer::xml;

/// One condition on an answer; a configuration can build it just like a vendor's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A header has a value of this kind.
    Header {
        /// Its name, in lower case.
        name: Cow<'static, str>,
        /// What its value must be.
        value: Test,
    },
    /// A JSON body holds a value of this kind at a place.
    Json {
        /// A JSON pointer, in which `*` stands for every element of a list or member of an object.
        pointer: Cow<'static, str>,
        /// What one of the values there must be.
        value: Test,
    },
    /// An XML body holds a value of this kind at a place.
    Xml {
        /// `errorCode` for the text of an element, `Error@code` for an attribute; local names, anywhere.
        place: Cow<'static, str>,
        /// What one of the values there must be.
        value: Test,
    },
    /// The body, as text, is of this kind.
    Text(Test),
}

/// What a value must be. Numbers are compared as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is there, and neither empty nor null.
    Present,
    /// It is exactly this.
    Is(Cow<'static, str>),
    /// It begins with this.
    StartsWith(Cow<'static, str>),
    /// It ends with this.
    EndsWith(Cow<'static, str>),
    /// It contains this.
    Contains(Cow<'static, str>),
}

impl Condition {
    /// A header that is exactly this.
    #[must_use]
    pub const fn header(name: &'static str, value: &'static str) -> Condition {
        Condition::Header {
            name: Cow::Borrowed(name),
            value: Test::Is(Cow::Borrowed(value)),
        }
    }

    /// A value at a place in JSON that is exactly this.
    #[must_use]
    pub const fn json(pointer: &'static str, value: &'static str) -> Condition {
        Condition::Json {
            pointer: Cow::Borrowed(pointer),
            value: Test::Is(Cow::Borrowed(value)),
        }
    }

    /// Whether an answer meets it.
    #[must_use]
    pub fn holds(&self, answer: &Answer) -> bool {
        match (self, &answer.body) {
            (Condition::Header { name, value }, _) => answer
                .headers
                .iter()
                .any(|(have, text)| have == name && value.fits(text.trim())),
            (Condition::Json { pointer, value }, body) => {
                let mut found = Vec::new();
                collect(body, pointer, &mut found);
                found.into_iter().any(|found| value.fits_json(found))
            }
            (Condition::Xml { place, value }, Value::String(text)) => xml::values(text, place)
                .iter()
                .any(|found| value.fits(found)),
            (Condition::Xml { .. }, _) => false,
            (Condition::Text(value), Value::String(text)) => value.fits(text),
            (Condition::Text(value), Value::Null) => value.fits(""),
            (Condition::Text(value), json) => value.fits(&json.to_string()),
        }
    }
}

impl Test {
    fn fits(&self, text: &str) -> bool {
        match self {
            Test::Present => !text.is_empty(),
            Test::Is(wanted) => text == wanted,
            Test::StartsWith(wanted) => text.starts_with(wanted.as_ref()),
            Test::EndsWith(wanted) => text.ends_with(wanted.as_ref()),
            Test::Contains(wanted) => text.contains(wanted.as_ref()),
        }
    }

    fn fits_json(&self, value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::String(text) => self.fits(text),
            Value::Array(items) => *self == Test::Present && !items.is_empty(),
            Value::Object(members) => *self == Test::Present && !members.is_empty(),
            Value::Bool(_) | Value::Number(_) => self.fits(&value.to_string()),
        }
    }
}

/// Adds the values that a pointer with `*` leads to.
fn collect<'v>(value: &'v Value, pointer: &str, found: &mut Vec<&'v Value>) {
    let Some(rest) = pointer.strip_prefix('/') else {
        if pointer.is_empty() {
            found.push(value);
        }
        return;
    };
    let (segment, rest) = match rest.find('/') {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    match (segment, value) {
        ("*", Value::Array(items)) => {
            for item in items {
                collect(item, rest, found);
            }
        }
        ("*", Value::Object(members)) => {
            for member in members.values() {
                collect(member, rest, found);
            }
        }
        _ => {
            if let Some(next) = value.pointer(&format!("/{segment}")) {
                collect(next, rest, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::tests::{answer, answer_with};

    fn at(pointer: &str, value: Test) -> Condition {
        let pointer = Cow::Owned(pointer.to_owned());
        Condition::Json { pointer, value }
    }

    #[test]
    fn a_header_is_there_or_has_a_value() {
        let limited = answer_with(403, &[("x-ratelimit-remaining", " 0 ")]);
        let name = || Cow::Borrowed("x-ratelimit-remaining");
        assert!(Condition::header("x-ratelimit-remaining", "0").holds(&limited));
        assert!(!Condition::header("x-ratelimit-remaining", "1").holds(&limited));
        let present = Condition::Header {
            name: name(),
            value: Test::Present,
        };
        assert!(present.holds(&limited));
        assert!(!present.holds(&answer_with(403, &[("x-ratelimit-remaining", "")])));
        assert!(!present.holds(&answer_with(403, &[])));
    }

    #[test]
    fn a_place_in_json_is_a_pointer_with_stars() {
        let google = answer(
            403,
            json!({"error": {"code": 403, "errors": [{"reason": "x"}, {"reason": "rateLimitExceeded"}]}}),
        );
        for (pointer, value, holds) in [
            ("/error/errors/*/reason", "rateLimitExceeded", true),
            ("/error/errors/1/reason", "rateLimitExceeded", true),
            ("/error/errors/0/reason", "rateLimitExceeded", false),
            ("/error/*/*/reason", "rateLimitExceeded", true),
            ("/error/code", "403", true),
            ("/error/errors", "rateLimitExceeded", false),
            ("error", "x", false),
        ] {
            let is = Test::Is(Cow::Borrowed(value));
            assert_eq!(at(pointer, is).holds(&google), holds, "{pointer}");
        }
        let errors = |body| at("/errors", Test::Present).holds(&answer(200, body));
        assert!(errors(json!({"errors": [{"message": "no"}]})));
        assert!(!errors(json!({"errors": []})) && !errors(json!({"data": {}})));
        assert!(!errors(json!({"errors": null})) && !errors(json!("errors")));
    }

    #[test]
    fn xml_and_text_are_looked_at_in_bodies_that_are_text() {
        let xml = answer(
            403,
            json!(
                "<Errors><Error code=\"7\"><errorCode>REQUEST_LIMIT_EXCEEDED</errorCode></Error></Errors>"
            ),
        );
        let place = |place: &'static str, value| Condition::Xml {
            place: Cow::Borrowed(place),
            value,
        };
        let limit = || Test::StartsWith(Cow::Borrowed("REQUEST_LIMIT"));
        assert!(place("errorCode", limit()).holds(&xml));
        assert!(place("Error@code", Test::Is(Cow::Borrowed("7"))).holds(&xml));
        assert!(!place("Error", limit()).holds(&xml));
        assert!(
            !place("errorCode", limit()).holds(&answer(403, json!({"errorCode": "REQUEST_LIMIT"})))
        );
        let busy = || Condition::Text(Test::Contains(Cow::Borrowed("busy")));
        assert!(busy().holds(&answer(500, json!("too busy now"))));
        assert!(busy().holds(&answer(500, json!({"m": "busy"}))));
        assert!(!busy().holds(&answer(500, json!(null))));
    }
}

//! "Did it happen?": the question that is put to the vendor before a call is repeated whose answer was lost. Pure: what
//! to ask, and what the answer says. Asking is in `call`.

use rampmeter_call::{Answer, Request};
use serde_json::Value;

/// A question: one GET below the base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Path with its query.
    pub path: String,
    /// What shows that it happened.
    pub found: Found,
}

/// What shows that a call happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Status 200 to 299; 404 or 410 shows that it did not.
    Status,
    /// Something at this JSON pointer: a list or object that is not empty, or any other value but null.
    At(String),
}

/// What the vendor's answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happened.
    Happened,
    /// It did not: the call may be sent again.
    DidNotHappen,
    /// The answer does not say.
    Unclear,
}

impl Question {
    /// What an answer says.
    #[must_use]
    pub fn verdict(&self, answer: &Answer) -> Verdict {
        match (answer.status, &self.found) {
            (404 | 410, _) => Verdict::DidNotHappen,
            (200..=299, Found::Status) => Verdict::Happened,
            (200..=299, Found::At(_)) if answer.truncated => Verdict::Unclear,
            (200..=299, Found::At(pointer)) => {
                if answer.body.pointer(pointer).is_some_and(is_something) {
                    Verdict::Happened
                } else {
                    Verdict::DidNotHappen
                }
            }
            _ => Verdict::Unclear,
        }
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            method: "GET".to_owned(),
            path: self.path.clone(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            idempotency_key: String::new(),
        }
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// A question as a configuration writes it: a path with places for what the call holds, `{/orderNumber}` for a JSON
/// pointer into its body and `{IdempotencyKey}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Path with its query and places.
    pub path: String,
    /// What shows that it happened.
    pub found: Found,
}

impl Template {
    /// Whether the places are well written.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        parts(&self.path).is_some_and(|parts| {
            self.path.starts_with('/')
                && parts.iter().any(|part| matches!(part, Part::Place(_)))
                && parts.iter().all(|part| match part {
                    Part::Text(_) => true,
                    Part::Place(name) => *name == "IdempotencyKey" || name.starts_with('/'),
                })
        })
    }

    /// The question for one call; none if the call does not hold what a place asks for.
    #[must_use]
    pub fn fill(&self, request: &Request) -> Option<Question> {
        let mut path = String::new();
        for part in parts(&self.path)? {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Place("IdempotencyKey") if !request.idempotency_key.is_empty() => {
                    path.push_str(&encoded(&request.idempotency_key));
                }
                Part::Place(pointer) => {
                    let text = match request.body.as_ref()?.pointer(pointer)? {
                        Value::String(text) if !text.is_empty() => text.clone(),
                        Value::Number(number) => number.to_string(),
                        _ => return None,
                    };
                    path.push_str(&encoded(&text));
                }
            }
        }
        Some(Question {
            path,
            found: self.found.clone(),
        })
    }
}

enum Part<'t> {
    Text(&'t str),
    Place(&'t str),
}

fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let (place, next) = after.split_once('}')?;
        parts.push(Part::Text(text));
        parts.push(Part::Place(place));
        rest = next;
    }
    parts.push(Part::Text(rest));
    Some(parts)
}

/// A value as part of a path or query. In a filter of OData a quote is doubled, or it would end the text there.
fn encoded(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    percent_encoding::utf8_percent_encode(&doubled, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        Answer {
            status,
            status_text: String::new(),
            headers: Vec::new(),
            body,
            truncated: false,
            stored: None,
        }
    }

    fn request(body: Value) -> Request {
        Request {
            method: "POST".to_owned(),
            path: "/orders".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(body),
            idempotency_key: "key 1".to_owned(),
        }
    }

    #[test]
    fn an_answer_says_yes_no_or_nothing() {
        let by_status = Question {
            path: "/x".to_owned(),
            found: Found::Status,
        };
        let by_body = Question {
            path: "/x".to_owned(),
            found: Found::At("/value".to_owned()),
        };
        for (status, body, status_says, body_says) in [
            (
                200,
                json!({"value": [1]}),
                Verdict::Happened,
                Verdict::Happened,
            ),
            (
                200,
                json!({"value": []}),
                Verdict::Happened,
                Verdict::DidNotHappen,
            ),
            (
                200,
                json!({"value": null}),
                Verdict::Happened,
                Verdict::DidNotHappen,
            ),
            (200, json!({}), Verdict::Happened, Verdict::DidNotHappen),
            (404, json!({}), Verdict::DidNotHappen, Verdict::DidNotHappen),
            (403, json!({}), Verdict::Unclear, Verdict::Unclear),
            (500, json!({}), Verdict::Unclear, Verdict::Unclear),
        ] {
            let answer = answer(status, body);
            assert_eq!(by_status.verdict(&answer), status_says, "{answer:?}");
            assert_eq!(by_body.verdict(&answer), body_says, "{answer:?}");
        }
    }

    #[test]
    fn a_template_is_filled_from_the_call_and_nothing_escapes_its_place() {
        let template = Template {
            path: "/orders?$filter=ref eq '{/order/number}'&k={IdempotencyKey}".to_owned(),
            found: Found::Status,
        };
        assert!(template.is_well_formed());
        let filled = template
            .fill(&request(
                json!({"order": {"number": "a' or 1 eq 1&x=/../#"}}),
            ))
            .unwrap();
        assert_eq!(
            filled.path,
            "/orders?$filter=ref eq 'a%27%27%20or%201%20eq%201%26x%3D%2F%2E%2E%2F%23'&k=key%201"
        );
        for body in [
            json!({}),
            json!({"order": {"number": null}}),
            json!({"order": {"number": ""}}),
        ] {
            assert_eq!(template.fill(&request(body)), None);
        }
    }

    #[test]
    fn a_template_without_places_or_with_broken_ones_is_refused() {
        for path in [
            "/orders",
            "orders/{/a}",
            "/orders/{/a",
            "/orders/{a}",
            "/{}",
        ] {
            let template = Template {
                path: path.to_owned(),
                found: Found::Status,
            };
            assert!(!template.is_well_formed(), "{path}");
        }
    }
}

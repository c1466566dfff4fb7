//! "Did it happen?": the question that the vendor is asked before a call whose answer was lost is sent again. Pure:
//! what to ask, and what the answer says. Asking is in `call`.

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
    /// Status 200 to 299 with JSON that is not an error; the vendor's own "not found" shows that it did
    /// not.
    Status,
    /// Something at this JSON pointer. An empty list or object, or null, there shows that it did not; a missing place shows
    /// nothing.
    At(String),
}

/// What the vendor's answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciliation {
    /// It happened.
    Happened,
    /// It did not: the call may be sent again.
    DidNotHappen,
    /// The answer does not say: it is of another shape than the question expects. That never counts as a no, because the
    /// call would then be sent again.
    Unclear,
}

/// Members of an object that say that it reports an error, whatever its status.
const ERROR_MEMBERS: [&str; 4] = ["error", "errors", "fault", "Fault"];

/// Members beside a list that say that it continues on another page: an empty page is not an empty
/// list.
const NEXT_PAGE_MEMBERS: [&str; 5] = [
    "@odata.nextLink",
    "odata.nextLink",
    "__next",
    "nextRecordsUrl",
    "next",
];

impl Question {
    /// What an answer says. `is_absent` knows how the vendor says that what was asked for is not there.
    pub(crate) fn verdict(
        &self,
        answer: &Answer,
        is_absent: fn(&Answer) -> bool,
    ) -> Reconciliation {
        let whole = !answer.truncated && answer.reading.error.is_none();
        match (answer.status, &self.found) {
            (404 | 410, _) if whole && is_absent(answer) => Reconciliation::DidNotHappen,
            (200..=299, Found::Status) => match &answer.body {
                body if is_json(body) && !is_error(body) => Reconciliation::Happened,
                _ => Reconciliation::Unclear,
            },
            (200..=299, Found::At(pointer)) if whole && is_json(&answer.body) => {
                found_at(&answer.body, pointer)
            }
            _ => Reconciliation::Unclear,
        }
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            method: "GET".to_owned(),
            endpoint: None,
            path: self.path.clone(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            idempotency_key: String::new(),
        }
    }
}

/// Whether a body was JSON: a login page and XML are text.
fn is_json(body: &Value) -> bool {
    body.is_object() || body.is_array()
}

fn is_error(body: &Value) -> bool {
    ERROR_MEMBERS
        .iter()
        .any(|name| body.get(name).is_some_and(says_something))
}

fn found_at(body: &Value, pointer: &str) -> Reconciliation {
    match body.pointer(pointer) {
        None => Reconciliation::Unclear,
        Some(Value::Null) => Reconciliation::DidNotHappen,
        Some(Value::Array(items)) if items.is_empty() && goes_on(body, pointer) => {
            Reconciliation::Unclear
        }
        Some(Value::Array(items)) if items.is_empty() => Reconciliation::DidNotHappen,
        Some(Value::Object(members)) if members.is_empty() => Reconciliation::DidNotHappen,
        // A count of zero, or another way to say no: neither is surely the thing itself or its absence.
        Some(value) if !says_something(value) => Reconciliation::Unclear,
        Some(_) if is_error(body) => Reconciliation::Unclear,
        Some(_) => Reconciliation::Happened,
    }
}

/// Neither empty nor zero.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Whether the object that contains a list says that it has further pages.
fn goes_on(body: &Value, pointer: &str) -> bool {
    let around = pointer.rsplit_once('/').map(|(around, _)| around);
    let Some(around) = around.and_then(|around| body.pointer(around)) else {
        return false;
    };
    around.get("hasMore") == Some(&Value::Bool(true))
        || NEXT_PAGE_MEMBERS
            .iter()
            .any(|name| around.get(name).is_some_and(says_something))
}

/// A question as a configuration writes it: a path with placeholders for parts of the call, `{/orderNumber}` for a
/// JSON pointer into its body and `{IdempotencyKey}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Path with its query and placeholders.
    pub path: String,
    /// What shows that it happened.
    pub found: Found,
}

impl Template {
    /// Whether the placeholders are well formed.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        parts(&self.path).is_some_and(|parts| {
            self.path.starts_with('/')
                && parts.iter().any(|part| matches!(part, Part::Reference(_)))
                && parts.iter().all(|part| match part {
                    Part::Text(_) => true,
                    Part::Reference(name) => *name == "IdempotencyKey" || name.starts_with('/'),
                })
        })
    }

    /// The question for one call; none if the call lacks what a placeholder asks for.
    #[must_use]
    pub fn fill(&self, request: &Request) -> Option<Question> {
        let mut path = String::new();
        for part in parts(&self.path)? {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Reference("IdempotencyKey") if !request.idempotency_key.is_empty() => {
                    path.push_str(&encoded(&request.idempotency_key));
                }
                Part::Reference(pointer) => {
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
    Reference(&'t str),
}

fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let (place, next) = after.split_once('}')?;
        parts.push(Part::Text(text));
        parts.push(Part::Reference(place));
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
            body,
            ..Answer::default()
        }
    }

    fn request(body: Value) -> Request {
        Request {
            method: "POST".to_owned(),
            endpoint: None,
            path: "/orders".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(body),
            idempotency_key: "key 1".to_owned(),
        }
    }

    /// A vendor that says with a 404 and JSON that something is not there.
    fn is_absent(answer: &Answer) -> bool {
        answer.status == 404 && is_json(&answer.body)
    }

    fn verdicts(answer: &Answer) -> (Reconciliation, Reconciliation) {
        let verdict = |found| {
            let path = "/x".to_owned();
            Question { path, found }.verdict(answer, is_absent)
        };
        (
            verdict(Found::Status),
            verdict(Found::At("/value".to_owned())),
        )
    }

    #[test]
    fn an_answer_says_yes_no_or_nothing() {
        use Reconciliation::{DidNotHappen, Happened, Unclear};
        for (status, body, by_status, by_body) in [
            (200, json!({"value": [1]}), Happened, Happened),
            (200, json!({"value": {"id": 1}}), Happened, Happened),
            (200, json!({"value": []}), Happened, DidNotHappen),
            (200, json!({"value": null}), Happened, DidNotHappen),
            (404, json!({}), DidNotHappen, DidNotHappen),
            (410, json!({}), Unclear, Unclear),
            (403, json!({}), Unclear, Unclear),
            (500, json!({}), Unclear, Unclear),
        ] {
            let answer = answer(status, body);
            assert_eq!(verdicts(&answer), (by_status, by_body), "{answer:?}");
        }
    }

    #[test]
    fn an_answer_of_another_shape_says_nothing() {
        use Reconciliation::{Happened, Unclear};
        for (body, by_status) in [
            (json!("<feed><entry>SalesOrder 1</entry></feed>"), Unclear),
            (json!("<html>login</html>"), Unclear),
            (json!(""), Unclear),
            (json!({"error": {"code": "E"}}), Unclear),
            (json!({"error": {"code": "E"}, "value": [1]}), Unclear),
            (json!({"d": {"results": [{"SalesOrder": "1"}]}}), Happened),
            (json!({"d": {"results": []}}), Happened),
            (json!([]), Happened),
            (json!({}), Happened),
            (json!({"value": [], "@odata.nextLink": "/more"}), Happened),
            (json!({"value": [], "hasMore": true}), Happened),
            (json!({"value": 0}), Happened),
            (json!({"value": false}), Happened),
        ] {
            let answer = answer(200, body);
            assert_eq!(verdicts(&answer), (by_status, Unclear), "{answer:?}");
        }
        let page = answer(404, json!("<html>no such page</html>"));
        assert_eq!(verdicts(&page), (Unclear, Unclear));
    }

    #[test]
    fn an_answer_that_is_not_whole_is_no_no() {
        let mut broken = answer(200, json!({"value": []}));
        broken.reading.error = Some("it broke off".to_owned());
        assert_eq!(verdicts(&broken).1, Reconciliation::Unclear);
        let mut cut = answer(404, json!({}));
        cut.truncated = true;
        assert_eq!(
            verdicts(&cut),
            (Reconciliation::Unclear, Reconciliation::Unclear)
        );
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

//! The vendor's answer, and the form in which a workflow receives it. What it means is said by `caller`.

mod stored_body;

use serde_json::{Map, Value, json};

pub use stored_body::{BodyFile, StoredBody};

/// Headers that are credentials of ours or become some: a session's cookie or token is no data of a workflow.
const WITHHELD: [&str; 5] = [
    "set-cookie",
    "x-csrf-token",
    "authorization",
    "proxy-authorization",
    "authentication-info",
];

/// One complete answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// The standard reason phrase of the status code, or the empty text.
    pub status_text: String,
    /// Headers in order of arrival, names in lower case. A name may repeat.
    pub headers: Vec<(String, String)>,
    /// The body: JSON if it parses as JSON of at most 100 levels, else text; the empty text if there is none.
    pub body: Value,
    /// The body was longer than its target allows, and `body` holds its beginning as text.
    pub truncated: bool,
    /// The body, where it was too long to be carried along; `body` is null then.
    pub stored: Option<StoredBody>,
}

impl Answer {
    /// First value of a header; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(have, _)| have == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header as one list (RFC 9110, section 5.3); the name in lower case.
    #[must_use]
    pub fn headers_joined(&self, name: &str) -> String {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(have, _)| have == name)
            .map(|(_, value)| value.as_str())
            .collect();
        values.join(", ")
    }

    /// The output of a task: the member names of the Step Functions HTTP Task, each header a list of its values. Cookies and
    /// session tokens are left out.
    /// `Truncated` is present only when the body was cut, `StoredBody` only when it lies in a file.
    #[must_use]
    pub fn to_task_output(&self) -> Value {
        let mut output = json!({
            "StatusCode": self.status,
            "StatusText": self.status_text,
            "Headers": self.headers_by_name(),
            "ResponseBody": self.body,
        });
        if self.truncated {
            output["Truncated"] = Value::Bool(true);
        }
        if let Some(stored) = &self.stored {
            output["StoredBody"] = json!({
                "Size": stored.size,
                "Sha256": stored.sha256,
                "ContentType": stored.content_type,
            });
            if let Some(call) = &stored.call {
                output["StoredBody"]["Call"] = json!(call);
                output["StoredBody"]["Path"] = json!(format!("/v1/calls/{call}/body"));
            }
        }
        output
    }

    fn headers_by_name(&self) -> Map<String, Value> {
        let mut by_name = Map::new();
        let told = self.headers.iter();
        for (name, value) in told.filter(|(name, _)| !WITHHELD.contains(&name.as_str())) {
            let values = by_name
                .entry(name.clone())
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(values) = values {
                values.push(Value::String(value.clone()));
            }
        }
        by_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Value) -> Answer {
        Answer {
            status: 201,
            status_text: "Created".to_owned(),
            headers: vec![
                ("location".to_owned(), "/1".to_owned()),
                ("link".to_owned(), "a".to_owned()),
                ("link".to_owned(), "b".to_owned()),
            ],
            body,
            truncated: false,
            stored: None,
        }
    }

    #[test]
    fn a_task_output_has_the_members_of_the_http_task() {
        assert_eq!(
            answer(json!({"id": 1})).to_task_output(),
            json!({
                "StatusCode": 201,
                "StatusText": "Created",
                "Headers": {"location": ["/1"], "link": ["a", "b"]},
                "ResponseBody": {"id": 1},
            })
        );
    }

    #[test]
    fn the_session_of_an_answer_is_no_part_of_a_task_output() {
        let mut answer = answer(json!(""));
        for name in WITHHELD {
            answer.headers.push((name.to_owned(), "secret".to_owned()));
        }
        assert!(!answer.to_task_output().to_string().contains("secret"));
    }

    #[test]
    fn a_cut_body_is_said_to_be_cut() {
        let mut cut = answer(json!("abc"));
        cut.truncated = true;
        assert_eq!(cut.to_task_output()["Truncated"], json!(true));
    }
}

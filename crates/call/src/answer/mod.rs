//! The vendor's answer, and the form in which a workflow receives it. What it means is decided by
//! `caller`.

mod stored_body;

use serde_json::{Map, Value, json};

pub use stored_body::{BodyFile, StoredBody};

/// Headers that are credentials of ours or become some: the cookie or token of a session is not data for a
/// workflow.
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
    /// The body: JSON if it parses as JSON of at most 100 levels, else text; the empty text if there is none. Null if
    /// the bytes are not text and are kept in `stored`.
    pub body: Value,
    /// The body was longer than its target allows, and `body` holds its beginning as text.
    pub truncated: bool,
    /// The body, if it was too long to be carried along or is not text; `body` is null then.
    pub stored: Option<StoredBody>,
    /// What `body` alone does not show.
    pub reading: BodyReading,
}

/// What the body of an answer alone does not show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BodyReading {
    /// Why the body could not be read or stored to its end, in words. Status and headers are the vendor's all the same, and
    /// `body` or `stored` holds what arrived.
    pub error: Option<String>,
    /// The bytes are not text, and `body` holds them in base64.
    pub base64: bool,
}

impl Answer {
    /// A status of 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

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
    /// session tokens are left out. `Truncated` is present only when the body was cut, `StoredBody` only when it is kept in
    /// a file, `IsBase64Encoded` only when `ResponseBody` is base64, and `BodyError` only when the body could not be read to
    /// its end.
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
        if self.reading.base64 {
            output["IsBase64Encoded"] = Value::Bool(true);
        }
        if let Some(error) = &self.reading.error {
            output["BodyError"] = json!(error);
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
            ..Answer::default()
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

    #[test]
    fn numbers_are_written_as_the_vendor_wrote_them() {
        let text = r#"{"id":12345678901234567890123,"amount":9007199254740993.25,"price":1.10}"#;
        let long = answer(serde_json::from_str(text).unwrap());
        let output = long.to_task_output().to_string();
        assert!(output.contains(text), "{output}");
    }

    #[test]
    fn a_body_that_could_not_be_read_says_so() {
        let mut broken = answer(json!("ab"));
        broken.reading.error = Some("it broke off".to_owned());
        assert_eq!(broken.to_task_output()["BodyError"], json!("it broke off"));
    }
}

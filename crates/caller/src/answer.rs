//! The vendor's answer, and the form in which a workflow receives it. What it means is decided in `classify`.

use serde_json::{Map, Value, json};

use crate::stored_body::StoredBody;

/// Headers that are credentials of ours or become some: a session's cookie or token is no data of a workflow.
const WITHHELD: [&str; 5] = [
    "set-cookie",
    "x-csrf-token",
    "authorization",
    "proxy-authorization",
    "authentication-info",
];

/// How deep a body may nest to be taken as JSON. A workflow puts it into data of its own, and all of that can be
/// stored and read back only up to 127 levels.
const DEEPEST_BODY: usize = 100;

/// One complete answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// The standard reason phrase of the status code, or the empty text.
    pub status_text: String,
    /// Headers in order of arrival, names in lower case. A name may repeat.
    pub headers: Vec<(String, String)>,
    /// The body: JSON if it parses as JSON of at most 100 levels, else text; the empty text if there is none.
    pub body: Value,
    /// The body was longer than the profile allows, and `body` holds its beginning as text.
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
    pub(crate) fn headers_joined(&self, name: &str) -> String {
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

    /// Reads a body: JSON if it is complete, parses and does not nest beyond reason, else text. Bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn read_body(bytes: &[u8], truncated: bool) -> Value {
        if bytes.is_empty() {
            return Value::String(String::new());
        }
        if truncated {
            return Value::String(String::from_utf8_lossy(whole_characters(bytes)).into_owned());
        }
        match serde_json::from_slice(bytes) {
            Ok(body) if !is_deeper_than(&body, DEEPEST_BODY) => body,
            _ => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => {
            levels == 0 || items.iter().any(|item| is_deeper_than(item, levels - 1))
        }
        Value::Object(members) => {
            levels == 0
                || members
                    .values()
                    .any(|member| is_deeper_than(member, levels - 1))
        }
        _ => false,
    }
}

/// Drops the beginning of a character that was cut in two at the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        // `error_len` is none only when the input ends inside a character.
        Err(cut) if cut.error_len().is_none() => &bytes[..cut.valid_up_to()],
        _ => bytes,
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

    #[test]
    fn a_body_is_json_if_it_parses_and_text_if_not() {
        assert_eq!(Answer::read_body(b"", false), json!(""));
        assert_eq!(Answer::read_body(b"[1,2]", false), json!([1, 2]));
        assert_eq!(Answer::read_body(b"<a/>", false), json!("<a/>"));
        assert_eq!(Answer::read_body(b"[1,2]", true), json!("[1,2]"));
    }

    #[test]
    fn a_body_cut_inside_a_character_ends_before_it() {
        let bytes = "aé".as_bytes();
        assert_eq!(Answer::read_body(&bytes[..2], true), json!("a"));
    }

    #[test]
    fn a_body_nested_beyond_reason_is_kept_as_text() {
        let endless = "[".repeat(100_000);
        assert_eq!(Answer::read_body(endless.as_bytes(), false), json!(endless));
        let nest = |levels: usize| {
            let (open, close) = ("[{\"a\":".repeat(levels / 2), "}]".repeat(levels / 2));
            format!("{open}1{close}")
        };
        assert!(Answer::read_body(nest(100).as_bytes(), false).is_array());
        for levels in [102, 126] {
            let text = nest(levels);
            assert_eq!(Answer::read_body(text.as_bytes(), false), json!(text));
        }
    }
}

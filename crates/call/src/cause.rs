//! The `Cause` of a failed call: JSON that a person and a Choice state can read, of at most 32,768 characters.

use serde_json::{Map, Value, json};

use crate::answer::Answer;

/// AWS's limit for a cause, in characters.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html>
const MAX_CAUSE_CHARS: usize = 32_768;

/// What is reported about a call that failed for good.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The vendor's last answer, if there was one.
    pub answer: Option<&'a Answer>,
    /// The vendor's own error code, if the answer holds one.
    pub vendor_code: Option<&'a str>,
    /// What happened, in words, if no answer says it.
    pub reason: Option<&'a str>,
    /// Attempts that were made.
    pub attempts: u32,
}

/// Writes the cause; a body that does not fit is cut, and `Truncated` says so.
#[must_use]
pub fn cause(failure: &Failure<'_>) -> String {
    let mut cause = Map::new();
    if let Some(answer) = failure.answer
        && let Value::Object(output) = answer.to_task_output()
    {
        cause.extend(output);
    }
    cause.insert("VendorCode".to_owned(), json!(failure.vendor_code));
    cause.insert("Attempts".to_owned(), json!(failure.attempts));
    if let Some(reason) = failure.reason {
        cause.insert("Reason".to_owned(), json!(reason));
    }
    let whole = Value::Object(cause.clone()).to_string();
    if whole.chars().count() <= MAX_CAUSE_CHARS {
        return whole;
    }
    cut(cause)
}

/// Keeps as much of the body, as text, as there is room for. Headers are dropped first if they alone are
/// too long.
fn cut(mut cause: Map<String, Value>) -> String {
    let body = match cause.remove("ResponseBody") {
        Some(Value::String(text)) => text,
        Some(body) => body.to_string(),
        None => String::new(),
    };
    cause.insert("Truncated".to_owned(), Value::Bool(true));
    if length(&cause) > MAX_CAUSE_CHARS / 2 {
        cause.remove("Headers");
    }
    let mut kept: usize = MAX_CAUSE_CHARS.saturating_sub(length(&cause) + 64);
    loop {
        let text: String = body.chars().take(kept).collect();
        cause.insert("ResponseBody".to_owned(), Value::String(text));
        if length(&cause) <= MAX_CAUSE_CHARS || kept == 0 {
            return Value::Object(cause).to_string();
        }
        // Escapes made the text longer than its characters.
        kept /= 2;
    }
}

fn length(cause: &Map<String, Value>) -> usize {
    Value::Object(cause.clone()).to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Value) -> Answer {
        Answer {
            status: 400,
            status_text: "Bad Request".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body,
            ..Answer::default()
        }
    }

    fn of(body: Value) -> Value {
        let answer = answer(body);
        let failure = Failure {
            answer: Some(&answer),
            vendor_code: Some("USER_ERROR"),
            reason: None,
            attempts: 2,
        };
        let text = cause(&failure);
        assert!(text.chars().count() <= MAX_CAUSE_CHARS);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_cause_tells_the_answer_the_code_and_the_attempts() {
        let told = of(json!({"title": "Bad Request"}));
        assert_eq!(told["StatusCode"], 400);
        assert_eq!(told["ResponseBody"]["title"], "Bad Request");
        assert_eq!(told["VendorCode"], "USER_ERROR");
        assert_eq!(told["Attempts"], 2);
        assert!(told.get("Truncated").is_none());
    }

    #[test]
    fn a_body_that_does_not_fit_is_cut_and_said_to_be() {
        for body in [
            json!("x".repeat(40_000)),
            json!({"a": "\"".repeat(30_000)}),
            json!("é\n".repeat(30_000)),
        ] {
            let told = of(body);
            assert_eq!(told["Truncated"], true);
            assert_eq!(told["StatusCode"], 400);
            assert!(told["ResponseBody"].as_str().unwrap().len() > 8_000);
        }
    }
}

//! Oracle NetSuite. Its concurrency limit is one per account, shared by REST, SOAP and RESTlets, and each of the
//! three says "too many at once" in a way of its own. NetSuite sends no Retry-After.

use std::time::Duration;

use serde_json::Value;

use super::http;
use crate::answer::Answer;
use crate::classify::Meaning;
use crate::outcome::Throttle;

/// Documented for asynchronous REST requests; ignored by the other surfaces.
pub(super) const IDEMPOTENCY_HEADER: &str = "x-netsuite-idempotency-key";

/// A REST request that runs longer is ended by NetSuite.
pub(super) const LONGEST_RUN: Duration = Duration::from_secs(15 * 60);

/// Codes of "too many calls at once": REST, RESTlet, and SOAP with either way to sign in (the last is spelt so).
const CONCURRENCY: [&str; 4] = [
    "CONCURRENCY_LIMIT_EXCEEDED",
    "SSS_REQUEST_LIMIT_EXCEEDED",
    "WS_REQUEST_BLOCKED",
    "WS_CONCUR_SESSION_DISALLWD",
];

/// Text of the REST error where a copy without a code is met. The title differs between releases.
const CONCURRENCY_DETAIL: &str = "Concurrent request limit exceeded";

pub(super) fn meaning(answer: &Answer, vendor_code: Option<&str>) -> Meaning {
    let status = answer.status;
    let refused = !(200..300).contains(&status);
    if refused && (vendor_code.is_some_and(is_concurrency) || speaks_of_concurrency(answer)) {
        return Meaning::Throttled(Throttle::Concurrency);
    }
    if status == 400 && is_accepted_before(answer, vendor_code) {
        return Meaning::Success;
    }
    // A 429 with another code (USER_ERROR) is one of the frequency limits, whose windows Oracle does not publish.
    http::meaning(status)
}

/// The first `o:errorDetails` code, a top-level `o:errorCode`, the code of a RESTlet, or that of a SOAP fault.
pub(super) fn vendor_code(answer: &Answer) -> Option<String> {
    if (200..300).contains(&answer.status) {
        return None;
    }
    if let Value::String(text) = &answer.body {
        return CONCURRENCY
            .into_iter()
            .find(|code| text.contains(code))
            .map(str::to_owned);
    }
    [
        "/o:errorDetails/0/o:errorCode",
        "/o:errorCode",
        "/error/code",
    ]
    .into_iter()
    .find_map(|place| answer.body.pointer(place).and_then(http::as_code))
}

fn is_concurrency(code: &str) -> bool {
    CONCURRENCY.contains(&code)
}

fn speaks_of_concurrency(answer: &Answer) -> bool {
    let detail = answer
        .body
        .pointer("/o:errorDetails/0/detail")
        .and_then(Value::as_str);
    answer.status == 429 && detail.is_some_and(|text| text.starts_with(CONCURRENCY_DETAIL))
}

/// NetSuite answers a repeat under the same idempotency key with 400 and the Location of the job it accepted the
/// first time. Only our own repeats carry that key, so the call was done and the answer says where to read it.
fn is_accepted_before(answer: &Answer, vendor_code: Option<&str>) -> bool {
    vendor_code == Some("IDEMPOTENCY_ERROR") && answer.header("location").is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        let (status_text, headers) = (String::new(), Vec::new());
        Answer {
            status,
            status_text,
            headers,
            body,
            truncated: false,
        }
    }

    fn judged(answer: &Answer) -> (Meaning, Option<String>) {
        let code = vendor_code(answer);
        (meaning(answer, code.as_deref()), code)
    }

    fn rest(status: u16, code: &str, detail: &str) -> Answer {
        let body = json!({
            "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
            "title": "Bad Request",
            "status": status,
            "o:errorDetails": [{"detail": detail, "o:errorCode": code}],
        });
        answer(status, body)
    }

    #[test]
    fn each_surface_has_its_own_word_for_too_many_at_once() {
        let soap = |code: &str| {
            json!(format!(
                "<soapenv:Envelope><code>{code}</code></soapenv:Envelope>"
            ))
        };
        let cases = [
            (
                rest(429, "CONCURRENCY_LIMIT_EXCEEDED", "x"),
                "CONCURRENCY_LIMIT_EXCEEDED",
            ),
            (
                rest(400, "CONCURRENCY_LIMIT_EXCEEDED", "x"),
                "CONCURRENCY_LIMIT_EXCEEDED",
            ),
            (
                answer(
                    400,
                    json!({"error": {"code": "SSS_REQUEST_LIMIT_EXCEEDED", "message": "zu viele"}}),
                ),
                "SSS_REQUEST_LIMIT_EXCEEDED",
            ),
            (
                answer(500, soap("WS_REQUEST_BLOCKED")),
                "WS_REQUEST_BLOCKED",
            ),
            (
                answer(500, soap("WS_CONCUR_SESSION_DISALLWD")),
                "WS_CONCUR_SESSION_DISALLWD",
            ),
        ];
        for (answer, code) in cases {
            let expected = (
                Meaning::Throttled(Throttle::Concurrency),
                Some(code.to_owned()),
            );
            assert_eq!(judged(&answer), expected);
        }
    }

    #[test]
    fn the_detail_decides_where_the_code_is_missing() {
        let body = json!({"o:errorDetails": [{"detail": "Concurrent request limit exceeded. Request blocked."}]});
        assert_eq!(
            judged(&answer(429, body)).0,
            Meaning::Throttled(Throttle::Concurrency)
        );
    }

    #[test]
    fn a_frequency_limit_is_a_window() {
        let top_level = answer(429, json!({"o:errorCode": "USER_ERROR"}));
        for answer in [
            rest(429, "USER_ERROR", "too often"),
            top_level,
            answer(429, json!("")),
        ] {
            assert_eq!(judged(&answer).0, Meaning::Throttled(Throttle::Window));
        }
    }

    #[test]
    fn other_answers_mean_what_http_says() {
        let cases = [
            (rest(400, "USER_ERROR", "bad"), Meaning::Final),
            (rest(400, "INVALID_CONTENT", "bad"), Meaning::Final),
            (rest(401, "INVALID_LOGIN", "no"), Meaning::Final),
            (rest(404, "NONEXISTENT_ID", "no"), Meaning::Final),
            (
                rest(500, "UNEXPECTED_ERROR", "Error ID: x"),
                Meaning::Repeatable,
            ),
            (
                rest(503, "SERVICE_UNAVAILABLE", "x"),
                Meaning::Throttled(Throttle::Window),
            ),
            (answer(504, json!("<html/>")), Meaning::Unknown),
            (answer(204, json!("")), Meaning::Success),
            // An order whose text happens to name a code is no throttle.
            (answer(200, json!("WS_REQUEST_BLOCKED")), Meaning::Success),
        ];
        for (answer, expected) in cases {
            assert_eq!(judged(&answer).0, expected, "{answer:?}");
        }
    }

    #[test]
    fn a_repeat_of_an_accepted_call_is_a_success_only_with_its_location() {
        let mut repeat = rest(400, "IDEMPOTENCY_ERROR", "x");
        assert_eq!(judged(&repeat).0, Meaning::Final);
        repeat.headers.push((
            "location".to_owned(),
            "/services/rest/async/v1/job/7".to_owned(),
        ));
        assert_eq!(judged(&repeat).0, Meaning::Success);
    }
}

//! Oracle NetSuite. Its concurrency limit is one per account, shared by REST, SOAP and RESTlets, and each of the
//! three has its own way to say "too many at once". NetSuite sends no Retry-After.

mod endpoints;
mod jobs;
mod limits;
mod sign_in;

use std::borrow::Cow;
use std::time::Duration;

use rampmeter_call::{Answer, Request, Retry, Throttle};
use serde_json::Value;
use url::Url;

use super::base_url::{https_only, is_this_machine};
use super::http;
use super::{Bound, Idempotency, Seen, Signal, SuggestedLimit, Vendor};
use crate::job::Jobs;
use crate::meaning::Meaning;
use crate::reconcile::{Found, Question};

pub(super) use jobs::JOBS;

/// A REST request that runs longer is ended by NetSuite.
const MAX_RUN: Duration = Duration::from_secs(15 * 60);

/// The frequency limits have windows of a minute and of a day, whose numbers Oracle does not publish.
const FREQUENCY_PAUSE: Duration = Duration::from_secs(60);

/// Under overload NetSuite answers after about a minute that the login is invalid. A wrong login is refused at once.
const OVERLOADED_AFTER: Duration = Duration::from_secs(30);

pub(super) static NETSUITE: Vendor = Vendor {
    name: "netsuite",
    title: "Oracle NetSuite",
    assumed_call: Duration::from_millis(1_500),
    longest_run: Some(MAX_RUN),
    limits: &[SuggestedLimit {
        name: "account",
        bound: Bound::Concurrency(5),
        note: "the smallest account (Standard, no SuiteCloud Plus); 15 for Premium, 20 for Enterprise, 10 more for each licence. REST, SOAP and RESTlets of all integrations share it",
    }],
    retry: Retry::USUAL,
    // Documented for asynchronous REST requests; ignored by the other surfaces.
    idempotency: Idempotency::Header {
        name: Cow::Borrowed("x-netsuite-idempotency-key"),
        quoted: false,
    },
    csrf: None,
    sign_in_counts: true,
    tokens: sign_in::TOKENS,
    sign_in_advice: sign_in::advice,
    jobs: Jobs::NetSuite,
    signals: &[Signal {
        status: Some(429),
        code: Some(Cow::Borrowed("USER_ERROR")),
        when: Cow::Borrowed(&[]),
        meaning: Meaning::Throttled(Throttle::Window),
        pause: Some(FREQUENCY_PAUSE),
    }],
    probe: Some("/services/rest/system/v1/serverTime"),
    limit_inquiry: Some(limits::INQUIRY),
    base_url,
    endpoints: endpoints::ENDPOINTS,
    account_of: |host| endpoints::account_of(host).unwrap_or(host),
    vendor_code,
    meaning,
    pause: |_| None,
    rate_headers: |_| Vec::new(),
    // Except for asynchronous requests.
    honours_key: false,
    question: Some(question),
    is_absent,
    repeats_safely,
};

/// Codes of "too many calls at once": REST, RESTlet, and SOAP with either way to sign in (the last is spelled so).
const CONCURRENCY: [&str; 4] = [
    "CONCURRENCY_LIMIT_EXCEEDED",
    "SSS_REQUEST_LIMIT_EXCEEDED",
    "WS_REQUEST_BLOCKED",
    "WS_CONCUR_SESSION_DISALLWD",
];

/// Codes of a record that is not there: REST, and SuiteScript.
const ABSENT: [&str; 2] = ["NONEXISTENT_ID", "RCRD_DSNT_EXIST"];

/// Text of the REST error, for copies of it without a code. The title differs between releases.
const CONCURRENCY_DETAIL: &str = "Concurrent request limit exceeded";

fn base_url(url: &Url) -> Option<&'static str> {
    let host = url.host_str().unwrap_or_default();
    if is_this_machine(url) {
        return None;
    }
    if host.ends_with(".app.netsuite.com") || host == "system.netsuite.com" {
        return Some(
            "is the web interface, though pages of RESTlets print it; REST and SOAP calls go to https://ACCOUNT.suitetalk.api.netsuite.com, RESTlets to https://ACCOUNT.restlets.api.netsuite.com",
        );
    }
    if host.ends_with(".netsuite.com") && host.contains('_') {
        return Some("writes the account with `_`; in a host's name it is `-`, as in 1234567-sb1");
    }
    https_only(url)
}

fn meaning(seen: &Seen<'_>) -> Option<Meaning> {
    let (answer, code) = (seen.answer, seen.code);
    let refused = !(200..300).contains(&answer.status);
    if refused && (code.is_some_and(is_concurrency) || speaks_of_concurrency(answer)) {
        return Some(Meaning::Throttled(Throttle::Concurrency));
    }
    if answer.status == 401
        && code.is_some_and(|code| code.starts_with("INVALID_LOGIN"))
        && seen.took >= OVERLOADED_AFTER
    {
        return Some(Meaning::Throttled(Throttle::Concurrency));
    }
    is_accepted_before(answer, code).then_some(Meaning::Success)
}

/// `/record/v1/TYPE/eid:ID`: an upsert by external id.
fn repeats_safely(request: &Request) -> bool {
    http::repeats_safely(request)
        || is_asynchronous(request)
        || is_query(request)
        || (request.method == "PATCH" && request.path.contains("/eid:"))
}

/// A repeat of an asynchronous request under the same key is answered with the job of the first.
fn is_asynchronous(request: &Request) -> bool {
    !request.idempotency_key.is_empty()
        && request.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("prefer") && value.contains("respond-async")
        })
}

/// SuiteQL reads, though its method is POST.
fn is_query(request: &Request) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    request.method == "POST" && path.ends_with("/query/v1/suiteql")
}

/// A new record that names its external id can be looked for by it.
fn question(request: &Request) -> Option<Question> {
    let path = request.path.split('?').next().unwrap_or_default();
    let collection = path.trim_end_matches('/');
    let (_, record) = collection.split_once("/services/rest/record/v1/")?;
    if request.method != "POST" || record.contains('/') {
        return None;
    }
    let external_id = request.body.as_ref()?.get("externalId")?.as_str()?;
    let encoded =
        percent_encoding::utf8_percent_encode(external_id, percent_encoding::NON_ALPHANUMERIC);
    (!external_id.is_empty()).then(|| Question {
        path: format!("{collection}/eid:{encoded}"),
        found: Found::Status,
    })
}

/// A missing record has its own code; a bare 404 is also the answer to a misspelt record type.
fn is_absent(answer: &Answer) -> bool {
    answer.status == 404 && vendor_code(answer).is_some_and(|code| ABSENT.contains(&code.as_str()))
}

/// The first `o:errorDetails` code, a top-level `o:errorCode`, the code of a RESTlet, or that of a SOAP fault.
fn vendor_code(answer: &Answer) -> Option<String> {
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
    answer.status == 400
        && vendor_code == Some("IDEMPOTENCY_ERROR")
        && answer.header("location").is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::Preset;
    use crate::vendor::tests::answer;

    fn judged(answer: &Answer) -> (Meaning, Option<String>) {
        let (meaning, _) = crate::vendor::tests::judged(Preset::NetSuite, answer, 1);
        (meaning, vendor_code(answer))
    }

    fn request(method: &str, path: &str, body: Value) -> Request {
        Request {
            method: method.to_owned(),
            endpoint: None,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(body),
            idempotency_key: "key".to_owned(),
        }
    }

    #[test]
    fn a_login_refused_only_after_half_a_minute_is_an_overload() {
        let refused = rest(401, "INVALID_LOGIN", "Invalid login attempt.");
        let judged = |seconds| crate::vendor::tests::judged(Preset::NetSuite, &refused, seconds).0;
        assert_eq!(judged(1), Meaning::Final);
        assert_eq!(judged(60), Meaning::Throttled(Throttle::Concurrency));
    }

    #[test]
    fn a_frequency_limit_closes_for_its_shortest_window() {
        let judged = |answer| crate::vendor::tests::judged(Preset::NetSuite, &answer, 1).1;
        assert_eq!(
            judged(rest(429, "USER_ERROR", "too often")),
            Some(FREQUENCY_PAUSE)
        );
        assert_eq!(judged(rest(429, "CONCURRENCY_LIMIT_EXCEEDED", "x")), None);
    }

    #[test]
    fn a_new_record_is_looked_for_by_its_external_id() {
        let records = "/services/rest/record/v1/salesOrder";
        let found = question(&request("POST", records, json!({"externalId": "SO/1 a"}))).unwrap();
        assert_eq!(found.path, format!("{records}/eid:SO%2F1%20a"));
        for other in [
            request("POST", records, json!({"externalId": ""})),
            request("POST", records, json!({})),
            request("PATCH", records, json!({"externalId": "a"})),
            request(
                "POST",
                &format!("{records}/7/!transform/invoice"),
                json!({"externalId": "a"}),
            ),
            request(
                "POST",
                "/services/rest/query/v1/suiteql",
                json!({"externalId": "a"}),
            ),
        ] {
            assert_eq!(question(&other), None, "{other:?}");
        }
    }

    #[test]
    fn an_upsert_and_an_asynchronous_request_repeat_safely() {
        let upsert = "/services/rest/record/v1/salesOrder/eid:SO-1";
        assert!(repeats_safely(&request("PUT", upsert, json!({}))));
        assert!(repeats_safely(&request("PATCH", upsert, json!({}))));
        let mut insert = request("POST", "/services/rest/record/v1/salesOrder", json!({}));
        assert!(!repeats_safely(&insert));
        insert
            .headers
            .push(("Prefer".to_owned(), "respond-async".to_owned()));
        assert!(repeats_safely(&insert));
        insert.idempotency_key.clear();
        assert!(!repeats_safely(&insert));
    }

    #[test]
    fn the_web_interface_is_no_base_url() {
        let refused = |url: &str| base_url(&Url::parse(url).unwrap()).is_some();
        for url in [
            "https://123456.app.netsuite.com",
            "https://system.netsuite.com",
            "https://123456_sb1.suitetalk.api.netsuite.com",
            "http://123456.suitetalk.api.netsuite.com",
        ] {
            assert!(refused(url), "{url}");
        }
        for url in [
            "https://123456-sb1.suitetalk.api.netsuite.com",
            "https://123456.restlets.api.netsuite.com",
            "https://proxy.example/netsuite",
            "http://127.0.0.1:9000",
        ] {
            assert!(!refused(url), "{url}");
        }
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
                Meaning::MaybeDone,
            ),
            (
                rest(503, "SERVICE_UNAVAILABLE", "x"),
                Meaning::Throttled(Throttle::Window),
            ),
            (answer(504, json!("<html/>")), Meaning::Unknown),
            (answer(204, json!("")), Meaning::Success),
            // An order whose text happens to contain a code is not a throttle.
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

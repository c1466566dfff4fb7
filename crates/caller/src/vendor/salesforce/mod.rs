//! Salesforce REST. Its errors come in a list, a throttle is a 403 like a missing permission, and it sends no
//! Retry-After: how long to pause follows from which of its two limits refused.

mod endpoints;
mod limits;
mod sign_in;

use std::time::Duration;

use rampmeter_call::{Answer, Request, Retry, Throttle};
use serde_json::Value;
use url::Url;

use super::base_url::https_only;
use super::http;
use super::{Bound, Idempotency, Seen, Signal, SuggestedLimit, Vendor};
use crate::answer::rate_headers::{MAX_ALLOWANCES, StatedLimit, Unit, used_of};
use crate::answer::xml;
use crate::job::Jobs;
use crate::meaning::Meaning;

/// A request is ended after ten minutes (Salesforce, API Request Limits and Allocations).
const MAX_RUN: Duration = Duration::from_secs(10 * 60);

/// The daily limit rolls over 24 hours: a little of it comes back all the time.
const DAILY_PAUSE: Duration = Duration::from_secs(15 * 60);

const THROTTLED: &str = "REQUEST_LIMIT_EXCEEDED";

pub(super) static SALESFORCE: Vendor = Vendor {
    name: "salesforce",
    title: "Salesforce",
    assumed_call: Duration::from_millis(300),
    longest_run: Some(MAX_RUN),
    limits: &[
        SuggestedLimit {
            name: "concurrent",
            bound: Bound::Concurrency(5),
            note: "Salesforce allows 5 requests longer than 20 s at once in a Developer Edition, 25 in production and sandboxes",
        },
        SuggestedLimit {
            name: "day",
            bound: Bound::Window {
                calls: 15_000,
                per: Duration::from_secs(86_400),
            },
            note: "Salesforce allows 15,000 requests in 24 h in a Developer Edition, 100,000 and more in production; all integrations of the org share them",
        },
    ],
    retry: Retry::USUAL,
    idempotency: Idempotency::None,
    csrf: None,
    sign_in_counts: true,
    tokens: sign_in::TOKENS,
    sign_in_advice: sign_in::advice,
    jobs: Jobs::None,
    signals: &[
        Signal::of(400, "UNABLE_TO_LOCK_ROW", Meaning::Repeatable),
        Signal::of(400, "QUERY_TIMEOUT", Meaning::Repeatable),
        Signal::of(500, "UNKNOWN_EXCEPTION", Meaning::MaybeDone),
        Signal::of(503, "SERVER_UNAVAILABLE", Meaning::Repeatable),
        // An upsert whose external id fits several records: the answer lists them.
        Signal::status(300, Meaning::Final),
    ],
    probe: Some("/services/data/"),
    limit_inquiry: Some(limits::INQUIRY),
    base_url,
    endpoints: endpoints::ENDPOINTS,
    account_of: |host| host,
    vendor_code: http::vendor_code,
    meaning,
    pause,
    rate_headers,
    honours_key: false,
    // Only a configured question can find an insert: its field for an external id is the org's own.
    question: None,
    is_absent,
    repeats_safely,
};

fn base_url(url: &Url) -> Option<&'static str> {
    let host = url.host_str().unwrap_or_default();
    if matches!(host, "login.salesforce.com" | "test.salesforce.com") {
        return Some(
            "is where people sign in; calls go to the org's own host, https://NAME.my.salesforce.com",
        );
    }
    if host.ends_with(".lightning.force.com") {
        return Some(
            "is the web interface; calls go to the org's own host, https://NAME.my.salesforce.com",
        );
    }
    https_only(url)
}

fn meaning(seen: &Seen<'_>) -> Option<Meaning> {
    let throttled = seen.code == Some(THROTTLED) && matches!(seen.answer.status, 403 | 429 | 503);
    throttled.then(|| {
        Meaning::Throttled(if is_about_concurrency(seen) {
            Throttle::Concurrency
        } else {
            Throttle::Window
        })
    })
}

/// "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "ConcurrentPerOrgLongTxn ..."; the daily limit says
/// "TotalRequests Limit exceeded."
fn is_about_concurrency(seen: &Seen<'_>) -> bool {
    message(seen.answer).starts_with("Concurrent")
}

/// The message of the first error, in JSON or XML.
fn message(answer: &Answer) -> String {
    if let Value::String(text) = &answer.body {
        let found = xml::values(text, "message").into_iter().next();
        return found.unwrap_or_default();
    }
    let body = answer.body.get(0).unwrap_or(&answer.body);
    let message = body.get("message").and_then(Value::as_str);
    message.unwrap_or_default().to_owned()
}

fn pause(seen: &Seen<'_>) -> Option<Duration> {
    (seen.code == Some(THROTTLED) && !is_about_concurrency(seen)).then_some(DAILY_PAUSE)
}

/// `Sforce-Limit-Info: api-usage=25/5000; per-app-api-usage=17/250(appName=x)`: used and whole, over 24 hours.
fn rate_headers(answer: &Answer) -> Vec<StatedLimit> {
    let text = answer.header("sforce-limit-info").unwrap_or_default();
    text.split(';')
        .filter_map(|part| {
            let (name, rest) = part.trim().split_once('=')?;
            let (limit, remaining) = used_of(rest.split('(').next()?)?;
            Some(StatedLimit {
                name: name.chars().take(64).collect(),
                unit: Unit::Calls,
                limit: Some(limit),
                remaining: Some(remaining),
                window: Some(Duration::from_secs(86_400)),
                resets_in: None,
            })
        })
        .take(MAX_ALLOWANCES)
        .collect()
}

/// `/services/data/vNN.0/sobjects/OBJECT/FIELD__c/VALUE`: an upsert by external id.
fn is_upsert(request: &Request) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    request.method == "PATCH" && matches!(segments[..], [.., "sobjects", _, _, _])
}

/// `NOT_FOUND`, which is also the code for a field in the question that is not an external id.
fn is_absent(answer: &Answer) -> bool {
    answer.status == 404
        && http::vendor_code(answer).as_deref() == Some("NOT_FOUND")
        && !message(answer).starts_with("Provided external ID field")
}

fn repeats_safely(request: &Request) -> bool {
    is_upsert(request) || http::repeats_safely(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::Preset;
    use crate::vendor::tests::{answer, answer_with, judged};

    fn error(status: u16, code: &str, message: &str) -> Answer {
        answer(status, json!([{"message": message, "errorCode": code}]))
    }

    #[test]
    fn a_403_is_a_throttle_only_by_its_code_and_the_message_says_which() {
        let daily = error(403, THROTTLED, "TotalRequests Limit exceeded.");
        let concurrent = "ConcurrentRequests (Concurrent API Requests) Limit exceeded.";
        let long = "ConcurrentPerOrgLongTxn Limit exceeded.";
        let cases = [
            (daily, Meaning::Throttled(Throttle::Window), Some(900)),
            (
                error(403, THROTTLED, concurrent),
                Meaning::Throttled(Throttle::Concurrency),
                None,
            ),
            (
                answer(
                    403,
                    json!(
                        "<Errors><Error><errorCode>REQUEST_LIMIT_EXCEEDED</errorCode><message>TotalRequests Limit exceeded.</message></Error></Errors>"
                    ),
                ),
                Meaning::Throttled(Throttle::Window),
                Some(900),
            ),
            (
                error(403, THROTTLED, long),
                Meaning::Throttled(Throttle::Concurrency),
                None,
            ),
            (
                error(403, "INSUFFICIENT_ACCESS_OR_READONLY", "no"),
                Meaning::Final,
                None,
            ),
            (error(400, "MALFORMED_QUERY", "no"), Meaning::Final, None),
            (error(404, "NOT_FOUND", "no"), Meaning::Final, None),
            (
                error(400, "UNABLE_TO_LOCK_ROW", "busy"),
                Meaning::Repeatable,
                None,
            ),
            (
                error(503, "SERVER_UNAVAILABLE", "busy"),
                Meaning::Repeatable,
                None,
            ),
            (
                error(401, "INVALID_SESSION_ID", "expired"),
                Meaning::Final,
                None,
            ),
            (answer(300, json!(["/a", "/b"])), Meaning::Final, None),
            (
                answer(201, json!({"id": "1", "success": true})),
                Meaning::Success,
                None,
            ),
        ];
        for (answer, meaning, pause) in cases {
            let (found, wait) = judged(Preset::Salesforce, &answer, 1);
            assert_eq!(
                (found, wait.map(|wait| wait.as_secs())),
                (meaning, pause),
                "{answer:?}"
            );
        }
    }

    #[test]
    fn an_upsert_by_external_id_repeats_safely_and_an_insert_does_not() {
        let request = |method: &str, path: &str| Request {
            method: method.to_owned(),
            endpoint: None,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            idempotency_key: String::new(),
        };
        let upsert = "/services/data/v60.0/sobjects/Order/Number__c/SO-1?updateOnly=true";
        assert!(repeats_safely(&request("PATCH", upsert)));
        assert!(repeats_safely(&request(
            "DELETE",
            "/services/data/v60.0/sobjects/Order/1"
        )));
        assert!(!repeats_safely(&request(
            "POST",
            "/services/data/v60.0/sobjects/Order"
        )));
        assert!(!repeats_safely(&request(
            "PATCH",
            "/services/data/v60.0/sobjects/Order/1"
        )));
    }

    #[test]
    fn the_sign_in_host_is_no_base_url() {
        let refused = |url: &str| base_url(&Url::parse(url).unwrap()).is_some();
        for url in [
            "https://login.salesforce.com",
            "https://test.salesforce.com",
            "https://acme.lightning.force.com",
            "http://acme.my.salesforce.com",
        ] {
            assert!(refused(url), "{url}");
        }
        for url in [
            "https://acme.my.salesforce.com",
            "http://127.0.0.1:9000",
            "http://localhost:1",
        ] {
            assert!(!refused(url), "{url}");
        }
    }

    #[test]
    fn the_header_of_the_daily_limit_is_read() {
        let found = |value| rate_headers(&answer_with(200, &[("sforce-limit-info", value)]));
        assert_eq!(found("api-usage=18"), []);
        let found =
            found("api-usage=25/5000; per-app-api-usage=300/250(appName=sample-connected-app)");
        assert_eq!(
            (found[0].limit, found[0].remaining),
            (Some(5000), Some(4975))
        );
        assert_eq!(
            (found[1].name.as_str(), found[1].remaining),
            ("per-app-api-usage", Some(0))
        );
    }
}

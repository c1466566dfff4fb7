//! Any HTTP API: the meaning of a status code by RFC 9110 and RFC 6585. The other vendors fall back on it. Limit headers of
//! vendors that have no file of their own are read here.

use std::borrow::Cow;
use std::time::Duration;

use rampmeter_call::{Answer, Request, Retry, Throttle};
use serde_json::Value;

use super::{Condition, Idempotency, Signal, Test, Vendor};
use crate::answer::rate_headers::{StatedLimit, Unit, used_of, whole_number};
use crate::answer::xml;
use crate::job::Jobs;
use crate::meaning::Meaning;
use crate::sign_in::{Auth, GrantKind};

pub(super) static HTTP: Vendor = Vendor {
    name: "http",
    title: "any HTTP API",
    assumed_call: Duration::from_millis(300),
    longest_run: None,
    // Nobody can know them.
    limits: &[],
    retry: Retry::USUAL,
    // From draft-ietf-httpapi-idempotency-key-header. The draft quotes the value; vendors expect it bare, so it is
    // bare.
    idempotency: Idempotency::standard(false),
    csrf: None,
    sign_in_counts: false,
    tokens: &[],
    sign_in_advice,
    jobs: Jobs::None,
    signals: SIGNALS,
    probe: None,
    limit_inquiry: None,
    // Plain HTTP is for an API on one's own machine or network; `check` warns about it.
    base_url: |_| None,
    endpoints: &[],
    account_of: |host| host,
    vendor_code,
    meaning: |_| None,
    pause: |_| None,
    rate_headers,
    honours_key: true,
    question: None,
    is_absent,
    repeats_safely,
};

/// Throttles that status and code alone do not show, by conditions that several vendors share.
const SIGNALS: &[Signal] = &[
    Signal::when(403, RETRY_AFTER, WINDOW),
    Signal::when(403, NONE_LEFT, WINDOW),
    Signal::when(403, GOOGLE_RATE, WINDOW),
    Signal::when(403, GOOGLE_QUOTA, WINDOW),
    Signal::when(403, GOOGLE_DETAIL, WINDOW),
    Signal::when(429, XERO_CONCURRENT, CONCURRENCY),
    // Dynamics 365: too many requests at once.
    Signal::of(429, "0x80072326", CONCURRENCY),
    Signal::when(200, GRAPHQL, WINDOW),
    // HubSpot, while it moves an account.
    Signal::when(477, RETRY_AFTER, WINDOW),
];

const WINDOW: Meaning = Meaning::Throttled(Throttle::Window);

const CONCURRENCY: Meaning = Meaning::Throttled(Throttle::Concurrency);

/// GitHub's secondary limits, among others: the vendor says when to come back, so it is not a missing
/// permission.
const RETRY_AFTER: &[Condition] = &[Condition::Header {
    name: Cow::Borrowed("retry-after"),
    value: Test::Present,
}];

/// GitHub's primary limit.
const NONE_LEFT: &[Condition] = &[Condition::header("x-ratelimit-remaining", "0")];

/// Google: `rateLimitExceeded`, `userRateLimitExceeded`, `dailyLimitExceeded`.
const GOOGLE_RATE: &[Condition] = &[Condition::Json {
    pointer: Cow::Borrowed("/error/errors/*/reason"),
    value: Test::EndsWith(Cow::Borrowed("LimitExceeded")),
}];

const GOOGLE_QUOTA: &[Condition] = &[Condition::json("/error/errors/*/reason", "quotaExceeded")];

/// Google's newer errors (`google.rpc.ErrorInfo`).
const GOOGLE_DETAIL: &[Condition] = &[Condition::json(
    "/error/details/*/reason",
    "RATE_LIMIT_EXCEEDED",
)];

const XERO_CONCURRENT: &[Condition] = &[Condition::header("x-rate-limit-problem", "concurrent")];

/// GraphQL as Shopify has it: the status is that of a success, but nothing was done.
const GRAPHQL: &[Condition] = &[Condition::json("/errors/*/extensions/code", "THROTTLED")];

/// Where JSON bodies hold the code of an error; the last two are GraphQL's.
const CODE_PLACES: [&str; 6] = [
    "/error/code",
    "/code",
    "/errorCode",
    "/error",
    "/errors/0/extensions/code",
    "/errors/0/code",
];

/// An error code is a short word; a longer text is a message and is left in the body.
const MAX_CODE_BYTES: usize = 128;

pub(super) fn meaning(status: u16) -> Meaning {
    match status {
        200..=299 => Meaning::Success,
        // 503 says that the vendor is overloaded: a pause for the whole account, not one more attempt.
        429 | 503 => Meaning::Throttled(Throttle::Window),
        // Request Timeout and Too Early: the call was not acted upon and may be sent again (RFC 9110, RFC 8470).
        408 | 425 => Meaning::Repeatable,
        // Not implemented, version not supported, sign-in to a network: these do not pass by themselves.
        501 | 505 | 511 => Meaning::Final,
        // A gateway (RFC 9110), Cloudflare (520 to 524) or another proxy (598, 599) lost the vendor's answer.
        502 | 504 | 520..=524 | 598 | 599 => Meaning::Unknown,
        // Cloudflare could not set up TLS with the vendor, so nothing was sent.
        525 | 526 => Meaning::Repeatable,
        500..=599 => Meaning::MaybeDone,
        _ => Meaning::Final,
    }
}

/// JSON, or an empty body: a page comes from a server in between, or from a wrong path.
fn is_absent(answer: &Answer) -> bool {
    matches!(answer.status, 404 | 410)
        && (answer.body.is_object() || answer.body.is_array() || answer.body == "")
}

/// The idempotent methods of RFC 9110, section 9.2.2.
pub(super) fn repeats_safely(request: &Request) -> bool {
    matches!(
        request.method.as_str(),
        "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE"
    )
}

pub(super) fn sign_in_advice(auth: &Auth) -> &'static str {
    match auth {
        Auth::None => "the target has no `auth`, but the vendor requires one",
        Auth::OAuth2(oauth2) if oauth2.grant.kind() == GrantKind::RefreshToken => {
            "the refresh token may be used up, revoked or too old (QuickBooks and Xero replace it at each use): let a person consent again and put the new one into the configuration"
        }
        _ => {
            "compare the credential with the vendor's; a secret from a file or variable may be an older one"
        }
    }
}

/// Where error bodies commonly hold their code: `code`, `errorCode`, `error.code`, a plain `error` (RFC 6749), that of the
/// first of several errors, and the same in the first element of a list.
pub(super) fn vendor_code(answer: &Answer) -> Option<String> {
    if let Value::String(text) = &answer.body {
        return xml_code(text);
    }
    let body = answer.body.get(0).unwrap_or(&answer.body);
    CODE_PLACES
        .into_iter()
        .find_map(|place| body.pointer(place).and_then(as_code))
}

/// The code of an error in XML: Salesforce, QuickBooks, OData.
fn xml_code(text: &str) -> Option<String> {
    if !xml::is_xml(text) {
        return None;
    }
    ["errorCode", "Error@code", "code"]
        .into_iter()
        .find_map(|place| xml::values(text, place).into_iter().next())
        .filter(|code| is_code(code))
}

pub(super) fn as_code(value: &Value) -> Option<String> {
    let code = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    is_code(&code).then_some(code)
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_CODE_BYTES
}

/// Those of Shopify and HubSpot.
fn rate_headers(answer: &Answer) -> Vec<StatedLimit> {
    shopify(answer).into_iter().chain(hubspot(answer)).collect()
}

/// `X-Shopify-Shop-Api-Call-Limit: 32/40`: the fill of a leaking bucket.
fn shopify(answer: &Answer) -> Option<StatedLimit> {
    let (limit, remaining) = used_of(answer.header("x-shopify-shop-api-call-limit")?)?;
    Some(StatedLimit {
        name: "bucket".to_owned(),
        unit: Unit::Other,
        limit: Some(limit),
        remaining: Some(remaining),
        ..StatedLimit::default()
    })
}

/// `X-HubSpot-RateLimit-Max`, `-Remaining` and `-Interval-Milliseconds`.
fn hubspot(answer: &Answer) -> Option<StatedLimit> {
    let number = |what: &str| {
        answer
            .header(&format!("x-hubspot-ratelimit-{what}"))
            .and_then(whole_number)
    };
    let limit = number("max")?;
    Some(StatedLimit {
        name: "interval".to_owned(),
        unit: Unit::Calls,
        limit: Some(limit),
        remaining: number("remaining"),
        window: number("interval-milliseconds").map(Duration::from_millis),
        resets_in: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::Preset;
    use crate::vendor::tests::{answer, answer_with, judged};

    #[test]
    fn every_status_has_the_meaning_of_the_standards() {
        let throttled = Meaning::Throttled(Throttle::Window);
        let cases = [
            (200, Meaning::Success),
            (202, Meaning::Success),
            (204, Meaning::Success),
            (299, Meaning::Success),
            (301, Meaning::Final),
            (304, Meaning::Final),
            (307, Meaning::Final),
            (400, Meaning::Final),
            (401, Meaning::Final),
            (403, Meaning::Final),
            (404, Meaning::Final),
            (408, Meaning::Repeatable),
            (409, Meaning::Final),
            (412, Meaning::Final),
            (422, Meaning::Final),
            (425, Meaning::Repeatable),
            (429, throttled),
            (500, Meaning::MaybeDone),
            (501, Meaning::Final),
            (502, Meaning::Unknown),
            (503, throttled),
            (504, Meaning::Unknown),
            (505, Meaning::Final),
            (511, Meaning::Final),
            (507, Meaning::MaybeDone),
            (519, Meaning::MaybeDone),
            (520, Meaning::Unknown),
            (522, Meaning::Unknown),
            (524, Meaning::Unknown),
            (525, Meaning::Repeatable),
            (597, Meaning::MaybeDone),
            (598, Meaning::Unknown),
            (599, Meaning::Unknown),
            (600, Meaning::Final),
            (999, Meaning::Final),
        ];
        for (status, expected) in cases {
            assert_eq!(meaning(status), expected, "{status}");
        }
    }

    #[test]
    fn a_code_is_found_in_the_usual_places() {
        let cases = [
            (json!({"error": {"code": "E1"}}), Some("E1")),
            (json!({"code": 42}), Some("42")),
            (
                json!([{"errorCode": "NOT_FOUND", "message": "no"}]),
                Some("NOT_FOUND"),
            ),
            (json!({"error": "invalid_grant"}), Some("invalid_grant")),
            (json!({"error": {"message": "no"}}), None),
            (json!({"code": ""}), None),
            (json!({"code": "x".repeat(129)}), None),
            (json!("text"), None),
            (
                json!("<Errors><Error><errorCode>E2</errorCode></Error></Errors>"),
                Some("E2"),
            ),
            (
                json!("<IntuitResponse><Fault><Error code=\"3001\"/></Fault></IntuitResponse>"),
                Some("3001"),
            ),
            (
                json!("<error xmlns=\"x\"><code>/IWBEP/1</code></error>"),
                Some("/IWBEP/1"),
            ),
            (json!("<html><body>code</body></html>"), None),
            (json!(null), None),
            (json!([]), None),
        ];
        for (body, expected) in cases {
            let answer = answer(400, body);
            assert_eq!(vendor_code(&answer).as_deref(), expected, "{}", answer.body);
        }
    }

    #[test]
    fn a_throttle_is_known_by_a_header_or_by_the_reason_in_its_body() {
        let reason = |word: &str| answer(403, json!({"error": {"errors": [{"reason": word}]}}));
        let graphql = |code: &str| answer(200, json!({"errors": [{"extensions": {"code": code}}]}));
        for (answer, expected) in [
            (answer_with(403, &[("retry-after", "60")]), WINDOW),
            (answer_with(403, &[("x-ratelimit-remaining", "0")]), WINDOW),
            (
                answer_with(403, &[("x-ratelimit-remaining", "10")]),
                Meaning::Final,
            ),
            (reason("userRateLimitExceeded"), WINDOW),
            (reason("rateLimitExceeded"), WINDOW),
            (reason("quotaExceeded"), WINDOW),
            (reason("insufficientPermissions"), Meaning::Final),
            (
                answer_with(429, &[("x-rate-limit-problem", "concurrent")]),
                CONCURRENCY,
            ),
            (
                answer_with(429, &[("x-rate-limit-problem", "minute")]),
                WINDOW,
            ),
            (
                answer(429, json!({"error": {"code": "0x80072326"}})),
                CONCURRENCY,
            ),
            (graphql("THROTTLED"), WINDOW),
            (graphql("NOT_FOUND"), Meaning::Success),
        ] {
            assert_eq!(judged(Preset::Http, &answer, 1).0, expected, "{answer:?}");
        }
    }

    #[test]
    fn the_limit_headers_of_shopify_and_hubspot_are_read() {
        let one = |headers: &[(&str, &str)]| rate_headers(&answer_with(200, headers)).remove(0);
        let found = one(&[("x-shopify-shop-api-call-limit", "32/40")]);
        assert_eq!((found.limit, found.remaining), (Some(40), Some(8)));
        let found = one(&[
            ("x-hubspot-ratelimit-max", "100"),
            ("x-hubspot-ratelimit-remaining", "3"),
            ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
        ]);
        assert_eq!(found.window, Some(Duration::from_secs(10)));
    }
}

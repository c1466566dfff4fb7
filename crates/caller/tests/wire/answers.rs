//! Answers that arrive whole.

use std::borrow::Cow;
use std::time::Duration;

use rampmeter_call::{Answer, Outcome, Repeatable, Throttle};
use rampmeter_caller::Meaning;
use rampmeter_caller::vendor::{Condition, Signal, Test};
use rampmeter_caller::{Caller, Preset};
use serde_json::json;

use crate::vendor::{Act, Vendor, get, post};

async fn success(vendor: &Vendor) -> Answer {
    match vendor.caller().call(&get("/x")).await {
        Outcome::Success(answer) => answer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_json_answer_is_a_success_with_its_parts() {
    let head = "HTTP/1.1 201 Whatever\r\nLocation: /x/1\r\nX-Two: a\r\nX-Two: b";
    let answer = success(&Vendor::answering(head, br#"{"id": 7}"#)).await;
    assert_eq!(
        (answer.status, answer.status_text.as_str()),
        (201, "Created")
    );
    assert_eq!(answer.body, json!({"id": 7}));
    assert_eq!(answer.header("location"), Some("/x/1"));
    assert_eq!(
        answer.to_task_output()["Headers"]["x-two"],
        json!(["a", "b"])
    );
    assert!(!answer.truncated);
}

#[tokio::test]
async fn an_empty_answer_has_the_empty_text_as_its_body() {
    let vendor = Vendor::new(Act::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()));
    let answer = success(&vendor).await;
    assert_eq!((answer.status, answer.body), (204, json!("")));
}

#[tokio::test]
async fn a_text_answer_stays_text() {
    let answer = success(&Vendor::answering("HTTP/1.1 200 OK", "<a>é</a>".as_bytes())).await;
    assert_eq!(answer.body, json!("<a>é</a>"));
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    // `{"zip":true}` through gzip.
    let zipped = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 170, 202, 44, 80, 178, 42, 41, 42, 77, 173, 5, 0,
        3, 124, 165, 25, 12, 0, 0, 0,
    ];
    let answer = success(&Vendor::answering(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip",
        &zipped,
    ))
    .await;
    assert_eq!(answer.body, json!({"zip": true}));
}

#[tokio::test]
async fn an_answer_over_the_bound_is_cut_and_says_so() {
    let vendor = Vendor::answering("HTTP/1.1 200 OK", &[b'7'; 5000]);
    for (bound, truncated) in [(4999, true), (5000, false)] {
        let mut profile = vendor.profile();
        profile.max_response_bytes = bound;
        let caller = Caller::new(profile).unwrap();
        match caller.call(&get("/x")).await {
            Outcome::Success(answer) => {
                assert_eq!(answer.truncated, truncated);
                if truncated {
                    assert_eq!(answer.body, json!("7".repeat(4999)));
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_bound() {
    let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n".to_vec();
    bytes.extend([b'x'; 3000]);
    let vendor = Vendor::new(Act::Hang(bytes));
    let mut profile = vendor.profile();
    profile.max_response_bytes = 1000;
    let outcome = Caller::new(profile).unwrap().call(&get("/x")).await;
    let Outcome::Success(answer) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(answer.truncated);
    assert_eq!(answer.body, json!("x".repeat(1000)));
}

#[tokio::test]
async fn a_throttle_carries_the_pause_the_vendor_asks_for() {
    let vendor = Vendor::answering("HTTP/1.1 429 X\r\nRetry-After: 2.5", br#"{"code": "SLOW"}"#);
    let outcome = vendor.caller().call(&get("/x")).await;
    let Outcome::Throttled {
        kind,
        retry_after,
        answer,
        vendor_code,
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(kind, Throttle::Window);
    assert_eq!(retry_after, Some(Duration::from_secs(3)));
    assert_eq!(answer.status, 429);
    assert_eq!(vendor_code.as_deref(), Some("SLOW"));
}

#[tokio::test]
async fn a_netsuite_account_at_its_concurrency_limit_is_understood() {
    let body = br#"{"title": "Bad Request", "status": 429, "o:errorDetails": [
        {"detail": "Concurrent request limit exceeded. Request blocked.",
         "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}]}"#;
    let vendor = Vendor::answering("HTTP/1.1 429 Too Many Requests", body);
    let mut profile = vendor.profile();
    profile.preset = Preset::NetSuite;
    let outcome = Caller::new(profile).unwrap().call(&get("/x")).await;
    let Outcome::Throttled {
        kind: Throttle::Concurrency,
        retry_after: None,
        vendor_code,
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(vendor_code.as_deref(), Some("CONCURRENCY_LIMIT_EXCEEDED"));
}

#[tokio::test]
async fn a_throttle_for_calls_in_flight_carries_its_pause_too() {
    let head = "HTTP/1.1 429 X\r\nX-Rate-Limit-Problem: concurrent";
    let stated = format!("{head}\r\nRetry-After: 7");
    for (head, seconds) in [(head, 5), (stated.as_str(), 7)] {
        let vendor = Vendor::answering(head, br#"{"code": "SLOW"}"#);
        let mut profile = vendor.profile();
        profile.signals = vec![Signal {
            status: Some(429),
            code: None,
            when: Cow::default(),
            meaning: Meaning::Throttled(Throttle::Concurrency),
            pause: Some(Duration::from_secs(5)),
        }];
        let outcome = Caller::new(profile).unwrap().call(&get("/x")).await;
        let Outcome::Throttled {
            kind: Throttle::Concurrency,
            retry_after,
            ..
        } = outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(retry_after, Some(Duration::from_secs(seconds)));
    }
}

#[tokio::test]
async fn a_date_in_an_answer_is_of_the_vendors_clock() {
    let head = "HTTP/1.1 429 X\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT";
    for header in [
        "Retry-After: Tue, 14 Nov 2023 22:14:20 GMT",
        "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 2023-11-14T22:14:20Z",
        "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1700000060",
    ] {
        let vendor = Vendor::answering(&format!("{head}\r\n{header}"), b"{}");
        match vendor.caller().call(&get("/x")).await {
            Outcome::Throttled { retry_after, .. } => {
                assert_eq!(retry_after, Some(Duration::from_secs(60)), "{header}");
            }
            other => panic!("{header}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_a_server_error_is_not() {
    let vendor = Vendor::answering("HTTP/1.1 400 Bad Request", br#"{"error": {"code": "E"}}"#);
    let outcome = vendor.caller().call(&post("/x", json!({}))).await;
    let Outcome::Final {
        answer,
        vendor_code,
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!((answer.status, vendor_code.as_deref()), (400, Some("E")));

    let vendor = Vendor::answering("HTTP/1.1 500 Internal Server Error", b"");
    let outcome = vendor.caller().call(&get("/x")).await;
    let Outcome::Repeatable { reason, answer, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(reason, Repeatable::MaybeDone);
    assert_eq!(answer.map(|answer| answer.status), Some(500));
}

#[tokio::test]
async fn the_word_of_a_gateway_leaves_open_whether_the_vendor_did_it() {
    let body = format!("<h1>no answer in time</h1>{}", "é".repeat(1_000));
    let vendor = Vendor::answering("HTTP/1.1 504 Late", body.as_bytes());
    let outcome = vendor.caller().call(&post("/x", json!({}))).await;
    let Outcome::Unknown { reason, gateway } = outcome else {
        panic!("{outcome:?}")
    };
    let beginning = "a gateway answered in the vendor's place, with 504 Gateway Timeout: \
                     <h1>no answer in time</h1>éé";
    assert!(reason.starts_with(beginning), "{reason}");
    assert!(reason.ends_with("é..."), "{reason}");
    assert!(reason.chars().count() < 700, "{reason}");

    let vendor = Vendor::answering("HTTP/1.1 520 X", b"");
    let outcome = vendor.caller().call(&get("/x")).await;
    let reason = "a gateway answered in the vendor's place, with 520".to_owned();
    let expected = |reason, gateway| Outcome::Unknown {
        reason,
        gateway: Some(gateway),
    };
    assert_eq!(gateway, Some(504));
    assert_eq!(outcome, expected(reason, 520));

    let vendor = Vendor::answering("HTTP/1.1 502 X", br#"{"error": "upstream"}"#);
    let outcome = vendor.caller().call(&get("/x")).await;
    let reason =
        "a gateway answered in the vendor's place, with 502 Bad Gateway: {\"error\":\"upstream\"}"
            .to_owned();
    assert_eq!(outcome, expected(reason, 502));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let other = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://{}/stolen",
            other.address
        );
        let vendor = Vendor::answering(&head, b"");
        let outcome = vendor.caller().call(&post("/x", json!({}))).await;
        let Outcome::Final { answer, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(answer.status, status);
    }
    assert_eq!(other.waiting(), 0);
}

#[tokio::test]
async fn a_configured_signal_may_look_into_a_good_answer() {
    let failed = br#"{"code": "NO_STOCK", "errors": [{"message": "no"}]}"#;
    let by_code = Signal {
        status: Some(200),
        code: Some(Cow::Borrowed("NO_STOCK")),
        when: Cow::default(),
        meaning: Meaning::Final,
        pause: None,
    };
    let by_place = Signal {
        code: None,
        when: Cow::Owned(vec![Condition::Json {
            pointer: Cow::Borrowed("/errors"),
            value: Test::Present,
        }]),
        ..by_code.clone()
    };
    for signal in [by_code, by_place] {
        let vendor = Vendor::answering("HTTP/1.1 200 OK", failed);
        let mut profile = vendor.profile();
        profile.signals = vec![signal.clone()];
        let outcome = Caller::new(profile).unwrap().call(&get("/x")).await;
        assert!(
            matches!(outcome, Outcome::Final { .. }),
            "{signal:?}: {outcome:?}"
        );
        let well = Vendor::answering("HTTP/1.1 200 OK", br#"{"code": "OK", "errors": []}"#);
        let mut profile = well.profile();
        profile.signals = vec![signal.clone()];
        let outcome = Caller::new(profile).unwrap().call(&get("/x")).await;
        assert!(
            matches!(outcome, Outcome::Success(_)),
            "{signal:?}: {outcome:?}"
        );
    }
}

//! Answers whose status and headers arrived but whose body cannot be read, or not as intended: the status is the
//! vendor's answer all the same.

use std::time::Duration;

use rampmeter_call::{Answer, Outcome};
use rampmeter_caller::{Attempt, Caller, Preset, ResponseRules};
use serde_json::json;

use crate::vendor::{Act, Vendor, get, post};

/// Bodies that break off, in each way that HTTP knows, or are not compressed as they are said to be.
const BROKEN: [&str; 4] = [
    "content-length: 9\r\n\r\nhalf",
    "transfer-encoding: chunked\r\n\r\n5\r\nhe",
    "content-encoding: gzip\r\ncontent-length: 8\r\n\r\n{\"id\":7}",
    "transfer-encoding: chunked\r\n\r\nnonsense\r\n",
];

async fn called(bytes: Vec<u8>) -> Outcome {
    let vendor = Vendor::new(Act::Answer(bytes));
    let outcome = vendor.caller().call(&post("/x", json!({}))).await;
    assert_eq!(vendor.waiting(), 1, "the call was sent once");
    outcome
}

fn error_of(answer: &Answer) -> &str {
    let error = answer.reading.error.as_deref();
    error.unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn the_status_of_a_broken_answer_is_its_outcome() {
    for body in BROKEN {
        let called = |status: &str| called(format!("HTTP/1.1 {status}\r\n{body}").into_bytes());
        match called("201 Created").await {
            Outcome::Success(answer) => assert!(!error_of(&answer).is_empty()),
            other => panic!("{body}: {other:?}"),
        }
        match called("400 Bad Request").await {
            Outcome::Final { answer, .. } => assert_eq!(answer.status, 400),
            other => panic!("{body}: {other:?}"),
        }
        match called("429 Too Many\r\nretry-after: 7").await {
            Outcome::Throttled { retry_after, .. } => {
                assert_eq!(retry_after, Some(Duration::from_secs(7)));
            }
            other => panic!("{body}: {other:?}"),
        }
        match called("500 X").await {
            Outcome::Repeatable { answer, .. } => assert!(answer.is_some()),
            other => panic!("{body}: {other:?}"),
        }
        let lost = called("504 X").await;
        assert!(matches!(lost, Outcome::Unknown { .. }), "{body}: {lost:?}");
    }
}

#[tokio::test]
async fn what_arrived_of_a_broken_body_is_kept_and_the_output_says_what_broke() {
    let outcome = called(b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\nhalf".to_vec()).await;
    let Outcome::Success(answer) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(answer.body, json!("half"));
    let output = answer.to_task_output();
    assert_eq!(output["StatusCode"], 201);
    assert!(output["BodyError"].is_string(), "{output}");
}

#[tokio::test]
async fn a_body_that_stalls_until_the_timeout_does_not_undo_its_status() {
    let head = b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\nhalf";
    let vendor = Vendor::new(Act::Hang(head.to_vec()));
    let mut profile = vendor.profile();
    profile.timeout = Duration::from_millis(400);
    let caller = Caller::new(profile).unwrap();
    match caller.call(&post("/x", json!({}))).await {
        Outcome::Success(answer) => assert!(error_of(&answer).contains("timeout")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_odd_head_is_an_answer() {
    let many: String = (0..130).map(|n| format!("x-{n}: {n}\r\n")).collect();
    for headers in [
        many.as_str(),
        "x-129: 129\r\nx-folded: a\r\n  b\r\n",
        "x-129: 129\r\nx bad: 1\r\n",
        "x-129: 129\r\nspaced : 1\r\n",
    ] {
        let head = format!("HTTP/1.1 201 Created\r\n{headers}content-length: 2\r\n\r\n{{}}");
        match called(head.into_bytes()).await {
            Outcome::Success(answer) => {
                assert_eq!(answer.header("x-129"), Some("129"), "{headers}");
                assert_eq!(answer.body, json!({}));
            }
            other => panic!("{headers}: {other:?}"),
        }
    }
}

async fn success(head: &str, body: &[u8]) -> Answer {
    let vendor = Vendor::answering(head, body);
    match vendor.caller().call(&get("/x")).await {
        Outcome::Success(answer) => answer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_body_is_read_as_what_it_is() {
    let json_head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    let latin = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=ISO-8859-1";
    let answer = success(json_head, b"\xef\xbb\xbf{\"a\": \"\\ud83d\"}").await;
    assert_eq!(answer.body, json!({"a": "\u{fffd}"}));
    let answer = success(latin, b"<a>M\xfcller Stra\xdfe</a>").await;
    assert_eq!(answer.body, json!("<a>Müller Straße</a>"));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_kept_as_they_came() {
    let mut pdf = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    pdf.extend(0..=255);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/pdf";
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("body");
    let vendor = Vendor::answering(head, &pdf);
    let caller = vendor.caller();
    let outcome = caller
        .attempt_storing(&get("/x"), &Attempt::default(), &place)
        .await;
    let Outcome::Success(answer) = outcome else {
        panic!("{outcome:?}")
    };
    let stored = answer.stored.unwrap();
    assert_eq!(answer.body, json!(null));
    assert_eq!(std::fs::read(stored.path()).unwrap(), pdf);
    // If there is no path for a file, they are carried along in base64.
    let carried = success(head, b"\xff\x00").await;
    assert_eq!(carried.body, json!("/wA="));
    assert_eq!(carried.to_task_output()["IsBase64Encoded"], true);
}

#[tokio::test]
async fn a_body_that_cannot_be_stored_does_not_undo_its_status() {
    let vendor = Vendor::answering("HTTP/1.1 201 Created", &[b'7'; 5000]);
    let mut profile = vendor.profile();
    profile.response = ResponseRules {
        inline: 100,
        ..ResponseRules::default()
    };
    let caller = Caller::new(profile).unwrap();
    let nowhere = std::path::Path::new("/nonexistent/body");
    let outcome = caller
        .attempt_storing(&post("/x", json!({})), &Attempt::default(), nowhere)
        .await;
    match outcome {
        Outcome::Success(answer) => assert!(error_of(&answer).contains("stored")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn long_numbers_pass_unchanged_in_both_directions() {
    let text = r#"{"id":12345678901234567890123,"amount":9007199254740993.25}"#;
    let vendor = Vendor::answering("HTTP/1.1 200 OK", text.as_bytes());
    let mut profile = vendor.profile();
    profile.preset = Preset::Http;
    let request = post("/x", serde_json::from_str(text).unwrap());
    let outcome = Caller::new(profile).unwrap().call(&request).await;
    let Outcome::Success(answer) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(vendor.request().1, text);
    assert!(answer.to_task_output().to_string().contains(text));
}

//! What tasks are told, and what becomes of permits.

use rampmeter_call::Throttle;
use serde_json::{Value, json};

use super::*;
use rampmeter_dispatch::Throttle as GateThrottle;

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        status_text: String::new(),
        headers: Vec::new(),
        body,
        ..Answer::default()
    }
}

#[test]
fn a_success_is_the_output_of_the_task_unless_it_is_too_large_for_one() {
    let TaskResult::Success { output } = TaskResult::success(&answer(201, json!({"id": 1}))) else {
        panic!("it is short");
    };
    let output: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output["StatusCode"], 201);
    let large = answer(200, json!("x".repeat(MAX_OUTPUT_BYTES)));
    let TaskResult::Failure { error, cause } = TaskResult::success(&large) else {
        panic!("it is long");
    };
    assert_eq!(error, "States.DataLimitExceeded");
    assert!(cause.contains("262144"), "{cause}");
}

#[test]
fn a_failure_is_told_with_all_that_is_known_of_it() {
    let failed = Failed {
        error: "Http.StatusCode.400".to_owned(),
        answer: Some(answer(400, json!({"title": "no"}))),
        vendor_code: Some("USER_ERROR".to_owned()),
        reason: None,
        attempts: 2,
    };
    let TaskResult::Failure { error, cause } = TaskResult::of(&failed) else {
        panic!("it failed");
    };
    assert_eq!(error, "Http.StatusCode.400");
    let cause: Value = serde_json::from_str(&cause).unwrap();
    assert_eq!(cause["Attempts"], 2);
    assert_eq!(cause["VendorCode"], "USER_ERROR");
    assert_eq!(cause["StatusCode"], 400);
}

#[test]
fn an_answer_frees_places_a_lost_one_holds_them_and_a_throttle_teaches_the_gate() {
    let answered = Outcome::Success(answer(200, json!(null)));
    assert_eq!(ending_of(&answered, 1, 0), Ending::Answered);
    let lost = Outcome::Unknown {
        reason: "lost".to_owned(),
        gateway: None,
    };
    assert_eq!(ending_of(&lost, 1, 0), Ending::Lost);
    let throttled = |kind| Outcome::Throttled {
        kind,
        retry_after: Some(Duration::from_secs(7)),
        for_all: false,
        answer: answer(429, json!("")),
        vendor_code: None,
    };
    let retry_after = Some(Duration::from_secs(7));
    for (kind, throttle) in [
        (Throttle::Window, GateThrottle::Window { retry_after }),
        (
            Throttle::Concurrency,
            GateThrottle::Concurrency { retry_after },
        ),
    ] {
        let wrong = WentWrong {
            end: PermitEnd::Throttled {
                throttle,
                for_all: false,
                overload: false,
            },
            call: 7,
            refusals: 3,
        };
        assert_eq!(ending_of(&throttled(kind), 7, 3), Ending::Wrong(wrong));
    }
}

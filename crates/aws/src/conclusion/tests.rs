//! What follows from each outcome.

use std::path::Path;

use rampmeter_config::aws;
use serde_json::{Value, json};

use super::*;

fn target(more: &str) -> Target {
    let text = format!(
        "[targets.t]\nbase_url = \"http://127.0.0.1:1\"\nretry = {{ max_attempts = 3, initial = \"1s\", max = \"8s\" }}\n{more}"
    );
    let config = aws::target(&text, Path::new("t.toml"), "t", &Default::default());
    config.unwrap().targets.remove("t").unwrap()
}

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        status_text: String::new(),
        headers: Vec::new(),
        body,
        truncated: false,
        stored: None,
    }
}

fn failure(conclusion: Conclusion) -> (String, Value) {
    let Conclusion::Over(Told::Failure { error, cause }) = conclusion else {
        panic!("{conclusion:?}");
    };
    let cause = serde_json::from_str(&cause).unwrap_or(Value::String(cause));
    (error, cause)
}

fn of(outcome: Outcome, attempts: u32) -> (Ending, Conclusion) {
    conclude(outcome, &target(""), attempts, u64::MAX)
}

fn repeatable() -> Outcome {
    Outcome::Repeatable {
        reason: Repeatable::ServerError,
        answer: Some(answer(500, json!("x"))),
        vendor_code: None,
    }
}

fn unknown() -> Outcome {
    Outcome::Unknown {
        reason: "lost".to_owned(),
    }
}

#[test]
fn a_success_is_the_output_of_the_task_unless_it_is_too_large_for_one() {
    let (ending, conclusion) = of(Outcome::Success(answer(201, json!({"id": 1}))), 0);
    assert_eq!(ending, Ending::Answered);
    let Conclusion::Over(Told::Success { output }) = conclusion else {
        panic!("{conclusion:?}");
    };
    let output: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output["StatusCode"], 201);
    let large = answer(200, json!("x".repeat(LONGEST_OUTPUT)));
    assert_eq!(
        failure(of(Outcome::Success(large), 0).1).0,
        "States.DataLimitExceeded"
    );
}

#[test]
fn a_refused_access_token_uses_up_an_attempt_and_is_followed_at_once_by_a_new_one() {
    let outcome = Outcome::Repeatable {
        reason: Repeatable::SignInExpired,
        answer: Some(answer(401, json!({}))),
        vendor_code: None,
    };
    let (ending, conclusion) = of(outcome, 0);
    assert_eq!(ending, Ending::Answered);
    let again = Conclusion::Again {
        after: Duration::ZERO,
        attempts: 1,
        unknown: false,
    };
    assert_eq!(conclusion, again);
}

#[test]
fn a_final_answer_fails_the_task_with_its_status_and_counts_as_an_attempt() {
    let outcome = Outcome::Final {
        answer: answer(400, json!({"title": "no"})),
        vendor_code: Some("USER_ERROR".to_owned()),
    };
    let (error, cause) = failure(of(outcome, 1).1);
    assert_eq!(error, "Http.StatusCode.400");
    assert_eq!(cause["Attempts"], 2);
    assert_eq!(cause["VendorCode"], "USER_ERROR");
}

#[test]
fn a_passing_failure_is_repeated_until_its_attempts_are_used_up() {
    let (ending, again) = of(repeatable(), 0);
    assert_eq!(ending, Ending::Answered);
    let expected = Conclusion::Again {
        after: Duration::from_secs(1),
        attempts: 1,
        unknown: false,
    };
    assert_eq!(again, expected);
    let (error, cause) = failure(of(repeatable(), 2).1);
    assert_eq!(error, "Rampmeter.Unavailable");
    assert_eq!(cause["Attempts"], 3);
    assert_eq!(cause["StatusCode"], 500);
}

#[test]
fn a_throttle_uses_up_no_attempt_and_teaches_the_gate() {
    for (kind, expected) in [
        (Throttle::Concurrency, Duration::from_secs(1)),
        (Throttle::Window, Duration::ZERO),
    ] {
        let outcome = Outcome::Throttled {
            kind,
            retry_after: Some(Duration::from_secs(7)),
            answer: answer(429, json!("")),
            vendor_code: None,
        };
        let (ending, conclusion) = of(outcome, 2);
        assert!(matches!(ending, Ending::Refused(_)));
        let again = Conclusion::Again {
            after: expected,
            attempts: 2,
            unknown: false,
        };
        assert_eq!(conclusion, again);
    }
}

#[test]
fn what_follows_from_a_lost_answer_is_what_the_target_says() {
    let conclude = |on_unknown: &str, attempts| {
        let target = target(&format!(
            "preset = \"netsuite\"\non_unknown = \"{on_unknown}\""
        ));
        conclude(unknown(), &target, attempts, 0)
    };
    let (ending, again) = conclude("retry", 0);
    assert_eq!(ending, Ending::Lost, "its places are held");
    assert!(matches!(
        again,
        Conclusion::Again {
            attempts: 1,
            unknown: true,
            ..
        }
    ));
    assert_eq!(failure(conclude("retry", 2).1).0, "Rampmeter.Unavailable");
    let (error, cause) = failure(conclude("fail", 0).1);
    assert_eq!(error, "Rampmeter.OutcomeUnknown");
    assert_eq!(cause["Reason"], "lost");
    assert!(matches!(
        conclude("reconcile", 0).1,
        Conclusion::Again { .. }
    ));
    assert_eq!(
        failure(conclude("reconcile", 2).1).0,
        "Rampmeter.OutcomeUnknown"
    );
}

#[test]
fn what_can_never_be_sent_fails_as_an_invalid_message() {
    let outcome = Outcome::Invalid {
        reason: "no".to_owned(),
    };
    assert_eq!(failure(of(outcome, 0).1).0, "Rampmeter.InvalidMessage");
}

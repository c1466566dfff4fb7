//! What follows from each outcome, and what holds whatever the outcome is.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::on_unknown::RepeatSafety;

/// A target that tries three times, a second apart at first.
const RULES: CallRules = CallRules {
    retry: Retry {
        max_attempts: 3,
        initial: Duration::from_secs(1),
        max: Duration::from_secs(8),
    },
    on_unknown: OnUnknown::Retry,
    polling: Polling::USUAL,
    attempts: 0,
    random: u64::MAX,
};

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        status_text: String::new(),
        headers: Vec::new(),
        body,
        ..Answer::default()
    }
}

fn of(outcome: Outcome, attempts: u32) -> NextAction {
    CallRules { attempts, ..RULES }.after(outcome)
}

fn failed(action: NextAction) -> Failed {
    match action {
        NextAction::Failed(failed) => failed,
        other => panic!("{other:?}"),
    }
}

fn again(after: u64, attempts: u32) -> NextAction {
    NextAction::Again {
        after: Duration::from_secs(after),
        attempts,
        unknown: false,
    }
}

fn repeatable(reason: Repeatable) -> Outcome {
    Outcome::Repeatable {
        reason,
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
fn a_refused_access_token_uses_up_an_attempt_and_is_followed_at_once_by_a_new_one() {
    assert_eq!(of(repeatable(Repeatable::SignInExpired), 0), again(0, 1));
}

#[test]
fn getting_ready_uses_up_no_attempt() {
    assert_eq!(of(repeatable(Repeatable::GotReady), 2), again(0, 2));
}

#[test]
fn a_final_answer_fails_with_its_status_and_counts_as_an_attempt() {
    let outcome = Outcome::Final {
        answer: answer(400, json!({"title": "no"})),
        vendor_code: Some("USER_ERROR".to_owned()),
    };
    let failed = failed(of(outcome, 1));
    assert_eq!(failed.error, "Http.StatusCode.400");
    assert_eq!(failed.attempts, 2);
    assert_eq!(failed.vendor_code.as_deref(), Some("USER_ERROR"));
}

#[test]
fn a_passing_failure_is_repeated_until_its_attempts_are_used_up() {
    assert_eq!(of(repeatable(Repeatable::ServerError), 0), again(1, 1));
    let failed = failed(of(repeatable(Repeatable::ServerError), 2));
    assert_eq!(failed.error, "Rampmeter.Unavailable");
    assert_eq!(failed.attempts, 3);
    assert_eq!(failed.answer.map(|answer| answer.status), Some(500));
}

#[test]
fn a_throttle_uses_up_no_attempt_and_only_one_on_calls_at_once_makes_the_call_wait() {
    for (kind, wait) in [(Throttle::Concurrency, 1), (Throttle::Window, 0)] {
        let outcome = Outcome::Throttled {
            kind,
            retry_after: Some(Duration::from_secs(7)),
            answer: answer(429, json!("")),
            vendor_code: None,
        };
        assert_eq!(of(outcome, 2), again(wait, 2));
    }
}

#[test]
fn what_follows_from_a_lost_answer_is_what_the_target_says() {
    let of = |on_unknown, attempts| {
        let rules = CallRules {
            on_unknown,
            attempts,
            ..RULES
        };
        rules.after(unknown())
    };
    for repeats in [OnUnknown::Retry, OnUnknown::Reconcile] {
        assert!(matches!(
            of(repeats, 0),
            NextAction::Again {
                attempts: 1,
                unknown: true,
                ..
            }
        ));
    }
    for repeats in [OnUnknown::Retry, OnUnknown::Reconcile] {
        assert_eq!(failed(of(repeats, 2)).error, "Rampmeter.OutcomeUnknown");
    }
    let at_once = failed(of(OnUnknown::Fail, 0));
    assert_eq!(at_once.error, "Rampmeter.OutcomeUnknown");
    assert_eq!(at_once.reason.as_deref(), Some("lost"));
}

#[test]
fn a_failure_that_may_have_done_it_is_repeated_only_where_that_does_no_harm() {
    let of = |on_unknown| {
        CallRules {
            on_unknown,
            ..RULES
        }
        .after(repeatable(Repeatable::MaybeDone))
    };
    let refused = failed(of(OnUnknown::Fail));
    assert_eq!(refused.error, "Rampmeter.OutcomeUnknown");
    assert_eq!(refused.answer.map(|answer| answer.status), Some(500));
    for repeats in [OnUnknown::Retry, OnUnknown::Reconcile] {
        assert!(matches!(
            of(repeats),
            NextAction::Again { unknown: true, .. }
        ));
    }
    let rules = CallRules {
        on_unknown: OnUnknown::Fail,
        ..RULES
    };
    let passing = rules.after(repeatable(Repeatable::ServerError));
    assert!(matches!(passing, NextAction::Again { .. }));
}

#[test]
fn without_a_word_in_the_configuration_no_call_does_its_work_twice() {
    for (safety, usual) in [
        (RepeatSafety::Safe, OnUnknown::Retry),
        (RepeatSafety::CanAsk, OnUnknown::Reconcile),
        (RepeatSafety::Unsafe, OnUnknown::Fail),
    ] {
        assert_eq!(OnUnknown::usual(safety), usual);
    }
}

#[test]
fn a_crash_of_the_host_uses_up_no_attempt() {
    let of = |on_unknown| {
        let rules = CallRules {
            on_unknown,
            attempts: 2,
            random: 0,
            ..RULES
        };
        rules.after_crash("server", 9)
    };
    assert!(matches!(
        of(OnUnknown::Retry),
        NextAction::Again {
            attempts: 2,
            unknown: true,
            ..
        }
    ));
    let failed = failed(of(OnUnknown::Fail));
    assert_eq!(failed.attempts, 2);
    assert_eq!(
        failed.reason.as_deref(),
        Some("the server ended while the call was in flight")
    );
}

#[test]
fn a_call_with_which_its_host_ends_again_and_again_is_undeliverable() {
    let failed = failed(RULES.after_crash("server", 10));
    assert_eq!(failed.error, "Rampmeter.Undeliverable");
    assert_eq!(failed.attempts, 0);
    assert_eq!(
        failed.reason.as_deref(),
        Some("the server ended 10 times while the call was in flight")
    );
}

#[test]
fn what_can_never_be_sent_is_an_invalid_message() {
    let outcome = Outcome::Invalid {
        reason: "no".to_owned(),
    };
    assert_eq!(failed(of(outcome, 0)).error, "Rampmeter.InvalidMessage");
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let vendor = (100_u16..600).prop_map(|status| answer(status, json!(null)));
    prop_oneof![
        vendor.clone().prop_map(Outcome::Success),
        vendor.clone().prop_map(|answer| Outcome::Final {
            answer,
            vendor_code: None
        }),
        (vendor, any::<bool>()).prop_map(|(answer, window)| Outcome::Throttled {
            kind: if window {
                Throttle::Window
            } else {
                Throttle::Concurrency
            },
            retry_after: None,
            answer,
            vendor_code: None,
        }),
        prop_oneof![
            Just(Repeatable::ServerError),
            Just(Repeatable::SignInExpired),
            Just(Repeatable::GotReady),
            Just(Repeatable::ConnectFailed("refused".to_owned())),
        ]
        .prop_map(repeatable),
        Just(unknown()),
        Just(Outcome::Unresolved {
            reason: "no".to_owned()
        }),
    ]
}

proptest! {
    /// No call is tried for ever: each attempt of the vendor's counts, and the last one ends it. Only what the vendor did not
    /// do, because too much was asked of it or the call was not sent, comes again without counting.
    #[test]
    fn attempts_are_never_more_than_the_target_allows(outcomes in prop::collection::vec(any_outcome(), 1..40)) {
        let mut attempts = 0;
        for outcome in outcomes {
            let counts = !matches!(
                outcome,
                Outcome::Throttled { .. } | Outcome::Repeatable { reason: Repeatable::GotReady, .. }
            );
            match of(outcome, attempts) {
                NextAction::Again { after, attempts: used, unknown: _ } => {
                    prop_assert_eq!(used, attempts + u32::from(counts));
                    prop_assert!(used < RULES.retry.max_attempts);
                    prop_assert!(after <= RULES.retry.max);
                    attempts = used;
                }
                NextAction::Failed(failed) => {
                    prop_assert!(failed.attempts <= RULES.retry.max_attempts);
                    return Ok(());
                }
                NextAction::Done(_) => return Ok(()),
            }
        }
    }
}

//! What follows from each outcome, and what holds whatever the outcome is.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::on_unknown::RepeatSafety;

/// A target that makes three attempts, a second apart at first.
const RULES: CallRules = CallRules {
    retry: Retry {
        max_attempts: 3,
        initial: Duration::from_secs(1),
        max: Duration::from_secs(8),
        max_throttles: 3,
    },
    on_unknown: OnUnknown::Retry,
    polling: Polling::USUAL,
    attempts: 0,
    refusals: 0,
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
    CallRules { attempts, ..RULES }.after(outcome, Judgement::CALL)
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
        refusals: 0,
        set_back: false,
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
        gateway: None,
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

/// What the gate says of an outcome that closed the target for three seconds.
const CLOSED: Judgement = Judgement {
    whose: Whose::Account,
    is_proven: true,
    was_probe: false,
    closed_for: Some(Duration::from_secs(3)),
};

fn throttled(kind: Throttle, retry_after: Option<u64>) -> Outcome {
    Outcome::Throttled {
        kind,
        retry_after: retry_after.map(Duration::from_secs),
        for_all: false,
        answer: answer(429, json!("")),
        vendor_code: None,
    }
}

fn not_connected() -> Outcome {
    repeatable(Repeatable::ConnectFailed("refused".to_owned()))
}

fn refused(status: u16) -> Outcome {
    Outcome::Final {
        answer: answer(status, json!("")),
        vendor_code: None,
    }
}

#[test]
fn a_throttle_of_the_account_uses_up_no_attempt_and_a_probe_lets_others_go_first() {
    let rules = CallRules {
        attempts: 2,
        ..RULES
    };
    for (kind, refusals, wait) in [(Throttle::Concurrency, 1, 1), (Throttle::Window, 0, 0)] {
        for was_probe in [false, true] {
            let expected = NextAction::Again {
                after: Duration::from_secs(wait),
                attempts: 2,
                refusals,
                set_back: was_probe,
                unknown: false,
            };
            let judgement = Judgement {
                was_probe,
                ..CLOSED
            };
            assert_eq!(rules.after(throttled(kind, Some(7)), judgement), expected);
        }
    }
}

#[test]
fn a_call_that_is_throttled_while_others_succeed_is_set_back_longer_each_time_and_fails_in_the_end()
{
    let mut rules = RULES;
    let mut waits = Vec::new();
    let failed = loop {
        match rules.after(throttled(Throttle::Window, None), Judgement::CALL) {
            NextAction::Again {
                after,
                attempts: 0,
                refusals,
                set_back: true,
                ..
            } => {
                waits.push(after.as_secs());
                rules.refusals = refusals;
            }
            NextAction::Failed(failed) => break failed,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(waits, [1, 2]);
    assert_eq!(failed.error, "Rampmeter.Throttled");
    assert_eq!(failed.answer.map(|answer| answer.status), Some(429));
    assert_eq!(failed.attempts, 0);
}

#[test]
fn a_call_that_is_set_back_waits_as_long_as_the_vendor_asks() {
    let outcome = throttled(Throttle::Concurrency, Some(86_400));
    let next = RULES.after(outcome, Judgement::CALL);
    assert!(
        matches!(next, NextAction::Again { after, .. } if after == Duration::from_secs(86_400)),
        "{next:?}"
    );
}

#[test]
fn a_throttle_that_is_only_likely_to_be_the_calls_own_is_not_counted() {
    let likely = Judgement {
        is_proven: false,
        ..Judgement::CALL
    };
    let rules = CallRules {
        refusals: 2,
        ..RULES
    };
    let next = rules.after(throttled(Throttle::Window, None), likely);
    assert!(
        matches!(
            next,
            NextAction::Again {
                refusals: 2,
                set_back: true,
                ..
            }
        ),
        "{next:?}"
    );
}

#[test]
fn the_throttles_of_the_account_never_fail_a_call() {
    let mut rules = RULES;
    for _ in 0..100 {
        let next = rules.after(throttled(Throttle::Concurrency, None), CLOSED);
        let NextAction::Again { refusals, .. } = next else {
            panic!("{next:?}");
        };
        rules.refusals = refusals;
    }
    assert_eq!(rules.refusals, 1);
}

#[test]
fn a_call_that_cannot_connect_keeps_its_turn_and_its_attempts() {
    let rules = CallRules {
        attempts: 2,
        ..RULES
    };
    assert_eq!(rules.after(not_connected(), CLOSED), again(0, 2));
    let open = Judgement {
        closed_for: None,
        ..CLOSED
    };
    assert_eq!(rules.after(not_connected(), open), again(1, 2));
}

#[test]
fn a_call_refused_for_its_credentials_alone_is_tried_twice_more_and_then_fails() {
    let next = RULES.after(refused(401), Judgement::CALL);
    let NextAction::Again {
        attempts: 0,
        refusals: 1,
        ..
    } = next
    else {
        panic!("{next:?}");
    };
    let rules = CallRules {
        refusals: 2,
        ..RULES
    };
    let failed = failed(rules.after(refused(401), Judgement::CALL));
    assert_eq!(failed.error, "Http.StatusCode.401");
}

#[test]
fn a_revoked_token_fails_no_call() {
    for refusals in [0, 1] {
        let rules = CallRules { refusals, ..RULES };
        let next = rules.after(refused(401), CLOSED);
        let NextAction::Again {
            after,
            attempts: 0,
            refusals: after_that,
            ..
        } = next
        else {
            panic!("{next:?}");
        };
        assert_eq!(after, Duration::ZERO);
        assert_eq!(after_that, refusals);
    }
}

#[test]
fn a_gateway_that_answers_for_a_vendor_that_is_away_uses_up_no_attempt() {
    let lost = || Outcome::Unknown {
        reason: "a gateway".to_owned(),
        gateway: Some(502),
    };
    let next = RULES.after(lost(), CLOSED);
    assert!(
        matches!(
            next,
            NextAction::Again {
                attempts: 0,
                unknown: true,
                ..
            }
        ),
        "{next:?}"
    );
    let never = CallRules {
        on_unknown: OnUnknown::Fail,
        ..RULES
    };
    let failed = failed(never.after(lost(), CLOSED));
    assert_eq!(failed.error, "Rampmeter.OutcomeUnknown");
}

#[test]
fn what_follows_from_a_lost_answer_is_what_the_target_says() {
    let of = |on_unknown, attempts| {
        let rules = CallRules {
            on_unknown,
            attempts,
            ..RULES
        };
        rules.after(unknown(), Judgement::CALL)
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
    for used_up in [OnUnknown::Retry, OnUnknown::Reconcile] {
        let failed = failed(of(used_up, 2));
        assert_eq!(failed.error, "Rampmeter.OutcomeUnknown");
        assert_eq!(failed.attempts, 3);
    }
    let at_once = failed(of(OnUnknown::Fail, 0));
    assert_eq!(at_once.error, "Rampmeter.OutcomeUnknown");
    assert_eq!(at_once.reason.as_deref(), Some("lost"));
}

#[test]
fn a_failure_that_may_have_done_it_is_repeated_only_where_that_does_no_harm_whosever_trouble_it_is()
{
    for judgement in [Judgement::CALL, CLOSED] {
        let of = |on_unknown, reason| {
            let rules = CallRules {
                on_unknown,
                ..RULES
            };
            rules.after(repeatable(reason), judgement)
        };
        let refused = failed(of(OnUnknown::Fail, Repeatable::MaybeDone));
        assert_eq!(refused.error, "Rampmeter.OutcomeUnknown");
        assert_eq!(refused.answer.map(|answer| answer.status), Some(500));
        for repeats in [OnUnknown::Retry, OnUnknown::Reconcile] {
            assert!(matches!(
                of(repeats, Repeatable::MaybeDone),
                NextAction::Again { unknown: true, .. }
            ));
        }
        let passing = of(OnUnknown::Fail, Repeatable::ServerError);
        assert!(matches!(passing, NextAction::Again { unknown: false, .. }));
    }
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
            for_all: false,
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
    /// No call is attempted forever: each attempt counts, and so does each refusal; the last one ends it. Only a call that
    /// was not sent comes back without counting.
    #[test]
    fn attempts_are_never_more_than_the_target_allows(outcomes in prop::collection::vec(any_outcome(), 1..40)) {
        let (mut attempts, mut refusals) = (0, 0);
        for outcome in outcomes {
            let counts = !matches!(
                outcome,
                Outcome::Throttled { .. } | Outcome::Final { .. } | Outcome::Repeatable { reason: Repeatable::GotReady, .. }
            );
            let rules = CallRules { attempts, refusals, ..RULES };
            match rules.after(outcome, Judgement::CALL) {
                NextAction::Again { after, attempts: used, refusals: refused, .. } => {
                    prop_assert_eq!(used, attempts + u32::from(counts));
                    prop_assert!(used < RULES.retry.max_attempts);
                    prop_assert!(refused < RULES.retry.max_throttles);
                    prop_assert!(after <= RULES.retry.max);
                    (attempts, refusals) = (used, refused);
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

#[test]
fn a_lost_fetch_fails_no_call_of_which_nothing_was_sent() {
    let lost = || {
        repeatable(Repeatable::FetchLost {
            reason: "no token in time".to_owned(),
            gateway: None,
        })
    };
    let insert = CallRules {
        on_unknown: OnUnknown::Fail,
        ..RULES
    };
    assert_eq!(insert.after(lost(), Judgement::CALL), again(1, 1));
    let last = CallRules {
        attempts: 2,
        ..insert
    };
    let failed = failed(last.after(lost(), Judgement::CALL));
    assert_eq!(failed.error, "Rampmeter.Unavailable");
    assert_eq!(failed.reason.as_deref(), Some("no token in time"));
}

#[test]
fn a_vendor_that_may_be_at_work_is_asked_again_and_that_uses_up_no_attempt() {
    let perhaps = |seconds| repeatable(Repeatable::PerhapsAtWork(Duration::from_secs(seconds)));
    for (left, after) in [(3, 3), (900, 8)] {
        let next = CallRules {
            attempts: 2,
            on_unknown: OnUnknown::Reconcile,
            ..RULES
        }
        .after(perhaps(left), Judgement::CALL);
        let expected = NextAction::Again {
            after: Duration::from_secs(after),
            attempts: 2,
            refusals: 0,
            set_back: false,
            unknown: true,
        };
        assert_eq!(next, expected);
    }
}

//! Retry and Catch.

use rampmeter_asl::{TimerKind, Waiting};
use serde_json::{Value, json};

use crate::host::{Host, START, callback, single};

fn caught(fields: Value) -> Value {
    let mut definition = single(callback(fields));
    definition["States"]["Caught"] = json!({"Type": "Pass", "End": true});
    definition
}

#[test]
fn a_retry_adds_no_event_and_is_caused_by_the_failure() {
    let state = callback(json!({"Retry": [{"ErrorEquals": ["Oops"], "MaxAttempts": 1}]}));
    let mut host = Host::submitted(&single(state), &json!({}));
    host.fail("Oops", "one").unwrap();
    assert_eq!(host.frame.waiting_for(), Waiting::Retry { event: 6 });
    assert_eq!(host.fire(), TimerKind::Retry);
    host.submit();
    host.fail("Oops", "two").unwrap();
    assert_eq!(
        host.history()[5..],
        [
            "6<5 TaskFailed",
            "7<6 TaskScheduled",
            "8<7 TaskStarted",
            "9<8 TaskSubmitted",
            "10<9 TaskFailed",
            "11<10 ExecutionFailed",
        ]
    );
    assert_eq!(host.failure(), ("Oops", "two"));
}

#[test]
fn pauses_grow_by_the_backoff_rate_up_to_the_longest_delay() {
    let state = callback(json!({"Retry": [{
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 3, "BackoffRate": 1.5, "MaxDelaySeconds": 6, "MaxAttempts": 4,
    }]}));
    let mut host = Host::submitted(&single(state), &json!({}));
    let mut pauses = Vec::new();
    while matches!(host.status, rampmeter_asl::Status::Waiting) {
        host.fail("Oops", "").unwrap();
        if host.timers.is_empty() {
            break;
        }
        pauses.push(host.timers[0].at - host.now);
        host.fire();
        host.submit();
    }
    assert_eq!(pauses, [3_000, 4_500, 6_000, 6_000]);
    assert_eq!(host.failure().0, "Oops");
}

#[test]
fn the_defaults_are_one_second_three_attempts_and_doubling() {
    let state = callback(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]}));
    let mut host = Host::submitted(&single(state), &json!({}));
    for _ in 0..3 {
        host.fail("Oops", "").unwrap();
        host.fire();
        host.submit();
    }
    assert_eq!(host.now - START, 1_000 + 2_000 + 4_000);
    host.fail("Oops", "").unwrap();
    assert_eq!(host.failure().0, "Oops");
}

#[test]
fn full_jitter_takes_any_part_of_the_pause() {
    let state = callback(json!({"Retry": [{
        "ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "JitterStrategy": "FULL",
    }]}));
    let mut host = Host::submitted(&single(state), &json!({}));
    host.random = u64::MAX / 4;
    host.fail("Oops", "").unwrap();
    assert_eq!(host.timers[0].at - host.now, 2_500);
}

#[test]
fn each_retrier_counts_its_own_attempts() {
    let state = callback(json!({"Retry": [
        {"ErrorEquals": ["A"], "MaxAttempts": 1},
        {"ErrorEquals": ["B", "C"], "MaxAttempts": 1},
    ]}));
    let mut host = Host::submitted(&single(state), &json!({}));
    for error in ["A", "B"] {
        host.fail(error, "").unwrap();
        host.fire();
        host.submit();
    }
    assert_eq!(host.tasks.last().unwrap().attempt, 3);
    host.fail("C", "").unwrap();
    assert_eq!(host.failure().0, "C", "the second retrier was used up by B");
}

#[test]
fn a_retrier_of_no_attempts_hides_the_retriers_after_it() {
    let state = callback(json!({"Retry": [
        {"ErrorEquals": ["Never"], "MaxAttempts": 0},
        {"ErrorEquals": ["States.ALL"]},
    ]}));
    let mut host = Host::submitted(&single(state), &json!({}));
    host.fail("Never", "").unwrap();
    assert_eq!(host.failure().0, "Never");
}

#[test]
fn counts_start_anew_when_the_state_is_entered_again() {
    let mut definition = caught(
        json!({"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
                      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}),
    );
    definition["States"]["Caught"] = json!({"Type": "Pass", "Next": "A"});
    let mut host = Host::submitted(&definition, &json!({}));
    for round in 1..=3 {
        host.fail("Oops", "").unwrap();
        assert_eq!(host.fire(), TimerKind::Retry, "round {round}");
        host.submit();
        host.fail("Oops", "").unwrap();
        host.submit();
        assert_eq!(host.tasks.last().unwrap().attempt, 1);
    }
}

#[test]
fn a_catcher_gets_error_and_cause_and_the_state_is_exited() {
    let definition = caught(json!({"Catch": [
        {"ErrorEquals": ["Other"], "Next": "A"},
        {"ErrorEquals": ["Oops"], "Next": "Caught"},
    ]}));
    let mut host = Host::submitted(&definition, &json!({"a": 1}));
    host.fail("Oops", "why").unwrap();
    assert_eq!(
        host.history()[5..],
        [
            "6<5 TaskFailed",
            "7<6 TaskStateExited",
            "8<7 PassStateEntered",
            "9<8 PassStateExited",
            "10<9 ExecutionSucceeded",
        ]
    );
    assert_eq!(host.output(), &json!({"Error": "Oops", "Cause": "why"}));
}

#[test]
fn a_catcher_s_result_path_keeps_the_input() {
    for (result_path, expected) in [
        (
            json!("$.error"),
            json!({"a": 1, "error": {"Error": "Oops", "Cause": "why"}}),
        ),
        (json!(null), json!({"a": 1})),
    ] {
        let definition = caught(json!({"Catch": [
            {"ErrorEquals": ["States.TaskFailed"], "Next": "Caught", "ResultPath": result_path},
        ]}));
        let mut host = Host::submitted(&definition, &json!({"a": 1}));
        host.fail("Oops", "why").unwrap();
        assert_eq!(host.output(), &expected);
    }
}

#[test]
fn a_retry_comes_before_a_catcher() {
    let definition = caught(json!({
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    }));
    let mut host = Host::submitted(&definition, &json!({}));
    host.fail("Oops", "one").unwrap();
    host.fire();
    host.submit();
    host.fail("Oops", "two").unwrap();
    assert_eq!(host.output(), &json!({"Error": "Oops", "Cause": "two"}));
}

#[test]
fn a_runtime_error_is_caught_neither_by_all_nor_by_its_name() {
    for name in ["States.ALL", "States.Runtime", "States.TaskFailed"] {
        let definition = caught(json!({
            "Parameters": {"a.$": "$.missing"},
            "Catch": [{"ErrorEquals": [name], "Next": "Caught"}],
        }));
        let host = Host::started(&definition, &json!({}));
        assert_eq!(host.failure().0, "States.Runtime", "{name}");
        assert_eq!(
            host.history()[1..],
            ["2<0 TaskStateEntered", "3<2 ExecutionFailed"]
        );
    }
}

#[test]
fn the_names_of_the_specification_catch_what_aws_calls_a_runtime_error() {
    for (parameters, name) in [
        (json!({"a.$": "$.missing"}), "States.ParameterPathFailure"),
        (
            json!({"a.$": "States.StringToJson('x')"}),
            "States.IntrinsicFailure",
        ),
    ] {
        let definition = caught(json!({
            "Parameters": parameters,
            "Catch": [{"ErrorEquals": [name], "Next": "Caught"}],
        }));
        let host = Host::started(&definition, &json!({}));
        assert_eq!(host.output()["Error"], json!(name));
    }
}

#[test]
fn a_result_that_does_not_fit_its_place_can_be_caught_by_name() {
    let definition = caught(json!({
        "ResultPath": "$.a.b",
        "Catch": [{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "Caught"}],
    }));
    let mut host = Host::submitted(&definition, &json!({"a": "text"}));
    host.succeed(json!(1)).unwrap();
    assert_eq!(
        host.history()[5..7],
        ["6<5 TaskSucceeded", "7<6 TaskStateExited"]
    );
    assert_eq!(
        host.output()["Error"],
        json!("States.ResultPathMatchFailure")
    );
}

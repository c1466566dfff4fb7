//! Pass, Choice, Succeed, Fail; what this host does not run; the budget of an advance.

use rampmeter_asl::{Status, Stimulus, Unmoved, Waiting};
use serde_json::{Value, json};

use crate::host::{Host, callback, pass, single};

#[test]
fn a_machine_that_only_passes_ends_in_one_advance() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Succeed"},
    }});
    let host = Host::started(&definition, &json!([1]));
    assert_eq!(
        host.history(),
        [
            "1<0 ExecutionStarted",
            "2<0 PassStateEntered",
            "3<2 PassStateExited",
            "4<3 SucceedStateEntered",
            "5<4 SucceedStateExited",
            "6<5 ExecutionSucceeded",
        ]
    );
    assert_eq!(host.output(), &json!([1]));
}

#[test]
fn a_fail_state_names_its_error_and_cause() {
    let fail = |fields: Value| {
        let mut state = json!({"Type": "Fail"});
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        Host::started(
            &single(state),
            &json!({"e": "Custom", "c": "because", "n": 1}),
        )
    };
    let host = fail(json!({"Error": "Custom", "Cause": "because"}));
    assert_eq!(
        host.history()[1..],
        ["2<0 FailStateEntered", "3<2 ExecutionFailed"]
    );
    assert_eq!(host.failure(), ("Custom", "because"));
    let host = fail(json!({"ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}));
    assert_eq!(host.failure(), ("Custom", "because!"));
    let host = fail(json!({}));
    assert_eq!(
        host.events[2].to_history_event(true)["executionFailedEventDetails"],
        json!({})
    );
    let host = fail(json!({"ErrorPath": "$.x"}));
    assert_eq!(
        host.failure(),
        (
            "States.Runtime",
            "An error occurred while executing the state 'A' (entered at the event id #2). The \
             JSONPath '$.x' specified for the field 'ErrorPath' could not be found in the input \
             '{\"e\":\"Custom\",\"c\":\"because\",\"n\":1}'"
        )
    );
    assert_eq!(
        fail(json!({"ErrorPath": "$.n"})).failure().0,
        "States.Runtime"
    );
}

/// Whether a rule chooses its target for an input.
fn chooses(rule: &Value, input: &Value) -> bool {
    let mut rule = rule.clone();
    rule["Next"] = json!("Yes");
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": [rule], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": true, "End": true},
        "No": {"Type": "Pass", "Result": false, "End": true},
    }});
    let host = Host::started(&definition, input);
    assert_eq!(
        host.history()[1..3],
        ["2<0 ChoiceStateEntered", "3<2 ChoiceStateExited"]
    );
    host.output() == &json!(true)
}

#[test]
fn every_operator_decides_as_its_name_says() {
    for (operator, operand, variable, expected) in [
        ("StringEquals", json!("a"), json!("a"), true),
        ("StringEquals", json!("1"), json!(1), false),
        ("StringLessThan", json!("b"), json!("a"), true),
        ("StringLessThan", json!("a"), json!("a"), false),
        ("StringGreaterThan", json!("a"), json!("b"), true),
        ("StringLessThanEquals", json!("a"), json!("a"), true),
        ("StringGreaterThanEquals", json!("b"), json!("a"), false),
        ("StringMatches", json!("so-*"), json!("so-1"), true),
        ("StringMatches", json!("so-*"), json!(1), false),
        ("NumericEquals", json!(1), json!(1.0), true),
        ("NumericEquals", json!(1), json!("1"), false),
        ("NumericLessThan", json!(2), json!(1.5), true),
        ("NumericGreaterThan", json!(1), json!(1.5), true),
        ("NumericLessThanEquals", json!(1), json!(1), true),
        ("NumericGreaterThanEquals", json!(2), json!(1), false),
        ("BooleanEquals", json!(true), json!(true), true),
        ("BooleanEquals", json!(false), json!(null), false),
        (
            "TimestampEquals",
            json!("2020-01-01T00:00:00Z"),
            json!("2020-01-01T01:00:00+01:00"),
            true,
        ),
        (
            "TimestampLessThan",
            json!("2020-01-01T00:00:00Z"),
            json!("2019-12-31T23:59:59Z"),
            true,
        ),
        (
            "TimestampGreaterThan",
            json!("2020-01-01T00:00:00Z"),
            json!("no time"),
            false,
        ),
        (
            "TimestampLessThanEquals",
            json!("2020-01-01T00:00:00Z"),
            json!("2020-01-01T00:00:00Z"),
            true,
        ),
        (
            "TimestampGreaterThanEquals",
            json!("2020-01-01T00:00:00Z"),
            json!(""),
            false,
        ),
        ("IsNull", json!(true), json!(null), true),
        ("IsNull", json!(false), json!(1), true),
        ("IsPresent", json!(true), json!(null), true),
        ("IsPresent", json!(false), json!(null), false),
        ("IsNumeric", json!(true), json!(1.5), true),
        ("IsNumeric", json!(false), json!("1"), true),
        ("IsString", json!(true), json!("1"), true),
        ("IsBoolean", json!(true), json!(0), false),
        (
            "IsTimestamp",
            json!(true),
            json!("2020-01-01T00:00:00Z"),
            true,
        ),
        ("IsTimestamp", json!(true), json!("2020-01-01"), false),
    ] {
        let mut rule = json!({"Variable": "$.v"});
        rule[operator] = operand.clone();
        assert_eq!(
            chooses(&rule, &json!({"v": variable})),
            expected,
            "{rule} on {variable}"
        );
        if !operator.starts_with("Is") && operator != "StringMatches" {
            let mut rule = json!({"Variable": "$.v"});
            rule[format!("{operator}Path")] = json!("$.o");
            let input = json!({"v": variable, "o": operand});
            assert_eq!(chooses(&rule, &input), expected, "{rule} on {input}");
        }
    }
}

#[test]
fn an_operand_of_another_type_does_not_match() {
    let rule = json!({"Variable": "$.v", "NumericEqualsPath": "$.o"});
    assert!(!chooses(&rule, &json!({"v": 1, "o": "1"})));
    let rule = json!({"Variable": "$.v", "BooleanEqualsPath": "$.o"});
    assert!(!chooses(&rule, &json!({"v": null, "o": null})));
}

#[test]
fn conditions_combine() {
    let positive = json!({"Variable": "$.n", "NumericGreaterThan": 0});
    let small = json!({"Variable": "$.n", "NumericLessThan": 10});
    let both = json!({"And": [positive, small]});
    let either = json!({"Or": [{"Not": positive}, {"Not": small}]});
    for (n, inside) in [(-1, false), (5, true), (10, false)] {
        assert_eq!(chooses(&both, &json!({"n": n})), inside);
        assert_eq!(chooses(&either, &json!({"n": n})), !inside);
    }
}

#[test]
fn is_present_is_the_only_test_that_may_miss_its_variable() {
    assert!(chooses(
        &json!({"Variable": "$.x.y", "IsPresent": false}),
        &json!({})
    ));
    let definition = json!({"StartAt": "A", "States": {"A": {
        "Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "B"}],
    }, "B": {"Type": "Succeed"}}});
    let host = Host::started(&definition, &json!({}));
    assert_eq!(host.failure().0, "States.Runtime");
    assert!(host.failure().1.contains("Invalid path '$.x'"));
}

#[test]
fn the_first_rule_that_holds_is_taken_and_none_without_default_is_an_error() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": [
            {"Variable": "$.n", "NumericGreaterThan": 10, "Next": "Large"},
            {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Middle"},
        ]},
        "Large": {"Type": "Pass", "Result": "large", "End": true},
        "Middle": {"Type": "Pass", "Result": "middle", "End": true},
    }});
    assert_eq!(
        Host::started(&definition, &json!({"n": 11})).output(),
        &json!("large")
    );
    assert_eq!(
        Host::started(&definition, &json!({"n": 7})).output(),
        &json!("middle")
    );
    let host = Host::started(&definition, &json!({"n": 1}));
    assert_eq!(
        host.history()[1..],
        ["2<0 ChoiceStateEntered", "3<2 ExecutionFailed"]
    );
    assert!(host.failure().1.ends_with(
        "Failed to transition out of the state. The state does not point to a next state."
    ));
}

#[test]
fn a_state_that_is_not_served_fails_where_it_stands_and_says_what_is() {
    let resource = "arn:aws:states:::dynamodb:putItem";
    let host = Host::started(
        &single(json!({"Type": "Task", "Resource": resource})),
        &json!({}),
    );
    assert_eq!(
        host.history()[1..],
        ["2<0 TaskStateEntered", "3<2 ExecutionFailed"]
    );
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.contains(resource) && cause.contains("sqs:sendMessage"),
        "{cause}"
    );
}

#[test]
fn an_advance_yields_when_its_budget_is_used_up_and_goes_on_where_it_was() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Pass", "End": true},
    }});
    let whole = Host::started(&definition, &json!({"a": 1}));

    let mut host = Host::new(&definition, &json!({"a": 1}));
    host.transitions = 1;
    host.send(Stimulus::Start {
        input: rampmeter_asl::Payload::from_value(json!({"a": 1})),
    })
    .unwrap();
    for next in ["B", "C"] {
        assert_eq!(host.status, Status::Yielded);
        assert_eq!(host.frame.waiting_for(), Waiting::Continue);
        assert_eq!(host.frame.state(), next);
        host.send(Stimulus::Continue).unwrap();
    }
    assert_eq!(host.events, whole.events);
    assert_eq!(host.send(Stimulus::Continue), Err(Unmoved::Stale));
}

#[test]
fn without_a_budget_no_state_is_entered() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({}));
    host.transitions = 0;
    host.succeed(json!(1)).unwrap();
    assert_eq!(host.output(), &json!(1), "to leave a state costs nothing");

    let mut host = Host::new(&single(json!({"Type": "Pass"})), &json!({}));
    host.transitions = 0;
    let input = rampmeter_asl::Payload::from_value(json!({}));
    host.send(Stimulus::Start { input }).unwrap();
    assert_eq!(host.history(), ["1<0 ExecutionStarted"]);
    assert_eq!(host.status, Status::Yielded);
}

#[test]
fn an_endless_loop_yields_and_can_be_stopped() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Default": "A", "Choices": [
            {"Variable": "$.never", "IsPresent": true, "Next": "C"},
        ]},
        "C": {"Type": "Succeed"},
    }});
    let mut host = Host::started(&definition, &json!({}));
    assert_eq!(host.events.len(), 1 + 2 * 64);
    host.send(Stimulus::Continue).unwrap();
    assert_eq!(host.events.len(), 1 + 2 * 128);
    host.send(Stimulus::Stop {
        error: None,
        cause: None,
    })
    .unwrap();
    assert_eq!(host.send(Stimulus::Continue), Err(Unmoved::Stale));
}

#[test]
fn a_task_after_a_task_is_reached_in_one_advance() {
    let mut first = callback(json!({"ResultPath": "$.one"}));
    first["Next"] = json!("B");
    let mut second = callback(json!({"ResultPath": "$.two"}));
    second["End"] = json!(true);
    let definition = json!({"StartAt": "A", "States": {"A": first, "B": second}});
    let mut host = Host::submitted(&definition, &json!({}));
    let advance = host.succeed(json!(1)).unwrap();
    assert_eq!(advance.events.len(), 5);
    host.submit();
    host.succeed(json!(2)).unwrap();
    assert_eq!(host.output(), &json!({"one": 1, "two": 2}));
}

#[test]
fn a_payload_that_passes_unchanged_is_shared() {
    let host = pass(json!({}), &json!({"a": 1}));
    let mut payloads = Vec::new();
    for event in host.events {
        event
            .try_map(&mut |payload: rampmeter_asl::Payload| {
                payloads.push(payload);
                Ok::<_, std::convert::Infallible>(())
            })
            .unwrap();
    }
    assert_eq!(payloads.len(), 4);
    assert!(payloads.iter().all(|payload| payload.ptr_eq(&payloads[0])));
}

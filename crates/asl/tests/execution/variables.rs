//! Variables: what Assign sees, when its values are seen, scopes and limits.

use rampmeter_asl::{Detail, Event};
use serde_json::{Value, json};

use crate::host::{Host, callback, single};

fn assigned(event: &Event) -> Value {
    event.to_history_event(true)["stateExitedEventDetails"]["assignedVariables"].clone()
}

fn two(first: Value, second: Value) -> Value {
    let (mut first, mut second) = (first, second);
    if first["Type"] != "Choice" {
        first["Next"] = json!("B");
    }
    if second["Type"] != "Fail" {
        second["End"] = json!(true);
    }
    json!({ "StartAt": "A", "States": { "A": first, "B": second } })
}

#[test]
fn assign_sees_the_result_and_the_values_from_before_the_state() {
    let definition = two(
        json!({ "Type": "Pass", "Result": { "n": 1 }, "ResultPath": "$.r",
                "Assign": { "a.$": "$.n", "b": "$.n", "c": [{ "d.$": "$$.State.Name" }] } }),
        json!({ "Type": "Pass", "Assign": { "a.$": "$b", "b.$": "$a" },
                "Parameters": { "a.$": "$a", "c.$": "$c[0].d", "f.$": "States.Format('{}', $b)" } }),
    );
    let host = Host::started(&definition, &json!({ "in": 0 }));
    assert_eq!(*host.output(), json!({ "a": 1, "c": "A", "f": "$.n" }));
    assert_eq!(
        assigned(&host.events[2]),
        json!({ "a": "1", "b": "\"$.n\"", "c": "[{\"d\":\"A\"}]" })
    );
    assert_eq!(
        assigned(&host.events[4]),
        json!({ "a": "\"$.n\"", "b": "1" })
    );
    let without = host.events[2].to_history_event(false);
    assert!(
        without["stateExitedEventDetails"]
            .get("assignedVariables")
            .is_none()
    );
}

#[test]
fn a_state_that_assigns_nothing_shows_no_variables() {
    let host = Host::started(&single(json!({ "Type": "Pass", "Assign": {} })), &json!({}));
    assert_eq!(assigned(&host.events[2]), Value::Null);
}

#[test]
fn a_task_assigns_from_its_whole_result() {
    let definition = two(
        callback(json!({ "ResultSelector": { "y.$": "$.y" }, "Assign": { "x.$": "$.x" } })),
        json!({ "Type": "Pass", "Parameters": { "x.$": "$x", "y.$": "$.y" } }),
    );
    let mut host = Host::submitted(&definition, &json!({}));
    host.succeed(json!({ "x": 1, "y": 2 })).unwrap();
    assert_eq!(*host.output(), json!({ "x": 1, "y": 2 }));
}

#[test]
fn the_rule_that_matches_assigns_in_place_of_its_state() {
    let choice = json!({
        "Type": "Choice",
        "Choices": [{ "Variable": "$.n", "NumericEquals": 1, "Assign": { "v": "rule" }, "Next": "B" }],
        "Assign": { "v": "state" },
        "Default": "B",
    });
    let read = json!({ "Type": "Pass", "Parameters": { "v.$": "$v" } });
    for (n, v) in [(1, "rule"), (2, "state")] {
        let host = Host::started(&two(choice.clone(), read.clone()), &json!({ "n": n }));
        assert_eq!(*host.output(), json!({ "v": v }));
    }
}

#[test]
fn a_catcher_assigns_from_the_error_and_its_state_does_not() {
    let mut definition = single(callback(json!({
        "Assign": { "state": 1 },
        "Catch": [{ "ErrorEquals": ["E"], "Assign": { "e.$": "$.Error" }, "Next": "Z" }],
    })));
    definition["States"]["Z"] =
        json!({ "Type": "Fail", "ErrorPath": "$e", "CausePath": "States.Format('{}!', $e)" });
    let mut host = Host::submitted(&definition, &json!({}));
    host.fail("E", "why").unwrap();
    assert_eq!(host.failure(), ("E", "E!"));
    let Detail::StateExited { assigned, .. } = &host.events[6].detail else {
        panic!("the task was left: {:?}", host.events[6])
    };
    assert_eq!(assigned.keys().collect::<Vec<_>>(), ["e"]);
}

#[test]
fn a_branch_reads_outer_variables_and_its_own_end_with_it() {
    let branch = |name: &str| {
        json!({ "StartAt": name, "States": { name: {
            "Type": "Pass", "Assign": { "inner.$": "$outer.x" }, "Next": format!("{name}2"),
        }, format!("{name}2"): {
            "Type": "Pass", "Parameters": { "sum.$": "States.MathAdd($inner, $outer.x)" }, "End": true,
        }}})
    };
    let mut definition = two(
        json!({ "Type": "Pass", "Assign": { "outer": { "x": 2 } } }),
        json!({ "Type": "Parallel", "Branches": [branch("C"), branch("D")] }),
    );
    let host = Host::started(&definition, &json!({}));
    assert_eq!(*host.output(), json!([{ "sum": 4 }, { "sum": 4 }]));

    definition["States"]["B"]["Next"] = json!("E");
    definition["States"]["B"]
        .as_object_mut()
        .unwrap()
        .remove("End");
    definition["States"]["E"] = json!({ "Type": "Pass", "OutputPath": "$inner", "End": true });
    assert_eq!(
        Host::started(&definition, &json!({})).failure().0,
        "States.Runtime"
    );
}

#[test]
fn a_branch_cannot_assign_an_outer_variable() {
    let branch = json!({ "StartAt": "C", "States": { "C": {
        "Type": "Pass", "Assign": { "x": 2 }, "End": true } } });
    let definition = two(
        json!({ "Type": "Pass", "Assign": { "x": 1 } }),
        json!({ "Type": "Parallel", "Branches": [branch] }),
    );
    let host = Host::started(&definition, &json!({}));
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("'x' belongs to an outer scope"), "{cause}");
}

#[test]
fn a_variable_that_was_never_assigned_fails_the_state() {
    let state = json!({ "Type": "Pass", "Parameters": { "a.$": "$nothing" } });
    let host = Host::started(&single(state), &json!({}));
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("$nothing"), "{cause}");
}

#[test]
fn a_state_assigns_at_most_256_kib() {
    let state = json!({ "Type": "Pass", "Assign": { "a.$": "$.x", "b.$": "$.x" } });
    let half = |length: usize| json!({ "x": "x".repeat(length) });
    let host = Host::started(&single(state.clone()), &half(131_070));
    assert_eq!(host.output()["x"].as_str().unwrap().len(), 131_070);
    let host = Host::started(&single(state), &half(131_071));
    assert_eq!(host.failure().0, "States.DataLimitExceeded");
}

#[test]
fn all_variables_together_have_at_most_10_mib() {
    let states: serde_json::Map<_, _> = (0..44)
        .map(|number| {
            let mut state = json!({ "Type": "Pass", "Assign": { format!("v{number}.$"): "$" } });
            match number {
                43 => state["End"] = json!(true),
                _ => state["Next"] = json!((number + 1).to_string()),
            }
            (number.to_string(), state)
        })
        .collect();
    let definition = json!({ "StartAt": "0", "States": states });
    let input = json!("x".repeat(250_000));
    let host = Host::started(&definition, &input);
    assert_eq!(host.failure().0, "States.DataLimitExceeded");
    assert_eq!(host.frame.state(), "41");
}

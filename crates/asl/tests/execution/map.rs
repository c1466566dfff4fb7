//! Map states: items, iterations in AWS's order of events, and what a failure does.

use rampmeter_asl::Stimulus;
use serde_json::{Value, json};

use crate::host::{Host, callback, single};

fn map(item: Value, fields: Value) -> Value {
    let mut item = item;
    if item["Type"] != "Fail" {
        item["End"] = json!(true);
    }
    let mut state = json!({
        "Type": "Map",
        "ItemProcessor": { "StartAt": "I", "States": { "I": item } },
    });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    single(state)
}

#[test]
fn iterations_run_one_after_the_other_with_the_causes_that_aws_gives_them() {
    let definition = map(json!({ "Type": "Pass" }), json!({ "MaxConcurrency": 1 }));
    let host = Host::started(&definition, &json!([1, 2]));
    assert_eq!(*host.output(), json!([1, 2]));
    assert_eq!(
        host.history(),
        [
            "1<0 ExecutionStarted",
            "2<0 MapStateEntered",
            "3<2 MapStateStarted",
            "4<3 MapIterationStarted",
            "5<4 PassStateEntered",
            "6<5 PassStateExited",
            "7<6 MapIterationSucceeded",
            "8<6 MapIterationStarted",
            "9<8 PassStateEntered",
            "10<9 PassStateExited",
            "11<10 MapIterationSucceeded",
            "12<11 MapStateSucceeded",
            "13<11 MapStateExited",
            "14<13 ExecutionSucceeded",
        ]
    );
    assert_eq!(
        host.events[2].to_history_event(true)["mapStateStartedEventDetails"],
        json!({ "length": 2 })
    );
    assert_eq!(
        host.events[7].to_history_event(true)["mapIterationStartedEventDetails"],
        json!({ "name": "A", "index": 1 })
    );
}

#[test]
fn an_item_selector_sees_the_input_the_item_and_the_number_of_the_item() {
    for name in ["ItemSelector", "Parameters"] {
        let selector = json!({ "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value.n",
                               "x.$": "$.x", "s.$": "$$.State.Name" });
        let item = json!({ "Type": "Pass", "Parameters": {
            "all.$": "$", "i.$": "$$.Map.Item.Index", "context.$": "$$.Map" } });
        let fields = json!({ "ItemsPath": "$.items", name: selector, "ResultPath": "$.out",
                             "OutputPath": "$.out" });
        let input = json!({ "x": 7, "items": [{ "n": 1 }, { "n": 2 }] });
        let host = Host::started(&map(item, fields), &input);
        let expected = |i: u32, n: u32| {
            json!({ "all": { "i": i, "v": n, "x": 7, "s": "A" }, "i": i,
                    "context": { "Item": { "Index": i, "Value": { "n": n } } } })
        };
        assert_eq!(*host.output(), json!([expected(0, 1), expected(1, 2)]));
    }
}

#[test]
fn the_old_form_with_an_iterator_is_the_same() {
    let mut definition = map(json!({ "Type": "Pass" }), json!({}));
    let state = definition["States"]["A"].as_object_mut().unwrap();
    let processor = state.remove("ItemProcessor").unwrap();
    state.insert("Iterator".to_owned(), processor);
    assert_eq!(
        *Host::started(&definition, &json!([1])).output(),
        json!([1])
    );
}

#[test]
fn a_map_of_nothing_succeeds_with_nothing() {
    let host = Host::started(&map(json!({ "Type": "Pass" }), json!({})), &json!([]));
    assert_eq!(*host.output(), json!([]));
    assert_eq!(
        host.history()[2..5],
        [
            "3<2 MapStateStarted",
            "4<3 MapStateSucceeded",
            "5<3 MapStateExited"
        ]
    );
}

#[test]
fn no_more_iterations_run_at_once_than_may() {
    for (fields, running) in [
        (json!({ "MaxConcurrency": 3 }), 3),
        (json!({ "MaxConcurrency": 0 }), 40),
        (json!({}), 40),
        (json!({ "MaxConcurrency": 1000 }), 40),
    ] {
        let input: Vec<u32> = (0..50).collect();
        let mut host = Host::started(&map(callback(json!({})), fields), &json!(input));
        assert_eq!(host.tasks.len(), running);
        for done in 0..50 {
            let event = host.tasks[done].event;
            let output = json!(done).into();
            host.send(Stimulus::TaskSucceeded { event, output })
                .unwrap();
            assert_eq!(host.tasks.len(), 50.min(running + done + 1));
        }
        assert_eq!(*host.output(), json!(input));
    }
}

#[test]
fn the_first_iteration_that_fails_ends_the_state_and_gives_up_the_others() {
    let choose = json!({ "StartAt": "C", "States": {
        "C": { "Type": "Choice", "Default": "T",
               "Choices": [{ "Variable": "$", "NumericEquals": 2, "Next": "F" }] },
        "T": callback(json!({ "End": true })),
        "F": { "Type": "Fail", "Error": "E", "Cause": "two" },
    }});
    let definition = single(json!({ "Type": "Map", "ItemProcessor": choose }));
    let host = Host::started(&definition, &json!([1, 2]));
    assert_eq!(host.failure(), ("E", "two"));
    assert_eq!(
        host.history()[8..],
        [
            "9<8 TaskStarted",
            "10<3 MapIterationStarted",
            "11<10 ChoiceStateEntered",
            "12<11 ChoiceStateExited",
            "13<12 FailStateEntered",
            "14<13 MapIterationFailed",
            "15<9 TaskStateAborted",
            "16<15 MapIterationAborted",
            "17<13 MapStateFailed",
            "18<17 ExecutionFailed",
        ]
    );
}

#[test]
fn a_retry_begins_all_iterations_anew_and_then_the_catcher_takes_over() {
    let fields = json!({
        "MaxConcurrency": 1,
        "Retry": [{ "ErrorEquals": ["E"], "MaxAttempts": 1 }],
        "Catch": [{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Z" }],
        "InputPath": "$.items",
    });
    let fail = json!({ "Type": "Fail", "Error": "E", "Cause": "c" });
    let mut definition = map(fail, fields);
    definition["States"]["Z"] = json!({ "Type": "Succeed" });
    let mut host = Host::started(&definition, &json!({ "items": [1] }));
    host.fire();
    assert_eq!(
        *host.output(),
        json!({ "items": [1], "e": { "Error": "E", "Cause": "c" } })
    );
    assert_eq!(
        host.history()[2..13],
        [
            "3<2 MapStateStarted",
            "4<3 MapIterationStarted",
            "5<4 FailStateEntered",
            "6<5 MapIterationFailed",
            "7<5 MapStateStarted",
            "8<7 MapIterationStarted",
            "9<8 FailStateEntered",
            "10<9 MapIterationFailed",
            "11<9 MapStateFailed",
            "12<11 MapStateExited",
            "13<12 SucceedStateEntered",
        ]
    );
}

#[test]
fn a_failure_that_no_retrier_may_see_is_hidden_from_the_state_around_it_too() {
    let fields = json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Z" }] });
    let mut definition = map(json!({ "Type": "Pass", "InputPath": "$.no" }), fields);
    definition["States"]["Z"] = json!({ "Type": "Succeed" });
    let host = Host::started(&definition, &json!([{}]));
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.contains("the state 'I' (entered at the event id #5)"),
        "{cause}"
    );
}

#[test]
fn a_failing_item_selector_fails_its_iteration_in_the_name_of_the_state() {
    let fields = json!({ "ItemSelector": { "a.$": "$$.Map.Item.Value.no" } });
    let host = Host::started(&map(json!({ "Type": "Pass" }), fields), &json!([{}]));
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.contains("the state 'A' (entered at the event id #2)"),
        "{cause}"
    );
    assert_eq!(
        host.history()[3..5],
        ["4<3 MapIterationStarted", "5<4 MapIterationFailed"]
    );
}

#[test]
fn amounts_that_paths_point_to_are_read_and_refused_as_aws_does() {
    for (field, value, reason) in [
        (
            "MaxConcurrency",
            json!({}),
            "The MaxConcurrencyPath field refers to value \"{}\" which is not a valid integer: $.n",
        ),
        (
            "MaxConcurrency",
            json!("NoNumber"),
            "The MaxConcurrencyPath field refers to value \"NoNumber\" which is not a valid integer: $.n",
        ),
        (
            "MaxConcurrency",
            json!(-1),
            "MaxConcurrency cannot be negative.",
        ),
        (
            "ToleratedFailureCount",
            json!(-1),
            "ToleratedFailureCount cannot be negative.",
        ),
        (
            "ToleratedFailureCount",
            json!(1.5),
            "The ToleratedFailureCountPath field refers to value \"1.5\" which is not a valid integer: $.n",
        ),
        (
            "ToleratedFailurePercentage",
            json!(100.1),
            "ToleratedFailurePercentage must be between 0 and 100.",
        ),
        (
            "ToleratedFailurePercentage",
            json!([]),
            "The ToleratedFailurePercentagePath field refers to value \"[]\" which is not a valid float: $.n",
        ),
        ("ToleratedFailurePercentage", json!(50), ""),
        ("ToleratedFailureCount", json!("1"), ""),
        ("MaxConcurrency", json!("1"), ""),
    ] {
        let fields = json!({ "ItemsPath": "$.items", format!("{field}Path"): "$.n" });
        let definition = map(json!({ "Type": "Pass" }), fields);
        let host = Host::started(&definition, &json!({ "items": [0], "n": value }));
        if reason.is_empty() {
            assert_eq!(*host.output(), json!([0]));
            continue;
        }
        assert_eq!(host.failure().0, "States.Runtime");
        assert!(host.failure().1.ends_with(reason), "{:?}", host.failure());
        let has_started = host
            .history()
            .iter()
            .any(|line| line.ends_with("MapStateStarted"));
        assert_eq!(has_started, field != "MaxConcurrency");
    }
}

#[test]
fn items_that_are_no_array_fail_the_state() {
    let definition = map(json!({ "Type": "Pass" }), json!({ "ItemsPath": "$.x" }));
    let host = Host::started(&definition, &json!({ "x": 1 }));
    assert!(
        host.failure()
            .1
            .ends_with("Reference path \"$.x\" must point to array.")
    );
}

#[test]
fn maps_nest_and_branches_inside_them_know_the_item() {
    let branch = json!({ "StartAt": "P", "States": { "P": {
        "Type": "Pass", "Parameters": { "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value" },
        "End": true,
    }}});
    let inner = json!({ "Type": "Map", "ItemProcessor": { "StartAt": "Q", "States": {
        "Q": { "Type": "Parallel", "Branches": [branch], "End": true } } } });
    let host = Host::started(&map(inner, json!({})), &json!([["a", "b"], ["c"]]));
    let at = |i: u32, v: &str| json!([{ "i": i, "v": v }]);
    assert_eq!(
        *host.output(),
        json!([[at(0, "a"), at(1, "b")], [at(0, "c")]])
    );
}

#[test]
fn results_over_the_data_limit_fail_the_state_before_they_are_put_together() {
    let fields = json!({ "ItemSelector": { "x": "x".repeat(60_000) } });
    let host = Host::started(
        &map(json!({ "Type": "Pass" }), fields),
        &json!([1, 2, 3, 4, 5]),
    );
    assert_eq!(host.failure().0, "States.DataLimitExceeded");
}

#[test]
fn a_full_history_ends_the_execution_whatever_may_be_caught() {
    let fields = json!({
        "Retry": [{ "ErrorEquals": ["States.ALL"] }],
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Z" }],
    });
    let mut definition = map(json!({ "Type": "Pass" }), fields);
    definition["States"]["Z"] = json!({ "Type": "Succeed" });
    let input: Vec<u32> = (0..7_000).collect();
    let host = Host::started(&definition, &json!(input));
    assert_eq!(host.failure().0, "States.Runtime");
    assert_eq!(host.events.len(), 25_000);
    assert_eq!(host.events[24_999].type_name(), "ExecutionFailed");
}

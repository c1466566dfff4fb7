//! Distributed Map states: child executions, batches, tolerated failures and the events around them.

use rampmeter_asl::StateMachine;
use serde_json::{Value, json};

use crate::host::{Host, single};

fn distributed(item: Value, fields: Value) -> Value {
    let mut item = item;
    let states = if item["Type"] == "Choice" {
        json!({ "I": item, "F": { "Type": "Fail", "Error": "E" }, "S": { "Type": "Succeed" } })
    } else {
        item["End"] = json!(true);
        json!({ "I": item })
    };
    let mut state = json!({
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "I",
            "States": states,
        },
    });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    single(state)
}

/// Fails for items over 10.
fn picky(fields: Value) -> Value {
    let choice = json!({ "Type": "Choice", "Default": "S",
        "Choices": [{ "Variable": "$", "NumericGreaterThan": 10, "Next": "F" }] });
    distributed(choice, fields)
}

#[test]
fn a_map_run_has_events_of_its_own_and_its_children_have_none_here() {
    let definition = distributed(json!({ "Type": "Pass" }), json!({ "Label": "all" }));
    let host = Host::started(&definition, &json!([1, 2]));
    assert_eq!(*host.output(), json!([1, 2]));
    assert_eq!(
        host.history()[1..],
        [
            "2<0 MapStateEntered",
            "3<2 MapStateStarted",
            "4<3 MapRunStarted",
            "5<4 MapRunSucceeded",
            "6<5 MapStateSucceeded",
            "7<5 MapStateExited",
            "8<7 ExecutionSucceeded",
        ]
    );
    let (run, _) = &host.map_runs[0];
    assert!(
        run.arn
            .starts_with("arn:aws:states:eu-west-1:000000000000:mapRun:orders/all:"),
        "{}",
        run.arn
    );
    assert_eq!((run.label.as_str(), run.state.as_str()), ("all", "A"));
    assert_eq!((run.fork.total, run.fork.concurrency), (2, 10_000));
    assert!(!run.is_express);
}

#[test]
fn child_executions_get_the_selected_items() {
    let fields = json!({
        "ItemsPath": "$.items",
        "ItemSelector": { "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "x.$": "$.x" },
    });
    let input = json!({ "x": 1, "items": ["a", "b"] });
    let host = Host::started(&distributed(json!({ "Type": "Pass" }), fields), &input);
    assert_eq!(
        *host.output(),
        json!([{ "i": 0, "v": "a", "x": 1 }, { "i": 1, "v": "b", "x": 1 }])
    );
}

#[test]
fn the_members_of_an_object_are_mapped_with_their_keys() {
    let selector = json!({ "k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value" });
    let fields = json!({ "ItemsPath": "$.prices", "ItemSelector": selector });
    let input = json!({ "prices": { "tea": 3, "coffee": 4 } });
    let host = Host::started(&distributed(json!({ "Type": "Pass" }), fields), &input);
    let pairs = json!([{ "k": "tea", "v": 3 }, { "k": "coffee", "v": 4 }]);
    assert_eq!(*host.output(), pairs);
    assert_eq!(host.map_runs[0].0.fork.total, 2);

    let with = |items: Value| {
        let fields = json!({ "QueryLanguage": "JSONata", "Items": items, "ItemSelector": {
            "k": "{% $states.context.Map.Item.Key %}",
            "v": "{% $states.context.Map.Item.Value %}",
        } });
        distributed(json!({ "Type": "Pass" }), fields)
    };
    for items in [
        json!({ "tea": 3, "coffee": "{% 2 * 2 %}" }),
        json!("{% $states.input.prices %}"),
    ] {
        let host = Host::started(&with(items), &input);
        assert_eq!(*host.output(), pairs);
    }
}

#[test]
fn batches_hold_the_values_of_an_object() {
    let fields = json!({ "ItemBatcher": { "MaxItemsPerBatch": 2 } });
    let input = json!({ "a": 1, "b": 2, "c": 3 });
    let host = Host::started(&distributed(json!({ "Type": "Pass" }), fields), &input);
    assert_eq!(
        *host.output(),
        json!([{ "Items": [1, 2] }, { "Items": [3] }])
    );
    assert_eq!(host.map_runs[0].0.items, 3);
}

#[test]
fn batches_hold_selected_items_and_their_common_input() {
    let fields = json!({
        "ItemsPath": "$.items",
        "ItemSelector": { "v.$": "$$.Map.Item.Value" },
        "ItemBatcher": { "MaxItemsPerBatch": 2, "BatchInput": { "x.$": "$.x" } },
    });
    let input = json!({ "x": 1, "items": ["a", "b", "c"] });
    let host = Host::started(&distributed(json!({ "Type": "Pass" }), fields), &input);
    assert_eq!(
        *host.output(),
        json!([
            { "BatchInput": { "x": 1 }, "Items": [{ "v": "a" }, { "v": "b" }] },
            { "BatchInput": { "x": 1 }, "Items": [{ "v": "c" }] },
        ])
    );
    let started = host.events[2].to_history_event(true);
    assert_eq!(started["mapStateStartedEventDetails"]["length"], json!(3));
}

#[test]
fn a_batch_with_its_common_input_has_no_more_bytes_than_it_may() {
    let fields = json!({ "ItemBatcher": {
        "MaxInputBytesPerBatch": 60, "BatchInput": { "long": "x".repeat(10) } } });
    let items: Vec<u32> = (10..40).collect();
    let host = Host::started(
        &distributed(json!({ "Type": "Pass" }), fields),
        &json!(items),
    );
    let (_, inputs) = &host.map_runs[0];
    assert!(
        inputs.len() > 2 && inputs.iter().all(|input| input.len() <= 60),
        "{inputs:?}"
    );
}

#[test]
fn one_failure_is_over_the_threshold_when_none_is_tolerated() {
    let mut definition = picky(json!({
        "Catch": [{ "ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Z" }],
    }));
    definition["States"]["Z"] = json!({ "Type": "Pass", "End": true });
    let host = Host::started(&definition, &json!([1, 11]));
    assert_eq!(
        *host.output(),
        json!({ "Error": "States.ExceedToleratedFailureThreshold",
                "Cause": "The specified tolerated failure threshold was exceeded" })
    );
    assert_eq!(
        host.history()[3..7],
        [
            "4<3 MapRunStarted",
            "5<4 MapRunFailed",
            "6<5 MapStateFailed",
            "7<6 MapStateExited"
        ]
    );
}

#[test]
fn tolerated_failures_leave_the_results_of_the_others() {
    for (fields, tolerates) in [
        (json!({ "ToleratedFailureCount": 1 }), true),
        (json!({ "ToleratedFailurePercentage": 33.4 }), true),
        (json!({ "ToleratedFailurePercentage": 33 }), false),
        (
            json!({ "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 1 }),
            false,
        ),
    ] {
        let host = Host::started(&picky(fields), &json!([1, 11, 2]));
        if tolerates {
            assert_eq!(*host.output(), json!([1, 2]));
        } else {
            assert_eq!(host.failure().0, "States.ExceedToleratedFailureThreshold");
        }
    }
}

#[test]
fn a_child_execution_cannot_see_the_variables_of_its_parent() {
    let mut definition = distributed(
        json!({ "Type": "Pass", "Parameters": { "x.$": "$x" } }),
        json!({ "ItemSelector": { "x.$": "$x" } }),
    );
    definition["StartAt"] = json!("Z");
    definition["States"]["Z"] = json!({ "Type": "Pass", "Assign": { "x": 1 }, "Next": "A" });
    let host = Host::started(&definition, &json!([1]));
    assert_eq!(host.failure().0, "States.ExceedToleratedFailureThreshold");
    definition["States"]["A"]["ItemProcessor"]["States"]["I"] = json!({ "Type": "Succeed" });
    assert_eq!(
        *Host::started(&definition, &json!([1])).output(),
        json!([{ "x": 1 }])
    );
}

#[test]
fn map_runs_nest() {
    let inner = distributed(json!({ "Type": "Pass" }), json!({}));
    let text = inner.to_string().replace("\"I\"", "\"J\"");
    let inner: Value = serde_json::from_str(&text).unwrap();
    let definition = distributed(inner["States"]["A"].clone(), json!({}));
    let host = Host::started(&definition, &json!([[1, 2], [3]]));
    assert_eq!(*host.output(), json!([[1, 2], [3]]));
}

#[test]
fn the_form_of_a_distributed_map_is_checked() {
    for (fields, location) in [
        (json!({ "Label": "a b" }), "/States/A/Label"),
        (json!({ "Label": "x".repeat(41) }), "/States/A/Label"),
        (json!({ "ItemBatcher": {} }), "/States/A/ItemBatcher"),
        (
            json!({ "ItemBatcher": { "MaxItemsPerBatch": 0 } }),
            "/States/A/ItemBatcher/MaxItemsPerBatch",
        ),
        (json!({ "ItemReader": {} }), "/States/A/ItemReader"),
        (
            json!({ "ItemReader": { "Resource": "arn:aws:states:::s3:getObject",
                                    "ReaderConfig": { "InputType": "XML" } } }),
            "/States/A/ItemReader/ReaderConfig/InputType",
        ),
        (
            json!({ "ResultWriter": { "WriterConfig": { "Transformation": "flat" } } }),
            "/States/A/ResultWriter/WriterConfig/Transformation",
        ),
        (
            json!({ "ToleratedFailurePercentage": 101 }),
            "/States/A/ToleratedFailurePercentage",
        ),
    ] {
        let definition = distributed(json!({ "Type": "Pass" }), fields);
        let faults = StateMachine::parse(&definition.to_string()).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].location, location);
    }
    let mut definition = distributed(json!({ "Type": "Pass" }), json!({}));
    definition["States"]["A"]["ItemProcessor"]["ProcessorConfig"] =
        json!({ "Mode": "DISTRIBUTED" });
    let faults = StateMachine::parse(&definition.to_string()).unwrap_err();
    assert_eq!(
        faults[0].message,
        "These fields are required: [ExecutionType]"
    );
}

#[test]
fn results_that_are_arrays_can_be_put_together_into_one() {
    let fields = json!({ "ResultWriter": { "WriterConfig": { "Transformation": "FLATTEN" } } });
    let host = Host::started(
        &distributed(json!({ "Type": "Pass" }), fields),
        &json!([[1, 2], 3, [[4]]]),
    );
    assert_eq!(*host.output(), json!([1, 2, 3, [4]]));
}

#[test]
fn files_are_not_served_and_an_express_machine_has_no_map_runs() {
    let reader = json!({ "ItemReader": { "Resource": "arn:aws:states:::s3:getObject" } });
    let writer = json!({ "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject" } });
    for (fields, unserved) in [(reader, 1), (writer, 1), (json!({}), 0)] {
        let definition = distributed(json!({ "Type": "Pass" }), fields);
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        assert_eq!(machine.unserved().len(), unserved);
        assert_eq!(machine.express_faults().len(), 1);
    }
}

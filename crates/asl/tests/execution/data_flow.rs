//! InputPath, Parameters, ResultSelector, ResultPath, OutputPath.

use serde_json::json;

use crate::host::{Host, callback, pass, single};

#[test]
fn the_fields_of_a_pass_state_apply_in_their_order() {
    let input = json!({"order": {"id": 7, "lines": [1, 2]}, "kept": true});
    for (fields, expected) in [
        (json!({}), input.clone()),
        (json!({"InputPath": "$.order.id"}), json!(7)),
        (json!({"InputPath": null}), json!({})),
        (json!({"OutputPath": "$.kept"}), json!(true)),
        (json!({"OutputPath": null}), json!({})),
        (
            json!({"Result": {"x.$": "$.not.evaluated"}}),
            json!({"x.$": "$.not.evaluated"}),
        ),
        (json!({"Result": null}), json!(null)),
        (json!({"Result": 1, "ResultPath": null}), input.clone()),
        (
            json!({"InputPath": "$.order", "Parameters": {"n.$": "$.id"}, "ResultPath": "$.new.n"}),
            json!({"order": {"id": 7, "lines": [1, 2]}, "kept": true, "new": {"n": {"n": 7}}}),
        ),
        (
            json!({"Result": 9, "ResultPath": "$.order.lines[1]", "OutputPath": "$.order.lines"}),
            json!([1, 9]),
        ),
        (
            json!({"Result": 9, "ResultPath": "$['order']['a b']", "OutputPath": "$.order"}),
            json!({"id": 7, "lines": [1, 2], "a b": 9}),
        ),
    ] {
        assert_eq!(pass(fields.clone(), &input).output(), &expected, "{fields}");
    }
}

#[test]
fn templates_fill_in_paths_context_and_functions_at_any_depth() {
    let fields = json!({"Parameters": {
        "plain": {"a": [1, "$.not.a.path"]},
        "whole.$": "$",
        "nested": [{"id.$": "$.id"}, [{"name.$": "$$.Execution.Name"}]],
        "text.$": "States.Format('{}-{}', $.id, States.ArrayLength($.list))",
        "list.$": "$.list[*]",
        "dash.$": "$.a-b",
    }});
    let input = json!({"id": 7, "list": [1, 2], "a-b": null});
    let expected = json!({
        "plain": {"a": [1, "$.not.a.path"]},
        "whole": input,
        "nested": [{"id": 7}, [{"name": "one"}]],
        "text": "7-2",
        "list": [1, 2],
        "dash": null,
    });
    let host = pass(fields, &input);
    assert_eq!(host.output(), &expected);
    let names: Vec<_> = host.output().as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names,
        ["plain", "whole", "nested", "text", "list", "dash"],
        "in their order"
    );
}

#[test]
fn a_result_selector_shapes_the_result_before_the_result_path() {
    let state = callback(json!({
        "ResultSelector": {"code.$": "$.StatusCode", "again.$": "$$.Task.Token"},
        "ResultPath": "$.answer",
        "OutputPath": "$.answer",
    }));
    let mut host = Host::submitted(&single(state), &json!({"a": 1}));
    host.succeed(json!({"StatusCode": 201, "Headers": {}}))
        .unwrap();
    assert_eq!(
        host.output(),
        &json!({"code": 201, "again": "task-token-3"})
    );
}

#[test]
fn a_task_without_parameters_sends_its_effective_input() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "InputPath": "$.message",
    });
    let host = Host::started(&single(state), &json!({"message": {"QueueUrl": "q"}}));
    assert_eq!(host.parameters(), &json!({"QueueUrl": "q"}));
}

#[test]
fn an_input_path_that_points_to_nothing_fails_with_the_words_of_aws() {
    let start = "An error occurred while executing the state 'A' (entered at the event id #2). ";
    for (path, reason) in [
        ("$.no.such.path", "Missing property in path $['no']"),
        ("$.no", "No results for path: $['no']"),
        ("$.list[7]", "No results for path: $['list'][7]"),
    ] {
        for field in ["InputPath", "OutputPath"] {
            let mut fields = json!({});
            fields[field] = json!(path);
            let host = pass(fields, &json!({"list": [1]}));
            let cause = format!("{start}Invalid path '{path}' : {reason}");
            assert_eq!(host.failure(), ("States.Runtime", cause.as_str()));
        }
    }
}

#[test]
fn a_template_path_that_points_to_nothing_shows_the_input() {
    let host = pass(
        json!({"Parameters": {"deep": {"v.$": "$.x"}}}),
        &json!({"a": 1}),
    );
    assert_eq!(
        host.failure().1,
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONPath \
         '$.x' specified for the field 'v.$' could not be found in the input '{\"a\":1}'"
    );
}

#[test]
fn a_function_that_fails_shows_its_call() {
    let host = pass(
        json!({"Parameters": {"v.$": "States.MathAdd($.a, 'x')"}}),
        &json!({"a": 1}),
    );
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.contains("The function 'States.MathAdd($.a, 'x')' had the following error: "),
        "{cause}"
    );
}

#[test]
fn a_result_path_makes_objects_but_not_array_items() {
    for (path, input) in [
        ("$.a", json!("text")),
        ("$.a.b", json!({"a": 5})),
        ("$.list[2]", json!({"list": [0, 0]})),
        ("$.a[0]", json!({})),
    ] {
        let host = pass(json!({"Result": 1, "ResultPath": path}), &input);
        assert_eq!(host.failure().0, "States.Runtime", "{path}");
        assert!(host.failure().1.contains("Unable to apply ReferencePath"));
    }
    assert_eq!(
        pass(
            json!({"Result": 1, "ResultPath": "$.a.b.c"}),
            &json!({"a": null})
        )
        .output(),
        &json!({"a": {"b": {"c": 1}}})
    );
}

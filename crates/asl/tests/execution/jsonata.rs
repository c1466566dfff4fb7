//! States in JSONata: what their expressions see, what they leave behind, and how they fail.

use rampmeter_asl::{Detail, Event, StateMachine};
use serde_json::{Value, json};

use crate::host::{Host, single};

/// A machine of one state, in JSONata.
fn one(state: Value) -> Value {
    let mut machine = single(state);
    machine["QueryLanguage"] = json!("JSONata");
    machine
}

fn machine(states: &Value) -> Value {
    json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": states })
}

/// A task that waits for its task token.
fn task(fields: Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": { "MessageBody": { "TaskToken": "{% $states.context.Task.Token %}" } },
    });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    state
}

fn failed_evaluations(host: &Host) -> Vec<&Event> {
    let is_one = |event: &&Event| matches!(event.detail, Detail::EvaluationFailed { .. });
    host.events.iter().filter(is_one).collect()
}

/// Error and cause without the sentence that names the state.
fn reason(host: &Host) -> (&str, &str) {
    let (error, cause) = host.failure();
    (
        error,
        cause.split_once("). ").map_or(cause, |parts| parts.1),
    )
}

#[test]
fn output_is_made_of_input_and_context_and_is_the_input_without_one() {
    let host = Host::started(
        &one(json!({ "Type": "Pass", "Output": {
            "sum": "{% $sum($states.input.n) %}",
            "name": "{%$states.context.State.Name%}",
            "plain": "{ % no % }",
            "list": [1, "{% $states.input.n[0] %}", null],
            "whole": "{% $states.input %}",
            "when": "{% $fromMillis($millis()) %}",
        } })),
        &json!({ "n": [1, 2, 3.5] }),
    );
    assert_eq!(
        *host.output(),
        json!({ "sum": 6.5, "name": "A", "plain": "{ % no % }", "list": [1, 1, null],
                "whole": { "n": [1, 2, 3.5] }, "when": "2023-11-14T22:13:20.000Z" })
    );
    let host = Host::started(&one(json!({ "Type": "Pass" })), &json!([1]));
    assert_eq!(*host.output(), json!([1]));
}

#[test]
fn assign_and_output_see_the_values_from_before_and_the_next_state_sees_the_new_ones() {
    let host = Host::started(
        &machine(&json!({
            "A": { "Type": "Pass", "Assign": { "x": 1, "y": { "z": "{% $states.input.z %}" } },
                   "Next": "B" },
            "B": { "Type": "Pass", "Assign": { "x": "{% $y %}", "y": "{% $x %}" },
                   "Output": "{% [$x, $y.z, $exists($no)] %}", "Next": "C" },
            "C": { "Type": "Pass", "Output": "{% [$x.z, $y] %}", "Next": "D" },
            "D": { "Type": "Pass", "QueryLanguage": "JSONata", "End": true },
        })),
        &json!({ "z": 7 }),
    );
    let outputs: Vec<_> = host
        .events
        .iter()
        .filter_map(|event| match &event.detail {
            Detail::StateExited { output, .. } => Some(output.value().clone()),
            _ => None,
        })
        .collect();
    assert_eq!(outputs[1], json!([1, 7, false]));
    assert_eq!(outputs[2], json!([7, 1]));
}

#[test]
fn a_variable_may_have_the_name_of_a_function() {
    let host = Host::started(
        &machine(&json!({
            "A": { "Type": "Pass", "Assign": { "count": 3, "random": { "a": 4 } }, "Next": "B" },
            "B": { "Type": "Pass", "End": true,
                   "Output": "{% $count + $random.a + $states.input.n %}" },
        })),
        &json!({ "n": 5 }),
    );
    assert_eq!(*host.output(), json!(12));
}

#[test]
fn a_task_is_given_its_arguments_and_leaves_its_result() {
    let definition = one(task(json!({
        "Arguments": {
            "QueueUrl": "q",
            "MessageBody": { "TaskToken": "{% $states.context.Task.Token %}", "id": "{% $states.input.id %}" },
        },
        "TimeoutSeconds": "{% $states.input.patience %}",
        "Output": "{% { 'r': $states.result.ok, 'i': $states.input.id } %}",
        "Assign": { "v": "{% $states.result %}" },
    })));
    assert!(
        StateMachine::parse(&definition.to_string())
            .unwrap()
            .warnings()
            .is_empty()
    );
    let mut host = Host::started(&definition, &json!({ "id": 9, "patience": 30 }));
    let body = &host.tasks[0].parameters.value()["MessageBody"];
    assert_eq!(body["id"], json!(9));
    assert!(body["TaskToken"].is_string());
    assert_eq!(host.timers.len(), 1);
    host.submit();
    host.succeed(json!({ "ok": true })).unwrap();
    assert_eq!(*host.output(), json!({ "r": true, "i": 9 }));

    let mut host = Host::started(&one(task(json!({}))), &json!({}));
    host.submit();
    host.succeed(json!([1])).unwrap();
    assert_eq!(*host.output(), json!([1]), "the result without an Output");
}

#[test]
fn a_catcher_sees_the_error() {
    let definition = machine(&json!({
        "A": task(json!({ "End": true, "Catch": [
            { "ErrorEquals": ["Other"], "Next": "B" },
            { "ErrorEquals": ["States.ALL"], "Next": "B",
              "Output": { "e": "{% $states.errorOutput %}", "n": "{% $states.input.n %}" },
              "Assign": { "err": "{% $states.errorOutput.Error %}" } },
        ] })),
        "B": { "Type": "Succeed", "Output": { "i": "{% $states.input %}", "e": "{% $err %}" } },
    }));
    let mut host = Host::started(&definition, &json!({ "n": 1 }));
    host.submit();
    host.fail("Mine", "why").unwrap();
    let caught = json!({ "e": { "Error": "Mine", "Cause": "why" }, "n": 1 });
    assert_eq!(*host.output(), json!({ "i": caught, "e": "Mine" }));

    let mut host = Host::started(&definition, &json!({ "n": 1 }));
    host.submit();
    host.fail("Other", "why").unwrap();
    let (error, _) = host.failure();
    assert_eq!(
        error, "States.QueryEvaluationError",
        "$err was not assigned"
    );
}

#[test]
fn a_failed_expression_can_be_caught_and_is_an_event() {
    let definition = machine(&json!({
        "A": task(json!({ "End": true, "Arguments": "{% $states.input.n + 'x' %}", "Catch": [
            { "ErrorEquals": ["States.QueryEvaluationError"], "Next": "B" },
        ] })),
        "B": { "Type": "Pass", "Output": "{% $states.input.Error %}", "End": true },
    }));
    let host = Host::started(&definition, &json!({ "n": 1 }));
    assert_eq!(*host.output(), json!("States.QueryEvaluationError"));
    let failed = failed_evaluations(&host);
    let details = &failed[0].to_history_event(true)["evaluationFailedEventDetails"];
    assert_eq!(details["location"], "Arguments");
    assert_eq!(details["state"], "A");
    assert_eq!(
        details["cause"],
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONata \
         expression '$states.input.n + 'x'' specified for the field 'Arguments' threw an error during \
         evaluation. T2002: The right side of the \"+\" operator must evaluate to a number"
    );
}

#[test]
fn an_expression_without_a_value_fails_its_state_at_the_place_where_it_stands() {
    for (state, place) in [
        (
            json!({ "Type": "Pass", "Output": "{% $nobody %}" }),
            "Output",
        ),
        (
            json!({ "Type": "Pass", "Output": { "a": [1, "{% $nobody %}"] } }),
            "Output/a[1]",
        ),
        (
            json!({ "Type": "Pass", "Assign": { "a": "{% $nobody %}" } }),
            "Assign/a",
        ),
        (
            json!({ "Type": "Succeed", "Output": "{% $nobody %}" }),
            "Output",
        ),
        (json!({ "Type": "Fail", "Cause": "{% $nobody %}" }), "Cause"),
        (
            json!({ "Type": "Wait", "Seconds": "{% $nobody %}" }),
            "Seconds",
        ),
        (
            task(json!({ "TimeoutSeconds": "{% $nobody %}" })),
            "TimeoutSeconds",
        ),
        (
            json!({ "Type": "Pass", "Output": "{% function($x){$x} %}" }),
            "Output",
        ),
    ] {
        let host = Host::started(&one(state.clone()), &json!({}));
        let (error, why) = reason(&host);
        assert_eq!(error, "States.QueryEvaluationError", "{state}");
        assert!(
            why.ends_with(&format!(
                "specified for the field '{place}' returned nothing (undefined)."
            )),
            "{state}: {why}"
        );
        assert_eq!(failed_evaluations(&host)[0].previous, 0, "{state}");
    }
}

#[test]
fn conditions_are_asked_in_their_order_and_must_be_truth_values() {
    let definition = machine(&json!({
        "A": { "Type": "Choice", "Default": "D", "Output": "default", "Choices": [
            { "Condition": "{% $states.input.n > 10 %}", "Next": "B", "Output": "large",
              "Assign": { "by": "rule" } },
            { "Condition": "{% $states.input.n > 5 %}", "Next": "B" },
            { "Condition": false, "Next": "C" },
            { "Condition": "{% $states.input.n = 1 ? 1 : false %}", "Next": "C" },
        ] },
        "B": { "Type": "Pass", "Output": "{% [$states.input, $by] %}", "End": true },
        "C": { "Type": "Succeed" },
        "D": { "Type": "Succeed" },
    }));
    let host = Host::started(&definition, &json!({ "n": 11 }));
    assert_eq!(*host.output(), json!(["large", "rule"]));
    let host = Host::started(&definition, &json!({ "n": 6 }));
    assert_eq!(
        *host.output(),
        json!([{ "n": 6 }]),
        "a rule replaces the fields of the state"
    );
    let host = Host::started(&definition, &json!({ "n": 2 }));
    assert_eq!(*host.output(), json!("default"));
    let host = Host::started(&definition, &json!({ "n": 1 }));
    assert_eq!(
        reason(&host).1,
        "The JSONata expression '$states.input.n = 1 ? 1 : false' specified for the field 'Choices[3]/Condition' \
         returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1"
    );
}

#[test]
fn a_choice_without_a_rule_that_holds_and_without_default_fails() {
    let definition = machine(&json!({
        "A": { "Type": "Choice", "Choices": [{ "Condition": false, "Next": "B" }] },
        "B": { "Type": "Succeed" },
    }));
    let host = Host::started(&definition, &json!({}));
    assert_eq!(host.failure().0, "States.Runtime");
}

#[test]
fn a_wait_takes_seconds_and_moments_from_expressions() {
    let seconds = |input: Value| {
        let state = json!({ "Type": "Wait", "Seconds": "{% $states.input %}",
                            "Output": "{% 'over' %}" });
        Host::started(&one(state), &input)
    };
    let mut host = seconds(json!(5));
    assert_eq!(host.timers[0].at, host.now + 5_000);
    host.fire();
    assert_eq!(*host.output(), json!("over"));
    assert_eq!(*seconds(json!(0)).output(), json!("over"));
    for bad in [json!(-1), json!(1.5), json!(100_000_000), json!("5")] {
        let host = seconds(bad.clone());
        assert_eq!(reason(&host).0, "States.QueryEvaluationError", "{bad}");
    }
    let moment = |text: &str| {
        let state = json!({ "Type": "Wait", "Timestamp": "{% $states.input %}" });
        Host::started(&one(state), &json!(text))
    };
    assert_eq!(
        *moment("2016-03-14T01:59:00Z").output(),
        json!("2016-03-14T01:59:00Z")
    );
    let host = moment("2016-12-05 21:29:29Z");
    assert_eq!(
        reason(&host).1,
        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format \
         string: 2016-12-05 21:29:29Z"
    );
    assert_eq!(failed_evaluations(&host)[0].previous, 2);
}

#[test]
fn a_fail_state_has_words_from_expressions() {
    let host = Host::started(
        &one(json!({ "Type": "Fail", "Error": "{% 'E' & $states.input %}", "Cause": "plain" })),
        &json!(1),
    );
    assert_eq!(host.failure(), ("E1", "plain"));
    let host = Host::started(
        &one(json!({ "Type": "Fail", "Error": "{% 1 %}" })),
        &json!(1),
    );
    assert!(
        reason(&host)
            .1
            .contains("Expected 'string', but was 'number'")
    );
}

#[test]
fn the_branches_of_a_parallel_state_have_its_arguments_and_its_variables() {
    let branch = |name: &str, output: &str| {
        let state = json!({ "Type": "Pass", "Output": output, "End": true });
        json!({ "StartAt": name, "States": { name: state } })
    };
    let host = Host::started(
        &machine(&json!({
            "A": { "Type": "Pass", "Assign": { "v": 2 }, "Next": "P" },
            "P": { "Type": "Parallel", "Arguments": "{% $states.input.n %}",
                   "Branches": [branch("X", "{% $states.input + $v %}"), branch("Y", "{% $v %}")],
                   "Output": { "sum": "{% $sum($states.result) %}", "of": "{% $states.input %}" },
                   "End": true },
        })),
        &json!({ "n": 1 }),
    );
    assert_eq!(*host.output(), json!({ "sum": 5, "of": { "n": 1 } }));
}

fn map(fields: Value) -> Value {
    let mut state = json!({ "Type": "Map", "ItemProcessor": { "StartAt": "I", "States": {
        "I": { "Type": "Pass", "End": true } } } });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    one(state)
}

#[test]
fn a_map_has_items_from_expressions_and_selects_from_each() {
    let host = Host::started(
        &map(json!({
            "Items": "{% $states.input.l %}",
            "ItemSelector": { "i": "{% $states.context.Map.Item.Index %}",
                              "v": "{% $states.context.Map.Item.Value %}",
                              "all": "{% $count($states.input.l) %}" },
            "MaxConcurrency": "{% 1 %}",
            "ToleratedFailureCount": "{% 0 %}",
            "ToleratedFailurePercentage": "{% $x := 1 %}",
            "Output": "{% $states.result.v %}",
        })),
        &json!({ "l": ["a", "b"] }),
    );
    assert_eq!(*host.output(), json!(["a", "b"]));
    let host = Host::started(&map(json!({ "Items": [1, "{% 1 + 1 %}"] })), &json!({}));
    assert_eq!(*host.output(), json!([1, 2]));
    let host = Host::started(&map(json!({})), &json!([3]));
    assert_eq!(*host.output(), json!([3]));
}

#[test]
fn a_faulty_field_of_a_batcher_is_named_with_its_place_in_the_state() {
    for (batcher, place) in [
        (
            json!({ "MaxItemsPerBatch": "{% $states.input.most %}" }),
            "ItemBatcher/MaxItemsPerBatch",
        ),
        (
            json!({ "MaxItemsPerBatch": 1, "BatchInput": { "a": "{% $states.input.a %}" } }),
            "ItemBatcher/BatchInput/a",
        ),
    ] {
        let mut state = json!({ "Type": "Map", "Items": [1], "ItemBatcher": batcher,
            "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                "StartAt": "I",
                "States": { "I": { "Type": "Pass", "End": true } },
            } });
        state["End"] = json!(true);
        let host = Host::started(&one(state), &json!({}));
        assert!(
            reason(&host)
                .1
                .contains(&format!("the field '{place}' returned nothing")),
            "{:?}",
            reason(&host)
        );
    }
}

#[test]
fn what_is_no_array_cannot_be_mapped() {
    let host = Host::started(
        &map(json!({ "Items": "{% $states.input %}" })),
        &json!({ "a": 1 }),
    );
    assert_eq!(
        reason(&host).1,
        "The JSONata expression '$states.input' specified for the field 'Items' returned an \
         unexpected result type. Expected 'array', but was 'object' for value: {\"a\":1}"
    );
    let types: Vec<_> = host.events.iter().map(Event::type_name).collect();
    assert_eq!(
        types[1..],
        [
            "MapStateEntered",
            "EvaluationFailed",
            "MapStateFailed",
            "ExecutionFailed"
        ]
    );
    let host = Host::started(&map(json!({})), &json!({ "a": 1 }));
    assert_eq!(
        reason(&host).1,
        "Map state input must be an array but was: {\"a\":1}"
    );
    for field in [
        "MaxConcurrency",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
    ] {
        let host = Host::started(&map(json!({ field: "{% -1 %}" })), &json!([]));
        assert_eq!(reason(&host).0, "States.QueryEvaluationError", "{field}");
        let host = Host::started(&map(json!({ field: "{% 'x' %}" })), &json!([]));
        assert!(reason(&host).1.contains("Expected 'number'"), "{field}");
    }
}

#[test]
fn a_machine_may_mix_the_languages() {
    let host = Host::started(
        &json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Assign": { "v.$": "$.n" }, "Next": "B" },
            "B": { "Type": "Pass", "QueryLanguage": "JSONata", "Assign": { "w": "{% $v + 1 %}" },
                   "Next": "C" },
            "C": { "Type": "Pass", "Parameters": { "w.$": "$w" }, "End": true },
        }}),
        &json!({ "n": 1 }),
    );
    assert_eq!(*host.output(), json!({ "w": 2 }));
}

#[test]
fn an_evaluation_repeats_with_the_same_random_bits() {
    let definition = one(json!({ "Type": "Pass",
        "Output": "{% [$uuid(), $random(), $random(5), $shuffle([1..9])[0]] %}" }));
    let run = || Host::started(&definition, &json!({})).output().clone();
    assert_eq!(run(), run());
}

#[test]
fn what_is_wrong_with_an_expression_is_a_fault_of_the_definition() {
    let faults = |state: Value| -> Vec<String> {
        let parsed = StateMachine::parse(&one(state).to_string());
        parsed
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        faults(json!({ "Type": "Pass", "Output": { "a": "{% 1 + %}" } })),
        [
            "INVALID_JSONATA_EXPRESSION: The JSONata expression '1 +' is not valid. S0207: Unexpected end \
          of expression at /States/A/Output/a"
        ]
    );
    assert_eq!(
        faults(json!({ "Type": "Wait", "Seconds": "{% 1" })),
        [
            "INVALID_JSONATA_EXPRESSION: A JSONata expression must begin with '{%' and end with '%}' at \
          /States/A/Seconds"
        ]
    );
    for (state, place) in [
        (json!({ "Type": "Pass", "Parameters": {} }), "Parameters"),
        (json!({ "Type": "Pass", "Result": 1 }), "Result"),
        (json!({ "Type": "Succeed", "InputPath": "$" }), "InputPath"),
        (
            json!({ "Type": "Pass", "Assign": { "states": 1 } }),
            "Assign/states",
        ),
        (
            json!({ "Type": "Map", "Items": 1, "ItemProcessor": { "StartAt": "I", "States": {
            "I": { "Type": "Succeed" } } } }),
            "Items",
        ),
    ] {
        let found = faults(state.clone());
        assert!(
            found[0].ends_with(&format!("/States/A/{place}")),
            "{state}: {found:?}"
        );
    }
}

#[test]
fn a_task_that_keeps_its_token_to_itself_is_a_warning_in_jsonata_too() {
    let warnings = |arguments: Value| {
        let definition = one(task(json!({ "Arguments": arguments })));
        StateMachine::parse(&definition.to_string())
            .unwrap()
            .warnings()
            .len()
    };
    assert_eq!(
        warnings(json!({ "a": "{% $states.context.Execution.Id %}" })),
        1
    );
    assert_eq!(
        warnings(json!({ "a": "{% $states.context.Task.Token %}" })),
        0
    );
    assert_eq!(warnings(json!({ "a": "{% $states %}" })), 0);
    assert_eq!(warnings(json!({ "a": "{% $states.context %}" })), 0);
}

#[test]
fn variable_references_are_the_variables_that_expressions_do_not_bind_themselves() {
    let definition = machine(&json!({
        "A": { "Type": "Pass", "Assign": { "x": "{% $y + $range($z, 1, 1)[0] %}" },
               "Output": "{% ($own := 1; $sum([$own, $w.a, $states.input.b])) %}", "Next": "B" },
        "B": { "Type": "Choice", "Default": "C", "Choices": [
            { "Condition": "{% $c %}", "Next": "C", "Output": "{% $o %}" }] },
        "C": { "Type": "Succeed" },
    }));
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let listed: Vec<_> = machine
        .variable_references()
        .into_iter()
        .map(|(state, names)| format!("{state}: {names:?}"))
        .collect();
    assert_eq!(listed, [r#"A: {"w", "y", "z"}"#, r#"B: {"c", "o"}"#]);
}

#[test]
fn what_is_no_base64_is_an_internal_error_with_a_number() {
    let host = Host::started(
        &one(json!({ "Type": "Pass", "Output": "{% $base64decode('!!!') %}" })),
        &json!({}),
    );
    let (error, why) = reason(&host);
    assert_eq!(error, "States.QueryEvaluationError");
    let (_, number) = why
        .split_once("threw an internal error during evaluation. ")
        .expect("an internal error");
    assert_eq!(number.len(), 36, "{why}");
}

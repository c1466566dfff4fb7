//! Faults of query languages: fields of the other one, invalid expressions, and references to what does not
//! exist.

use serde_json::{Value, json};

use super::{faults, faults_of};

#[test]
fn a_state_in_the_language_of_the_machine_cannot_go_back_to_json_path() {
    let definition = json!({"StartAt": "P", "QueryLanguage": "JSONata", "States": {
        "P": {"Type": "Pass", "End": true, "QueryLanguage": "JSONPath"},
    }});
    assert_eq!(
        faults(&definition),
        [
            "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for \
          whole state machine at /States/P"
        ]
    );
}

#[test]
fn fields_belong_to_their_state_and_language() {
    for state in [
        json!({"Type": "Pass", "Output": "{% 1 %}"}),
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "InputPath": "$"}),
        json!({"Type": "Succeed", "End": true}),
        json!({"Type": "Pass", "Retry": []}),
        json!({"Type": "Wait", "Seconds": 1, "Comments": ""}),
    ] {
        let found = faults_of(state);
        assert!(
            found.iter().any(|fault| fault.contains("supported")),
            "{found:?}"
        );
    }
}

#[test]
fn fields_of_the_other_language_and_unknown_ones_are_told_apart() {
    for (state, fault) in [
        (
            json!({"Type": "Pass", "Output": 1}),
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for \
             the 'JSONata' QueryLanguage at /States/A/Output",
        ),
        (
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "ResultPath": "$"}),
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported \
             for the 'JSONPath' QueryLanguage at /States/A/ResultPath",
        ),
        (
            json!({"Type": "Pass", "TimeoutSeconds": 1}),
            "SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/A",
        ),
        (
            json!({"Type": "Wait", "SecondsPath": "$.a[*]"}),
            "SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/A/SecondsPath",
        ),
        (
            json!({"Type": "Pass", "QueryLanguage": "JSONPointer"}),
            "SCHEMA_VALIDATION_FAILED: The value must be one of: [JSONPath, JSONata] at /States/A/QueryLanguage",
        ),
    ] {
        assert_eq!(faults_of(state), [fault]);
    }
}

#[test]
fn the_language_of_a_nested_graph_is_that_of_its_states() {
    let inner =
        json!({"StartAt": "I", "QueryLanguage": "JSONata", "States": {"I": {"Type": "Succeed"}}});
    for (state, place) in [
        (
            json!({"Type": "Map", "ItemProcessor": inner, "End": true}),
            "ItemProcessor",
        ),
        (
            json!({"Type": "Map", "Iterator": inner, "End": true}),
            "Iterator",
        ),
        (
            json!({"Type": "Parallel", "Branches": [inner], "End": true}),
            "Branches[0]",
        ),
    ] {
        let fault = format!(
            "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/A/{place}"
        );
        assert_eq!(faults_of(state), [fault]);
    }
}

/// The faults of a Task state in JSONata with one more field.
fn faults_of_query(field: &str, value: &Value) -> Vec<String> {
    let mut state = json!({"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::sqs:sendMessage"});
    state[field] = value.clone();
    faults_of(state)
}

#[test]
fn there_is_no_document_at_the_top_of_an_expression() {
    for (source, references) in [
        ("phone", vec!["phone"]),
        ("a & b.c", vec!["a", "b"]),
        ("$", vec!["$"]),
        ("$.a", vec!["$"]),
        ("$$.a", vec!["$$"]),
        ("*", vec!["*"]),
        ("$map([1], function($v){ name })", vec!["name"]),
        ("$states.input.orders[price > 1].id", vec![]),
        ("$states.input.($.a & b)", vec![]),
        ("$states.input.orders{id: price}", vec![]),
        ("$states.input.orders^(price).id", vec![]),
        ("$states.input ~> |orders|{'a': price}|", vec![]),
        ("$states.input.orders[$$.a = 1]", vec!["$$"]),
        ("$sum($states.input.orders.(price * count))", vec![]),
    ] {
        let found = faults_of_query("Output", &json!({"v": [format!("{{% {source} %}}")]}));
        let expected: Vec<_> = references
            .iter()
            .map(|name| {
                format!(
                    "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '{name}' at the top level is not supported. at \
                     /States/A/Output/v[0]"
                )
            })
            .collect();
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn states_has_a_result_only_where_there_is_one_and_an_error_only_in_a_catcher() {
    let refused = |field: &str, value: Value| faults_of_query(field, &value).len();
    assert_eq!(refused("Output", json!("{% $states.result %}")), 0);
    assert_eq!(refused("Assign", json!({"a": "{% $states.result.x %}"})), 0);
    assert_eq!(refused("Arguments", json!("{% $states.result %}")), 1);
    assert_eq!(refused("Output", json!("{% $states.errorOutput %}")), 1);
    assert_eq!(refused("Output", json!("{% $states.outputs %}")), 1);
    assert_eq!(refused("Output", json!("{% $states %}")), 0);
    let catcher = |output: &str| json!([{"ErrorEquals": ["E"], "Next": "A", "Output": output}]);
    assert_eq!(
        refused("Catch", catcher("{% $states.errorOutput.Cause %}")),
        0
    );
    let pass =
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.result %}"});
    assert_eq!(faults_of(pass).len(), 1);
}

#[test]
fn what_is_no_jsonata_is_named_at_its_place() {
    let found = faults_of_query("Output", &json!({"v": "{% 1 + %}"}));
    assert!(
        found[0].starts_with("INVALID_JSONATA_EXPRESSION: "),
        "{found:?}"
    );
    assert!(found[0].ends_with(" at /States/A/Output/v"), "{found:?}");
}

#[test]
fn credentials_are_read_in_the_language_of_their_state() {
    let task = |language: &str, credentials: Value| {
        faults_of(
            json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
            "QueryLanguage": language, "Credentials": credentials}),
        )
    };
    assert_eq!(task("JSONPath", json!({"RoleArn.$": "$.role"})), [""; 0]);
    assert_eq!(task("JSONPath", json!({"RoleArn.$": "role"})).len(), 1);
    assert_eq!(
        task("JSONata", json!({"RoleArn": "{% $states.input.role %}"})),
        [""; 0]
    );
    assert_eq!(task("JSONata", json!({"RoleArn": "{% 1 + %}"})).len(), 1);
}

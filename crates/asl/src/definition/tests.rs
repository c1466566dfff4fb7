//! Faults of definitions: code, message and place, as AWS has them where it was recorded.

use serde_json::{Value, json};

use crate::model::machine::StateMachine;

/// The faults of a definition as `CODE: message at /place`.
fn faults(definition: &Value) -> Vec<String> {
    match StateMachine::parse(&definition.to_string()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// The faults of a state named A, whose end is added.
fn faults_of(state: Value) -> Vec<String> {
    let mut state = state;
    if ["Task", "Pass", "Wait"].contains(&state["Type"].as_str().unwrap_or("")) {
        state["End"] = json!(true);
    }
    faults(&json!({"StartAt": "A", "States": {"A": state}}))
}

#[test]
fn texts_that_are_no_definition_are_named_as_aws_names_them() {
    let first = |text: &str| StateMachine::parse(text).unwrap_err().remove(0);
    for text in [" ", "", "[]", "1"] {
        let fault = first(text);
        assert_eq!(fault.message, "Definition must be a valid JSON object");
        assert_eq!(
            (fault.code, fault.location.as_str()),
            ("SCHEMA_VALIDATION_FAILED", "")
        );
    }
    let fault = first("not a definition");
    assert_eq!(fault.code, "INVALID_JSON_DESCRIPTION");
    assert_eq!(
        fault.location,
        "[Source: (String)\"not a definition\"; line: 1, column: 4]"
    );
    assert_eq!(
        fault.message,
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token \
         'null', 'true' or 'false')\n at [Source: (String)\"not a definition\"; line: 1, column: 4]"
    );
    assert_eq!(first("{").code, "INVALID_JSON_DESCRIPTION");
    assert_eq!(first("true x").code, "INVALID_JSON_DESCRIPTION");
}

#[test]
fn required_fields_are_named_together() {
    assert_eq!(
        faults(&json!({})),
        ["SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"]
    );
    assert_eq!(
        faults(&json!({"States": {"A": {"Type": "Succeed"}}})),
        ["SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /"]
    );
    assert_eq!(
        faults_of(json!({"Type": "Task"})),
        ["SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/A"]
    );
}

#[test]
fn transitions_lead_to_states_that_exist() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Default": "X", "Choices": [
            {"Variable": "$.a", "IsNull": true, "Next": "Y"},
            {"Variable": "$.a", "IsNull": false, "Next": "B"},
        ]},
        "B": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "Z",
              "Catch": [{"ErrorEquals": ["E"], "Next": "W"}]},
    }});
    assert_eq!(
        faults(&definition),
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Choices[0]/Next",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Default",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/B/Next",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: W at /States/B/Catch[0]/Next",
            "MISSING_END_STATE: Workflow has no terminal state",
        ]
    );
    assert_eq!(
        faults(&json!({"StartAt": "X", "States": {"A": {"Type": "Succeed"}}})),
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt",
            "MISSING_TRANSITION_TARGET: State \"A\" is not reachable. at /States/A",
        ]
    );
}

#[test]
fn all_faults_are_found_in_one_pass() {
    let definition = json!({
        "StartAt": "A", "Version": "2.0", "TimeoutSeconds": 0, "Extra": 1,
        "States": {
            "A": {"Type": "Pass", "InputPath": "a", "ResultPath": "$.x[*]", "Next": "B"},
            "B": {"Type": "Nap", "End": true},
        },
    });
    let found = faults(&definition);
    for expected in [
        "Field 'Extra' is not supported at /",
        "The version '2.0' is not supported at /Version",
        "The value must be from 1 to 99999999 at /TimeoutSeconds",
        "Value is not a Reference Path at /States/A/ResultPath",
        "Value is not a valid JSONPath at /States/A/InputPath",
        "The value must be one of: [Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map] at /States/B/Type",
    ] {
        assert!(
            found.iter().any(|fault| fault.ends_with(expected)),
            "{expected} in {found:#?}"
        );
    }
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
fn expressions_are_checked_and_the_place_is_their_template() {
    for template in [
        json!({"parsed.$": r#"States.StringToJson('{\"text\":\"An \\\"escaped\\\" quote\"}')"#}),
        json!({"deep": [{"parsed.$": "no path"}]}),
        json!({"parsed.$": 5}),
    ] {
        assert_eq!(
            faults_of(json!({"Type": "Pass", "Parameters": template})),
            [
                "SCHEMA_VALIDATION_FAILED: The value for the field 'parsed.$' must be a valid JSONPath \
              or a valid intrinsic function call at /States/A/Parameters"
            ]
        );
    }
    assert_eq!(
        faults_of(json!({"Type": "Pass", "Parameters": {"a": 1, "a.$": "$"}})).len(),
        1
    );
}

#[test]
fn timestamps_are_checked_with_the_words_of_aws() {
    for text in ["2016-12-05T21:29:29", "2016-12-05T25:29:29Z", "tomorrow"] {
        assert_eq!(
            faults_of(json!({"Type": "Wait", "Timestamp": text})),
            [
                "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at \
              /States/A/Timestamp"
            ]
        );
    }
}

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
fn faulty_fields_are_refused() {
    let task = |fields: Value| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"});
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        state
    };
    for state in [
        json!({"Type": "Wait"}),
        json!({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a"}),
        json!({"Type": "Wait", "Seconds": -1}),
        json!({"Type": "Wait", "Seconds": 1.5}),
        json!({"Type": "Wait", "Seconds": 100_000_000}),
        json!({"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}),
        json!({"Type": "Fail", "Cause": 5}),
        json!({"Type": "Choice", "Choices": []}),
        json!({"Type": "Choice"}),
        task(json!({"TimeoutSeconds": 5, "HeartbeatSeconds": 5})),
        task(json!({"TimeoutSeconds": 5, "TimeoutSecondsPath": "$.a"})),
        task(json!({"TimeoutSeconds": 0})),
        task(json!({"Next": "A"})),
        task(json!({"Retry": [{"ErrorEquals": []}]})),
        task(json!({"Retry": [{}]})),
        task(json!({"Retry": [{"ErrorEquals": ["a"], "BackoffRate": 0.5}]})),
        task(json!({"Retry": [{"ErrorEquals": ["a"], "IntervalSeconds": 0}]})),
        task(json!({"Retry": [{"ErrorEquals": ["a"], "JitterStrategy": "HALF"}]})),
        task(json!({"Retry": [{"ErrorEquals": ["States.ALL", "a"]}]})),
        task(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["a"]}]})),
        task(json!({"Catch": [{"ErrorEquals": ["a"]}]})),
    ] {
        assert!(!faults_of(state.clone()).is_empty(), "{state}");
    }
}

#[test]
fn rules_of_a_choice_are_checked() {
    for rule in [
        json!({"Next": "A"}),
        json!({"Variable": "$.a", "Next": "A"}),
        json!({"Variable": "$.a", "IsNull": true}),
        json!({"Variable": "$.a", "IsNull": true, "IsString": true, "Next": "A"}),
        json!({"Variable": "$.a", "StringEquals": 1, "Next": "A"}),
        json!({"Variable": "$.a", "NumericEquals": "1", "Next": "A"}),
        json!({"Variable": "$.a", "StringNear": "1", "Next": "A"}),
        json!({"Variable": "a", "IsNull": true, "Next": "A"}),
        json!({"Variable": "$.a", "StringMatchesPath": "$.b", "Next": "A"}),
        json!({"And": [], "Next": "A"}),
        json!({"And": [{"Variable": "$.a", "IsNull": true, "Next": "A"}], "Next": "A"}),
        json!({"Not": [], "Next": "A"}),
        json!({"Not": {"Variable": "$.a"}, "Next": "A"}),
    ] {
        let state = json!({"Type": "Choice", "Choices": [rule], "Default": "A"});
        assert!(!faults_of(state.clone()).is_empty(), "{state}");
    }
}

#[test]
fn a_substitution_that_nobody_made_is_named() {
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Comment": "${Ignored}", "Parameters": {"QueueUrl": "${NetsuiteHigh}", "MessageBody": "$5 {x}"}});
    assert_eq!(
        faults_of(state),
        [
            "SCHEMA_VALIDATION_FAILED: The substitution '${NetsuiteHigh}' has no value at \
          /States/A/Parameters/QueueUrl"
        ]
    );
    let state = json!({"Type": "Pass", "Parameters": {
        "q.$": "States.Format('${NetsuiteQueues}-{}', $.priority)"}});
    assert!(faults_of(state)[0].contains("'${NetsuiteQueues}'"));
}

#[test]
fn names_of_states_are_escaped_in_places_and_limited_in_length() {
    let name = "a/b~c";
    let definition = json!({"StartAt": name, "States": {name: {"Type": "Pass", "Next": "X"}}});
    assert!(faults(&definition)[0].ends_with("at /States/a~1b~0c/Next"));
    let name = "x".repeat(81);
    let definition = json!({"StartAt": name, "States": {name.as_str(): {"Type": "Succeed"}}});
    assert_eq!(faults(&definition).len(), 1);
}

#[test]
fn branches_are_checked_too_and_names_are_unique_across_them() {
    let branch = |name: &str, next: Value| {
        let mut state = json!({"Type": "Pass"});
        state
            .as_object_mut()
            .unwrap()
            .extend(next.as_object().unwrap().clone());
        json!({"StartAt": name, "States": {name: state}})
    };
    let parallel = |one: Value, two: Value| {
        json!({"StartAt": "P", "States": {
            "P": {"Type": "Parallel", "Branches": [one, two], "End": true}}})
    };
    let sound = parallel(
        branch("A", json!({"End": true})),
        branch("B", json!({"End": true})),
    );
    assert_eq!(faults(&sound), [""; 0]);
    let lost = parallel(
        branch("A", json!({"Next": "P"})),
        branch("B", json!({"End": true})),
    );
    assert_eq!(
        faults(&lost),
        [
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: P at \
          /States/P/Branches[0]/States/A/Next",
            "MISSING_END_STATE: Workflow has no terminal state"
        ]
    );
    let twice = parallel(
        branch("A", json!({"End": true})),
        branch("A", json!({"End": true})),
    );
    assert!(faults(&twice)[0].starts_with("DUPLICATE_STATE_NAME"));
}

#[test]
fn what_is_not_served_is_a_note_and_not_a_fault() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": 1}, "Next": "C"},
        "C": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "Next": "D"},
        "D": {"Type": "Map", "End": true, "ItemProcessor": {
            "StartAt": "E", "States": {"E": {"Type": "Succeed"}}}},
    }});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let unserved = machine.unserved();
    let listed: Vec<_> = unserved
        .iter()
        .map(|one| (one.state.as_str(), one.location.as_str()))
        .collect();
    assert_eq!(listed, [("A", "/States/A/Resource")]);
    assert_eq!(machine.start_at(), "A");
    assert_eq!(machine.timeout_seconds(), None);
}

#[test]
fn a_resource_that_aws_does_not_know_is_a_fault() {
    let of = |resource: &str| {
        let definition = json!({"StartAt": "A", "States": {"A": {
            "Type": "Task", "Resource": resource, "End": true}}});
        StateMachine::parse(&definition.to_string())
    };
    let faults = of("arn:aws:states:::dynamodb:query").unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:query is not \
         recognized. The value is not a valid resource ARN, or the resource is not available in \
         this region. at /States/A/Resource"
    );
    assert!(of("arn:aws:states:::dynamodb:putItem").is_ok());
}

#[test]
fn a_task_that_keeps_its_token_to_itself_is_a_warning() {
    let warnings = |parameters: Value| {
        let definition = json!({"StartAt": "A", "States": {"A": {
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": parameters, "End": true}}});
        StateMachine::parse(&definition.to_string())
            .unwrap()
            .warnings()
    };
    for parameters in [
        json!({"MessageBody": {"t.$": "$$.Task.Token"}}),
        json!({"MessageBody": {"t.$": "$$"}}),
        json!({"MessageBody": [{"t.$": "States.Format('{}', States.Array($$.Task['Token']))"}]}),
    ] {
        assert_eq!(warnings(parameters), []);
    }
    let found = warnings(json!({"MessageBody": {"t.$": "$.Task.Token", "n.$": "$$.State.Name"}}));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, crate::Severity::Warning);
    assert_eq!(found[0].location, "/States/A/Parameters");
}

#[test]
fn an_express_machine_cannot_wait_for_others() {
    let activity = "arn:aws:states:us-east-1:000000000000:activity:a";
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
              "Next": "B"},
        "B": {"Type": "Task", "Resource": activity, "Next": "C"},
        "C": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
              "Next": "D"},
        "D": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true},
    }});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let faults: Vec<_> = machine
        .express_faults()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        faults,
        [
            "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' \
             service integration  at /States/A/Resource",
            "SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at \
             /States/B/Resource",
            "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service \
             integration  at /States/C/Resource",
        ]
    );
}

#[test]
fn a_variable_has_a_name_and_no_path_into_it() {
    for (name, is_sound) in [
        ("x", true),
        ("_a1.$", true),
        ("\u{e9}t\u{e9}", true),
        ("1a", false),
        ("a.b", false),
        ("a[0]", false),
        ("", false),
        ("states", false),
        ("states.$", false),
    ] {
        let found = faults_of(json!({"Type": "Pass", "Assign": {name: "$"}}));
        assert_eq!(found.is_empty(), is_sound, "{name}: {found:?}");
    }
    let long = "x".repeat(81);
    assert_eq!(
        faults_of(json!({"Type": "Pass", "Assign": {long: 1}})).len(),
        1
    );
    assert_eq!(
        faults_of(json!({"Type": "Pass", "Assign": {"x.$": "x"}})).len(),
        1
    );
    assert_eq!(faults_of(json!({"Type": "Pass", "Assign": []})).len(), 1);
}

#[test]
fn what_looks_like_an_expression_and_is_none_is_a_warning() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "B",
            "Parameters": {"QueueUrl": "$.queue", "MessageBody": [{"id": "States.UUID()"}],
                "price": "$5", "right.$": "$.x"}},
        "B": {"Type": "Pass", "Result": {"x": [{"y.$": "$.z"}]}, "Next": "C"},
        "C": {"Type": "Choice", "Default": "D", "Choices": [
            {"Not": {"Variable": "$.a", "StringEquals": "$.b"}, "Next": "D"},
            {"Variable": "$.a", "StringMatches": "$.*", "Next": "D"}]},
        "D": {"Type": "Fail", "Error": "$.error", "Cause": "$100 are missing"},
    }});
    let machine = StateMachine::parse(&definition.to_string()).expect("a sound definition");
    let warnings = machine.warnings();
    let told: Vec<_> = warnings
        .iter()
        .map(|warning| (warning.code, warning.location.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("NO_DOLLAR", "/States/A/Parameters/QueueUrl"),
            ("NO_DOLLAR", "/States/A/Parameters/MessageBody[0]/id"),
            ("PASS_RESULT_IS_STATIC", "/States/B/Result"),
            ("NO_PATH", "/States/C/Choices[0]/Not/StringEquals"),
            ("NO_PATH", "/States/D/Error"),
        ]
    );
}

#[test]
fn a_workflow_without_an_end_is_refused() {
    let found = faults(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Pass", "Next": "A"},
    }}));
    assert_eq!(found, ["MISSING_END_STATE: Workflow has no terminal state"]);
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
fn lists_of_retriers_and_catchers_may_be_empty() {
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Retry": [], "Catch": []});
    assert_eq!(faults_of(state), Vec::<String>::new());
}

//! Faults of definitions: code, message and place, as AWS has them where it was recorded.

mod language;
mod transition;

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
        "The value must be one of: [1.0] at /Version",
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
fn a_resource_that_is_no_arn_is_told_apart_from_one_that_aws_does_not_know() {
    for (resource, told) in [
        ("SendOrder", "Value is not a valid resource ARN"),
        ("", "Value is not a valid resource ARN"),
        ("arn:aws:states", "Value is not a valid resource ARN"),
        (
            "arn:aws:sns:us-east-1:000000000000:topic",
            "is not recognized",
        ),
        (
            "arn:aws:states:::aws-sdk:glue:startJobRun.sync",
            "is not recognized",
        ),
    ] {
        let found = faults_of(json!({"Type": "Task", "Resource": resource}));
        assert!(found.len() == 1 && found[0].contains(told), "{found:?}");
        assert!(found[0].ends_with(" at /States/A/Resource"), "{found:?}");
    }
}

#[test]
fn a_refused_path_has_a_hint() {
    let definition = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,
        "InputPath": "$.a b", "Parameters": {"x.$": "$.items[last]"}}}});
    let faults = StateMachine::parse(&definition.to_string()).unwrap_err();
    let hints: Vec<_> = faults
        .iter()
        .filter_map(|fault| fault.hint.as_deref())
        .collect();
    assert_eq!(hints.len(), 2, "{faults:?}");
    assert!(
        hints[0].contains("['name']") && hints[1].contains("[-1]"),
        "{hints:?}"
    );
}

#[test]
fn lists_of_retriers_and_catchers_may_be_empty() {
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Retry": [], "Catch": []});
    assert_eq!(faults_of(state), Vec::<String>::new());
}

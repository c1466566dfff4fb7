//! Definitions that nobody in their right mind would write: the parser answers with diagnostics and
//! never panics.

use proptest::prelude::*;
use rampmeter_asl::StateMachine;
use serde_json::{Map, Value, json};

/// Words that mean something in a definition, so that random ones come near the real language.
const WORDS: &[&str] = &[
    "StartAt",
    "States",
    "Type",
    "Next",
    "End",
    "A",
    "B",
    "Task",
    "Pass",
    "Choice",
    "Wait",
    "Parallel",
    "Map",
    "Fail",
    "Succeed",
    "Resource",
    "Parameters",
    "a.$",
    "$.a",
    "$$.Task.Token",
    "States.Format('{}', $.a)",
    "Retry",
    "Catch",
    "ErrorEquals",
    "States.ALL",
    "Choices",
    "Default",
    "Variable",
    "StringEquals",
    "And",
    "Not",
    "Seconds",
    "Timestamp",
    "TimeoutSeconds",
    "QueryLanguage",
    "JSONata",
    "JSONPath",
    "InputPath",
    "ResultPath",
    "OutputPath",
    "Branches",
    "ItemProcessor",
    "Iterator",
    "Assign",
    "$[?(@.a == 1)]",
    "$..*",
    "${X}",
    "2020-01-01T00:00:00Z",
    "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "IntervalSeconds",
    "BackoffRate",
    "",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn json_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let faults = StateMachine::parse(&text).unwrap_err();
        prop_assert!(!faults.is_empty());
    }

    #[test]
    fn any_json_is_answered(value in json_like()) {
        if let Err(faults) = StateMachine::parse(&value.to_string()) {
            prop_assert!(!faults.is_empty());
        }
    }

    #[test]
    fn any_state_is_answered(fields in prop::collection::vec((word(), json_like()), 0..8), kind in 0..8_usize) {
        let kinds = ["Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];
        let mut state: Map<String, Value> = fields.into_iter().collect();
        state.insert("Type".to_owned(), json!(kinds[kind]));
        let definition = json!({"StartAt": "A", "States": {"A": state, "B": {"Type": "Succeed"}}});
        if let Err(faults) = StateMachine::parse(&definition.to_string()) {
            prop_assert!(faults.iter().all(|fault| !fault.message.is_empty()));
        }
    }

    #[test]
    fn any_expression_is_answered(text in "[$@.\\[\\]()'\"?*:,=<>!&| a-zA-Z0-9{}\\\\-]{0,40}") {
        for expression in [text.clone(), format!("${text}"), format!("$[?({text})]"),
                           format!("States.Format('{text}')"), format!("States.Array({text})")] {
            let state = json!({"Type": "Pass", "Parameters": {"a.$": expression}, "End": true});
            let definition = json!({"StartAt": "A", "States": {"A": state}}).to_string();
            let _ = StateMachine::parse(&definition).map_err(|faults| assert!(!faults.is_empty()));
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for (open, close) in [
        ("[", "]"),
        ("{\"And\":[", "]}"),
        ("{\"Not\":", "}"),
        ("{\"a\":", "}"),
    ] {
        let text = format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
        let faults = StateMachine::parse(&text).unwrap_err();
        assert_eq!(faults[0].code, "INVALID_JSON_DESCRIPTION");
    }
}

#[test]
fn deep_expressions_are_refused_and_not_followed() {
    for expression in [
        format!(
            "{}$.a{}",
            "States.Array(".repeat(20_000),
            ")".repeat(20_000)
        ),
        format!("$[?({}@.a{})]", "(".repeat(20_000), ")".repeat(20_000)),
        format!("$[?({}@.a)]", "!".repeat(20_000)),
        format!("$[?(@.a in {}{})]", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{}1{}", "$[?(@".repeat(20_000), ")]".repeat(20_000)),
        format!("${}", "[?(@".repeat(20_000)),
        format!("${}", "..[?(1 == $".repeat(20_000)),
    ] {
        let state = json!({"Type": "Pass", "Parameters": {"a.$": expression}, "End": true});
        let definition = json!({"StartAt": "A", "States": {"A": state}}).to_string();
        assert!(StateMachine::parse(&definition).is_err());
    }
}

#[test]
fn a_result_path_of_endless_steps_is_refused_and_not_followed() {
    for (steps, is_taken) in [(127, true), (128, false), (100_000, false)] {
        let path = format!("${}", ".a".repeat(steps));
        let state = json!({"Type": "Pass", "ResultPath": path, "End": true});
        let definition = json!({"StartAt": "A", "States": {"A": state}}).to_string();
        let faults = StateMachine::parse(&definition).err().unwrap_or_default();
        assert_eq!(faults.is_empty(), is_taken, "{steps} steps");
        for fault in faults {
            assert_eq!(fault.code, "SCHEMA_VALIDATION_FAILED");
            assert_eq!(fault.location, "/States/A/ResultPath");
        }
    }
}

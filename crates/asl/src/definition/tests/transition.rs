//! Faults of the graph: where transitions lead, names, and the end.

use serde_json::{Value, json};

use super::faults;

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
    assert_eq!(
        faults(&twice),
        ["DUPLICATE_STATE_NAME: Duplicate State name: A at /States/P/Branches[1]/States/A"]
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
fn one_mistake_in_a_transition_is_one_fault() {
    for state in [
        json!({"Type": "Pass"}),
        json!({"Type": "Pass", "End": false}),
        json!({"Type": "Pass", "End": "true"}),
        json!({"Type": "Pass", "Next": 5}),
        json!({"Type": "pass", "End": true}),
        json!({"Type": "Choice", "Default": "B", "Choices": [{"Variable": "$.a", "IsNul": true, "Next": "B"}]}),
    ] {
        let machine =
            json!({"StartAt": "A", "States": {"A": state, "B": {"Type": "Pass", "Next": "A"}}});
        let found: Vec<_> = faults(&machine)
            .into_iter()
            .filter(|fault| !fault.contains("MISSING_"))
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
    }
    let found = faults(&json!({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_state_that_is_no_object_is_a_fault() {
    let found = faults(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": 5,
        "C": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "D", "States": {"D": []}}]},
    }}));
    for expected in ["/States/B", "/States/C/Branches[0]/States/D"] {
        let fault =
            format!("SCHEMA_VALIDATION_FAILED: Expected value of type Object at {expected}");
        assert!(found.contains(&fault), "{found:?}");
    }
}

//! Parallel states: branches side by side, their results in order, and what a failure does.

use rampmeter_asl::Stimulus;
use serde_json::{Value, json};

use crate::host::{Host, callback, single};

fn branch(name: &str, mut state: Value) -> Value {
    if state["Type"] != "Fail" {
        state["End"] = json!(true);
    }
    json!({ "StartAt": name, "States": { name: state } })
}

fn parallel(branches: &[Value], fields: Value) -> Value {
    let mut state = json!({ "Type": "Parallel", "Branches": branches });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    state
}

#[test]
fn branches_work_on_the_same_input_and_their_results_keep_the_order() {
    let branches = [
        branch(
            "B1",
            json!({ "Type": "Pass", "Parameters": { "a.$": "$.x" } }),
        ),
        branch("B2", json!({ "Type": "Pass", "Result": "b" })),
    ];
    let fields = json!({
        "Parameters": { "x.$": "$.y" },
        "ResultSelector": { "first.$": "$[0].a", "second.$": "$[1]" },
        "ResultPath": "$.result",
    });
    let host = Host::started(&single(parallel(&branches, fields)), &json!({ "y": 7 }));
    assert_eq!(
        *host.output(),
        json!({ "y": 7, "result": { "first": 7, "second": "b" } })
    );
    assert_eq!(
        host.history(),
        [
            "1<0 ExecutionStarted",
            "2<0 ParallelStateEntered",
            "3<2 ParallelStateStarted",
            "4<3 PassStateEntered",
            "5<4 PassStateExited",
            "6<3 PassStateEntered",
            "7<6 PassStateExited",
            "8<7 ParallelStateSucceeded",
            "9<7 ParallelStateExited",
            "10<9 ExecutionSucceeded",
        ]
    );
}

#[test]
fn branches_nest_and_each_finds_its_own_states() {
    let inner = branch(
        "B3",
        parallel(&[branch("B4", json!({ "Type": "Pass" }))], json!({})),
    );
    let host = Host::started(&single(parallel(&[inner], json!({}))), &json!([1]));
    assert_eq!(*host.output(), json!([[[1]]]));
}

#[test]
fn the_order_of_answers_does_not_change_the_order_of_results() {
    let branches = [
        branch("B5", callback(json!({}))),
        branch("B6", callback(json!({}))),
    ];
    let mut host = Host::started(&single(parallel(&branches, json!({}))), &json!({}));
    let events: Vec<u64> = host.tasks.iter().map(|task| task.event).collect();
    for (event, output) in [(events[1], "second"), (events[0], "first")] {
        let output = json!(output).into();
        host.send(Stimulus::TaskSucceeded { event, output })
            .unwrap();
    }
    assert_eq!(*host.output(), json!(["first", "second"]));
}

#[test]
fn a_branch_that_fails_gives_up_the_others_and_fails_the_state() {
    let branches = [
        branch("B7", callback(json!({ "TimeoutSeconds": 60 }))),
        branch("B8", json!({ "Type": "Wait", "Seconds": 60 })),
        branch(
            "B9",
            json!({ "Type": "Fail", "Error": "E", "Cause": "why" }),
        ),
    ];
    let host = Host::started(&single(parallel(&branches, json!({}))), &json!({}));
    assert_eq!(host.failure(), ("E", "why"));
    assert_eq!(
        host.history()[5..],
        [
            "6<5 TaskStarted",
            "7<3 WaitStateEntered",
            "8<3 FailStateEntered",
            "9<6 TaskStateAborted",
            "10<7 WaitStateAborted",
            "11<8 ParallelStateFailed",
            "12<11 ExecutionFailed",
        ]
    );
    assert_eq!(host.timers, []);
}

#[test]
fn a_failure_of_a_branch_can_be_caught_by_the_state_around_it() {
    let branches = [branch(
        "B10",
        json!({ "Type": "Fail", "Error": "E", "Cause": "why" }),
    )];
    let fields = json!({
        "Catch": [{ "ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "Z" }],
    });
    let mut definition = single(parallel(&branches, fields));
    definition["States"]["Z"] = json!({ "Type": "Succeed" });
    let host = Host::started(&definition, &json!({ "a": 1 }));
    assert_eq!(
        *host.output(),
        json!({ "a": 1, "error": { "Error": "E", "Cause": "why" } })
    );
}

#[test]
fn a_retry_forks_anew_and_an_answer_to_an_earlier_attempt_changes_nothing() {
    let branches = [
        branch("B11", callback(json!({}))),
        branch("B12", callback(json!({}))),
    ];
    let fields = json!({ "Retry": [{ "ErrorEquals": ["E"], "MaxAttempts": 1 }] });
    let mut host = Host::started(&single(parallel(&branches, fields)), &json!({}));
    let early = host.tasks[0].event;
    host.fail("E", "first attempt").unwrap();
    host.fire();
    assert_eq!(host.tasks.len(), 4);
    let output: rampmeter_asl::Payload = json!(0).into();
    let late = Stimulus::TaskSucceeded {
        event: early,
        output: output.clone(),
    };
    host.send(late).unwrap_err();
    let events: Vec<u64> = host.tasks[2..].iter().map(|task| task.event).collect();
    for event in events {
        host.send(Stimulus::TaskSucceeded {
            event,
            output: output.clone(),
        })
        .unwrap();
    }
    assert_eq!(*host.output(), json!([0, 0]));
}

#[test]
fn a_stop_ends_the_execution_with_all_its_branches() {
    let branches = [branch("B13", callback(json!({ "TimeoutSeconds": 5 })))];
    let mut host = Host::started(&single(parallel(&branches, json!({}))), &json!({}));
    host.send(Stimulus::Stop {
        error: None,
        cause: None,
    })
    .unwrap();
    assert!(host.children.is_empty());
    assert_eq!(host.history().last().unwrap(), "7<0 ExecutionAborted");
}

#[test]
fn a_state_in_a_branch_that_cannot_be_executed_fails_the_execution_at_once() {
    let lost = branch(
        "Fast",
        json!({ "Type": "Pass", "Parameters": { "m.$": "$.nope" } }),
    );
    let fields = json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Z" }] });
    let mut definition = single(parallel(&[lost], fields));
    definition["States"]["Z"] = json!({ "Type": "Succeed" });
    let host = Host::started(&definition, &json!({ "x": "a" }));
    assert_eq!(host.failure().0, "States.Runtime");
    assert_eq!(
        host.history(),
        [
            "1<0 ExecutionStarted",
            "2<0 ParallelStateEntered",
            "3<2 ParallelStateStarted",
            "4<3 PassStateEntered",
            "5<4 ExecutionFailed",
        ]
    );
}

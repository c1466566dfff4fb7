//! Redriving: what failed does its work once more, and what succeeded is not done again.

use rampmeter_asl::{Stimulus, TimerKind};
use serde_json::{Value, json};

use crate::host::{Host, callback, single};

fn parallel(branches: &[(&str, Value)]) -> Value {
    let branches: Vec<Value> = branches
        .iter()
        .map(|(name, state)| {
            let mut state = state.clone();
            state["End"] = json!(true);
            json!({ "StartAt": name, "States": { *name: state } })
        })
        .collect();
    single(json!({ "Type": "Parallel", "Branches": branches }))
}

#[test]
fn a_task_is_scheduled_again_in_the_same_entry_with_all_its_retries() {
    let state = callback(json!({ "Retry": [{ "ErrorEquals": ["E"], "MaxAttempts": 1 }] }));
    let mut host = Host::submitted(&single(state), &json!({ "a": 1 }));
    host.fail("E", "1").unwrap();
    host.fire();
    host.fail("E", "2").unwrap();
    assert_eq!(host.failure(), ("E", "2"));
    let entered = host.tasks[0].entered_event;
    let before = host.events.len();
    host.redrive(false);
    assert_eq!(
        host.history()[before..],
        [
            "11<10 ExecutionRedriven",
            "12<11 TaskScheduled",
            "13<12 TaskStarted"
        ]
    );
    assert_eq!(host.tasks[2].entered_event, entered);
    host.fail("E", "3").unwrap();
    assert_eq!(host.fire(), TimerKind::Retry);
    host.succeed(json!("well")).unwrap();
    assert_eq!(*host.output(), json!("well"));
}

#[test]
fn a_success_cannot_be_redriven() {
    let mut host = Host::started(&single(json!({ "Type": "Pass" })), &json!({}));
    let redrive = Stimulus::Redrive {
        cause: 0,
        with_children: false,
    };
    host.send(redrive).unwrap_err();
}

#[test]
fn the_time_out_of_the_machine_begins_anew() {
    let mut definition = single(callback(json!({})));
    definition["TimeoutSeconds"] = json!(10);
    let mut host = Host::submitted(&definition, &json!({}));
    assert_eq!(host.fire(), TimerKind::ExecutionTimeout);
    host.redrive(true);
    assert_eq!(host.timers[0].at, host.now + 10_000);
    host.succeed(json!(1)).unwrap();
    assert_eq!(*host.output(), json!(1));
}

#[test]
fn only_the_branches_that_did_not_succeed_run_again() {
    let branches = [
        ("B", callback(json!({}))),
        ("C", callback(json!({}))),
        ("D", callback(json!({}))),
    ];
    let mut host = Host::started(&parallel(&branches), &json!({}));
    let events: Vec<u64> = host.tasks.iter().map(|task| task.event).collect();
    let output = json!("b").into();
    host.send(Stimulus::TaskSucceeded {
        event: events[0],
        output,
    })
    .unwrap();
    let (error, cause) = (Some("E".to_owned()), None);
    host.send(Stimulus::TaskFailed {
        event: events[1],
        error,
        cause,
    })
    .unwrap();
    assert_eq!(host.failure().0, "E");
    host.redrive(true);
    let again: Vec<_> = host.tasks[3..]
        .iter()
        .map(|task| task.state.as_str())
        .collect();
    assert_eq!(again, ["C", "D"]);
    let events: Vec<u64> = host.tasks[3..].iter().map(|task| task.event).collect();
    for (event, output) in [(events[1], "d"), (events[0], "c")] {
        let output = json!(output).into();
        host.send(Stimulus::TaskSucceeded { event, output })
            .unwrap();
    }
    assert_eq!(*host.output(), json!(["b", "c", "d"]));
}

#[test]
fn a_host_that_kept_no_children_begins_them_all_anew() {
    let branches = [("B", json!({ "Type": "Pass" })), ("C", callback(json!({})))];
    let mut host = Host::started(&parallel(&branches), &json!({}));
    host.fail("E", "c").unwrap();
    host.redrive(false);
    assert_eq!(host.history().last().unwrap(), "18<17 TaskStarted");
    host.succeed(json!(2)).unwrap();
    assert_eq!(*host.output(), json!([{}, 2]));
}

#[test]
fn iterations_that_never_began_begin_after_those_that_are_redriven() {
    let item = json!({ "StartAt": "I", "States": { "I": callback(json!({ "End": true })) } });
    let state = json!({ "Type": "Map", "MaxConcurrency": 1, "ItemProcessor": item });
    let mut host = Host::started(&single(state), &json!([0, 1, 2]));
    host.succeed(json!("zero")).unwrap();
    host.fail("E", "one").unwrap();
    assert_eq!(host.failure(), ("E", "one"));
    host.redrive(true);
    host.succeed(json!("one")).unwrap();
    host.succeed(json!("two")).unwrap();
    assert_eq!(*host.output(), json!(["zero", "one", "two"]));
    assert_eq!(host.tasks.len(), 4);
}

#[test]
fn what_was_stopped_goes_on_where_it_stood() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({}));
    let (error, cause) = (None, None);
    host.send(Stimulus::Stop { error, cause }).unwrap();
    host.redrive(true);
    host.succeed(json!(1)).unwrap();
    assert_eq!(*host.output(), json!(1));

    // Stopped between two states: the next one is entered as usual.
    let definition = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Next": "B" }, "B": { "Type": "Pass", "End": true } } });
    let mut host = Host::new(&definition, &json!({}));
    host.transitions = 1;
    let input = json!({}).into();
    host.send(Stimulus::Start { input }).unwrap();
    let (error, cause) = (None, None);
    host.send(Stimulus::Stop { error, cause }).unwrap();
    host.redrive(true);
    assert_eq!(
        host.history()[3..],
        [
            "4<0 ExecutionAborted",
            "5<4 ExecutionRedriven",
            "6<5 PassStateEntered",
            "7<6 PassStateExited",
            "8<7 ExecutionSucceeded"
        ]
    );
}

#[test]
fn an_iteration_whose_item_selector_failed_begins_again() {
    let item = json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "End": true } } });
    let state = json!({ "Type": "Map", "ItemProcessor": item,
                        "ItemSelector": { "a.$": "$$.Map.Item.Value.no" } });
    let mut host = Host::started(&single(state), &json!([0]));
    assert_eq!(host.failure().0, "States.Runtime");
    host.redrive(true);
    assert_eq!(host.failure().0, "States.Runtime");
    let begun = host
        .history()
        .iter()
        .filter(|line| line.ends_with("MapIterationStarted"))
        .count();
    assert_eq!(begun, 2);
}

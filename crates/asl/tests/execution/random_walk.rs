//! Random stimuli, sensible and not, at a machine with all kinds of states. The host checks numbers,
//! causes, timers and stored frames at every step; here it is also checked that the same stimuli lead
//! to the same history, and that nothing moves once the execution is over.

use proptest::prelude::*;
use rampmeter_asl::{Payload, Status, Stimulus, TimerKind};
use serde_json::{Value, json};

use crate::host::{Host, callback};

fn machine() -> Value {
    let mut first = callback(json!({
        "TimeoutSeconds": 30, "HeartbeatSeconds": 10, "ResultPath": "$.first",
        "Retry": [
            {"ErrorEquals": ["Oops"], "MaxAttempts": 2, "JitterStrategy": "FULL"},
            {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1},
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Wait", "ResultPath": "$.error"}],
    }));
    first["Next"] = json!("Choose");
    json!({
        "StartAt": "First",
        "TimeoutSeconds": 600,
        "States": {
            "First": first,
            "Choose": {"Type": "Choice", "Default": "Wait", "Choices": [
                {"Variable": "$.first", "NumericGreaterThan": 5, "Next": "Second"},
                {"Variable": "$.first", "IsNull": true, "Next": "Failed"},
            ]},
            "Wait": {"Type": "Wait", "Seconds": 5, "Next": "First"},
            "Second": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
                       "Parameters": {"MessageBody.$": "$.first"}, "Next": "Done"},
            "Done": {"Type": "Succeed"},
            "Failed": {"Type": "Fail", "Error": "Null"},
        },
    })
}

/// The same machine once alone and twice inside a Map inside a Parallel state, next to a branch that
/// may fail them.
fn nested() -> Value {
    let mut inner = machine();
    inner
        .as_object_mut()
        .expect("an object")
        .remove("TimeoutSeconds");
    let map = json!({ "StartAt": "Each", "States": { "Each": {
        "Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$.items", "ItemProcessor": inner,
        "ItemSelector": { "n.$": "$$.Map.Item.Index", "outer.$": "$outer" },
        "Retry": [{ "ErrorEquals": ["Null"], "MaxAttempts": 1 }],
        "End": true,
    }}});
    let mut alone = callback(json!({ "HeartbeatSeconds": 20 }));
    alone["End"] = json!(true);
    json!({
        "StartAt": "Begin",
        "TimeoutSeconds": 600,
        "States": {
            "Begin": { "Type": "Pass", "Assign": { "outer": 1 }, "Next": "Both",
                       "Result": { "items": [1, 2, 3] } },
            "Both": {
                "Type": "Parallel",
                "Branches": [map, { "StartAt": "Alone", "States": { "Alone": alone } }],
                "Retry": [{ "ErrorEquals": ["Oops"], "MaxAttempts": 1 }],
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }],
                "Next": "Caught",
            },
            "Caught": { "Type": "Wait", "Seconds": 1, "End": true },
        },
    })
}

fn one_of(is_nested: bool) -> Value {
    if is_nested { nested() } else { machine() }
}

#[derive(Clone, Debug)]
enum Move {
    Pick(usize),
    Submit,
    Succeed(Option<i64>),
    Fail(&'static str),
    Heartbeat,
    Fire,
    Wrong(u64),
    Refuse,
    Stop,
    Tick(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        6 => Just(Move::Submit),
        4 => prop::option::of(0..10_i64).prop_map(Move::Succeed),
        4 => prop::sample::select(vec!["Oops", "Other"]).prop_map(Move::Fail),
        2 => Just(Move::Heartbeat),
        4 => (0..9_usize).prop_map(Move::Pick),
        5 => Just(Move::Fire),
        2 => (0..60_u64).prop_map(Move::Wrong),
        1 => Just(Move::Refuse),
        1 => (0..20_000_i64).prop_map(Move::Tick),
        1 => Just(Move::Stop),
    ];
    prop::collection::vec(one, 0..60)
}

fn make(host: &mut Host, one: &Move) {
    let event = host.tasks.last().map_or(0, |task| task.event);
    let output = Payload::from_value(json!({"MessageId": "m"}));
    let result = match one {
        Move::Pick(places) => {
            let length = host.tasks.len().max(1);
            host.tasks.rotate_right(places % length);
            return;
        }
        Move::Submit => host.send(Stimulus::Submitted { event, output }),
        Move::Succeed(value) => host.succeed(json!(value)),
        Move::Fail(error) => host.fail(error, "because"),
        Move::Heartbeat => host.send(Stimulus::TaskHeartbeat { event }),
        Move::Refuse => {
            let (error, cause) = ("Refused".to_owned(), String::new());
            host.send(Stimulus::SubmitFailed {
                event,
                error,
                cause,
            })
        }
        Move::Stop => host.send(Stimulus::Stop {
            error: None,
            cause: None,
        }),
        Move::Wrong(event) => {
            let kinds = [
                TimerKind::Wait,
                TimerKind::Retry,
                TimerKind::TaskTimeout,
                TimerKind::Heartbeat,
            ];
            let kind = kinds[usize::try_from(event % 4).expect("less than four")];
            if host
                .timers
                .iter()
                .any(|timer| timer.event == *event && timer.kind == kind)
            {
                return;
            }
            host.send(Stimulus::TimerFired {
                event: *event,
                kind,
            })
        }
        Move::Fire => {
            if !host.timers.is_empty() {
                host.fire();
            }
            return;
        }
        Move::Tick(milliseconds) => {
            let next = host
                .timers
                .iter()
                .map(|timer| timer.at)
                .min()
                .unwrap_or(i64::MAX);
            host.now = (host.now + milliseconds).min(next);
            return;
        }
    };
    if let Ok(advance) = result {
        // A child may have ended while its execution goes on.
        let is_over = matches!(host.status, Status::Ended(_));
        assert!(!is_over || advance.status != Status::Yielded);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_stimuli_lead_to_the_same_history(moves in moves(), random in any::<u64>(), is_nested in any::<bool>()) {
        let run = || {
            let mut host = Host::started(&one_of(is_nested), &json!({"a": 1}));
            host.random = random;
            for one in &moves {
                make(&mut host, one);
            }
            host
        };
        let (first, second) = (run(), run());
        prop_assert_eq!(&first.events, &second.events);
        prop_assert_eq!(&first.status, &second.status);
        let ends = first.events.iter().filter(|event| {
            ["ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"]
                .contains(&event.type_name())
        });
        let is_over = matches!(first.status, Status::Ended(_));
        prop_assert_eq!(ends.count(), usize::from(is_over));
        prop_assert!(!is_over || first.children.is_empty());
    }

    #[test]
    fn every_iteration_that_began_ends_once_unless_its_execution_ends_first(moves in moves()) {
        let mut host = Host::started(&nested(), &json!({}));
        for one in moves.iter().filter(|one| !matches!(one, Move::Stop)) {
            make(&mut host, one);
        }
        let count = |name: &str| {
            let events = host.events.iter();
            events.filter(|event| event.type_name() == name).count()
        };
        let begun = count("MapIterationStarted");
        let ended = count("MapIterationSucceeded")
            + count("MapIterationFailed")
            + count("MapIterationAborted");
        let running = host.children.values().filter(|frame| frame.parent() != Some(0)).count();
        prop_assert!(count("ExecutionTimedOut") == 1 || begun == ended + running);
    }

    #[test]
    fn an_execution_that_is_over_takes_nothing_more(moves in moves(), is_nested in any::<bool>()) {
        let mut host = Host::started(&one_of(is_nested), &json!({"a": 1}));
        host.send(Stimulus::Stop { error: None, cause: None }).unwrap();
        let events = host.events.len();
        for one in &moves {
            make(&mut host, one);
        }
        prop_assert_eq!(host.events.len(), events);
    }

    #[test]
    fn a_waiting_execution_can_always_be_moved_on(moves in moves(), is_nested in any::<bool>()) {
        let mut host = Host::started(&one_of(is_nested), &json!({"a": 1}));
        for one in &moves {
            make(&mut host, one);
        }
        // The machine's own timeout bounds everything: firing timers alone ends the execution.
        for _ in 0..1_000 {
            if matches!(host.status, Status::Ended(_)) {
                return Ok(());
            }
            prop_assert!(!host.timers.is_empty());
            host.fire();
        }
        prop_assert!(false, "the execution does not end");
    }
}

//! Random stimuli, sensible and not, at a machine with all kinds of states. The host checks numbers,
//! causes, timers and stored frames at every step; here it is also checked that the same stimuli lead
//! to the same history, and that nothing moves once the execution is over.

use proptest::prelude::*;
use rampmeter_asl::{Payload, Standing, Stimulus, TimerKind};
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

#[derive(Clone, Debug)]
enum Move {
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
        assert!(matches!(one, Move::Wrong(_)) || advance.standing == host.standing);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_stimuli_lead_to_the_same_history(moves in moves(), random in any::<u64>()) {
        let run = || {
            let mut host = Host::started(&machine(), &json!({"a": 1}));
            host.random = random;
            for one in &moves {
                make(&mut host, one);
            }
            host
        };
        let (first, second) = (run(), run());
        prop_assert_eq!(&first.events, &second.events);
        prop_assert_eq!(&first.standing, &second.standing);
        let ends = first.events.iter().filter(|event| {
            ["ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"]
                .contains(&event.type_name())
        });
        let is_over = matches!(first.standing, Standing::Ended(_));
        prop_assert_eq!(ends.count(), usize::from(is_over));
    }

    #[test]
    fn an_execution_that_is_over_takes_nothing_more(moves in moves()) {
        let mut host = Host::started(&machine(), &json!({"a": 1}));
        host.send(Stimulus::Stop { error: None, cause: None }).unwrap();
        let events = host.events.len();
        for one in &moves {
            make(&mut host, one);
        }
        prop_assert_eq!(host.events.len(), events);
    }

    #[test]
    fn a_waiting_execution_can_always_be_moved_on(moves in moves()) {
        let mut host = Host::started(&machine(), &json!({"a": 1}));
        for one in &moves {
            make(&mut host, one);
        }
        // The machine's own time-out bounds everything: firing timers alone ends the execution.
        for _ in 0..1_000 {
            if matches!(host.standing, Standing::Ended(_)) {
                return Ok(());
            }
            prop_assert!(!host.timers.is_empty());
            host.fire();
        }
        prop_assert!(false, "the execution does not end");
    }
}

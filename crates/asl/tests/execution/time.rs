//! Timeouts, heartbeats, waits.

use rampmeter_asl::{End, Stimulus, TimerKind, Unmoved, Waiting};
use serde_json::{Value, json};

use crate::host::{Host, START, callback, single};

#[test]
fn a_task_that_takes_too_long_times_out_without_a_cause() {
    let mut host = Host::submitted(&single(callback(json!({"TimeoutSeconds": 5}))), &json!({}));
    assert_eq!(host.fire(), TimerKind::TaskTimeout);
    assert_eq!(host.now, START + 5_000);
    assert_eq!(
        host.history()[5..],
        ["6<5 TaskTimedOut", "7<6 ExecutionFailed"]
    );
    assert_eq!(
        host.events[5].to_history_event(true)["taskTimedOutEventDetails"],
        json!({"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken",
               "error": "States.Timeout"})
    );
    assert_eq!(
        host.events[6].to_history_event(true)["executionFailedEventDetails"],
        json!({"error": "States.Timeout"})
    );
    assert_eq!(host.succeed(json!(1)), Err(Unmoved::Stale));
}

#[test]
fn a_heartbeat_that_stays_away_is_recorded_as_a_time_out() {
    let state = callback(json!({"TimeoutSeconds": 600, "HeartbeatSeconds": 5}));
    let mut host = Host::submitted(&single(state), &json!({}));
    assert_eq!(host.fire(), TimerKind::Heartbeat);
    assert_eq!(host.now, START + 5_000);
    assert_eq!(host.failure(), ("States.Timeout", ""));
}

#[test]
fn a_heartbeat_moves_its_timer_and_leaves_no_event() {
    let state = callback(json!({"TimeoutSeconds": 600, "HeartbeatSeconds": 5}));
    let mut host = Host::submitted(&single(state), &json!({}));
    let events = host.events.len();
    host.now += 3_000;
    host.send(Stimulus::TaskHeartbeat { event: 3 }).unwrap();
    assert_eq!(host.events.len(), events);
    let early = Stimulus::TimerFired {
        event: 3,
        kind: TimerKind::Heartbeat,
    };
    host.now = START + 5_000;
    assert_eq!(
        host.send(early),
        Err(Unmoved::Stale),
        "the timer that was moved does not count"
    );
    host.fire();
    assert_eq!(host.now, START + 8_000);
    assert_eq!(host.failure().0, "States.Timeout");
}

#[test]
fn a_heartbeat_to_a_task_without_one_changes_nothing() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({}));
    let advance = host.send(Stimulus::TaskHeartbeat { event: 3 }).unwrap();
    assert!(advance.events.is_empty() && advance.effects.is_empty());
    assert_eq!(
        host.send(Stimulus::TaskHeartbeat { event: 4 }),
        Err(Unmoved::Stale)
    );
}

#[test]
fn a_missed_heartbeat_is_caught_by_either_name() {
    for name in ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"] {
        let mut definition = single(callback(json!({
            "HeartbeatSeconds": 5,
            "Catch": [{"ErrorEquals": [name], "Next": "B"}],
        })));
        definition["States"]["B"] = json!({"Type": "Succeed"});
        let mut host = Host::submitted(&definition, &json!({}));
        host.fire();
        assert_eq!(
            host.output(),
            &json!({"Error": "States.Timeout", "Cause": ""}),
            "{name}"
        );
    }
}

#[test]
fn an_answer_clears_both_timers_of_its_task() {
    let state = callback(json!({"TimeoutSeconds": 600, "HeartbeatSeconds": 5}));
    let mut host = Host::submitted(&single(state), &json!({}));
    assert_eq!(host.timers.len(), 2);
    host.succeed(json!(1)).unwrap();
    assert_eq!(host.timers, []);
}

#[test]
fn time_outs_can_come_from_the_input() {
    let state = callback(json!({"TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h"}));
    let host = Host::started(&single(state.clone()), &json!({"t": 60, "h": 5}));
    assert_eq!(host.timers.len(), 2);
    for (input, reason) in [
        (
            json!({"t": -1, "h": 5}),
            "references a negative value: $.t == -1",
        ),
        (
            json!({"t": "x", "h": 5}),
            "cannot be parsed as a long value: $.t == x",
        ),
        (
            json!({"t": 0, "h": 5}),
            "references a value that is not positive: $.t == 0",
        ),
        (
            json!({"h": 5}),
            "The JSONPath '$.t' specified for the field 'TimeoutSecondsPath'",
        ),
    ] {
        let host = Host::started(&single(state.clone()), &input);
        assert!(host.failure().1.contains(reason), "{:?}", host.failure());
    }
}

#[test]
fn the_execution_times_out_with_its_own_status() {
    let mut definition = single(callback(json!({"HeartbeatSeconds": 60})));
    definition["TimeoutSeconds"] = json!(5);
    let mut host = Host::submitted(&definition, &json!({}));
    assert_eq!(host.timers[0].event, 0);
    assert_eq!(host.fire(), TimerKind::ExecutionTimeout);
    assert_eq!(host.history().last().unwrap(), "6<0 ExecutionTimedOut");
    assert_eq!(
        host.end(),
        &End::TimedOut {
            error: None,
            cause: None
        }
    );
}

#[test]
fn an_execution_that_ends_in_time_clears_its_time_out() {
    let mut definition = single(callback(json!({})));
    definition["TimeoutSeconds"] = json!(5);
    let mut host = Host::submitted(&definition, &json!({}));
    host.succeed(json!(1)).unwrap();
    assert_eq!(host.timers, []);
    assert_eq!(host.send(Stimulus::ExecutionTimedOut), Err(Unmoved::Stale));
}

#[test]
fn a_machine_without_a_time_out_can_still_be_timed_out_by_its_host() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({}));
    let fired = Stimulus::TimerFired {
        event: 0,
        kind: TimerKind::ExecutionTimeout,
    };
    assert_eq!(host.send(fired), Err(Unmoved::Stale));
    host.send(Stimulus::ExecutionTimedOut).unwrap();
    assert_eq!(
        host.end(),
        &End::TimedOut {
            error: None,
            cause: None
        }
    );
}

fn wait(field: &str, value: Value, input: &Value) -> Host {
    let mut state = json!({"Type": "Wait"});
    state[field] = value;
    Host::started(&single(state), input)
}

#[test]
fn a_wait_ends_when_its_seconds_are_over() {
    for (field, value) in [("Seconds", json!(3)), ("SecondsPath", json!("$.s"))] {
        let mut host = wait(field, value, &json!({"s": 3}));
        assert_eq!(host.frame.waiting_for(), Waiting::Timer { event: 2 });
        assert_eq!(host.fire(), TimerKind::Wait);
        assert_eq!(host.now, START + 3_000);
        assert_eq!(
            host.history()[1..],
            [
                "2<0 WaitStateEntered",
                "3<2 WaitStateExited",
                "4<3 ExecutionSucceeded"
            ]
        );
        assert_eq!(host.output(), &json!({"s": 3}));
    }
}

#[test]
fn a_wait_ends_at_its_timestamp() {
    for (field, value) in [
        ("Timestamp", json!("2023-11-14T22:13:21.5Z")),
        ("Timestamp", json!("2023-11-14T23:13:21.4999999+01:00")),
        ("TimestampPath", json!("$.t")),
    ] {
        let mut host = wait(field, value, &json!({"t": "2023-11-14T22:13:21.500Z"}));
        host.fire();
        assert_eq!(host.now, START + 1_500);
    }
}

#[test]
fn a_wait_for_nothing_or_for_the_past_is_over_at_once() {
    let past = json!("2016-03-05T21:29:29.243167252Z");
    for (field, value) in [("Seconds", json!(0)), ("Timestamp", past)] {
        let host = wait(field, value, &json!({}));
        assert_eq!(host.output(), &json!({}));
    }
}

#[test]
fn bad_times_fail_with_the_words_of_aws() {
    let start = "An error occurred while executing the state 'A' (entered at the event id #2). ";
    let timestamp = "The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
                     date-time format string: $.v == ";
    for (field, value, reason) in [
        (
            "SecondsPath",
            json!(-1.5),
            "The SecondsPath parameter cannot be parsed as a long value: $.v == -1.5".to_owned(),
        ),
        (
            "SecondsPath",
            json!(-1),
            "The SecondsPath parameter references a negative value: $.v == -1".to_owned(),
        ),
        (
            "TimestampPath",
            json!("2016-12-05 21:29:29Z"),
            format!("{timestamp}2016-12-05 21:29:29Z"),
        ),
        ("TimestampPath", json!(5), format!("{timestamp}5")),
    ] {
        let host = wait(field, json!("$.v"), &json!({"v": value}));
        assert_eq!(
            host.failure(),
            ("States.Runtime", format!("{start}{reason}").as_str())
        );
    }
}

#[test]
fn kinds_of_timers_keep_their_numbers() {
    use TimerKind::{ExecutionTimeout, Heartbeat, Retry, TaskTimeout, Wait};
    let kinds = [Wait, Retry, TaskTimeout, Heartbeat, ExecutionTimeout];
    let codes: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes, [1, 2, 3, 4, 5]);
    for kind in kinds {
        assert_eq!(TimerKind::from_code(kind.code()), Some(kind));
    }
    assert_eq!(TimerKind::from_code(0), None);
    assert_eq!(TimerKind::from_code(6), None);
}

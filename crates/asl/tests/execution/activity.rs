//! Task states whose resource is an activity: until a worker takes the task, only its timeout counts.

use rampmeter_asl::{Stimulus, TimerKind};
use serde_json::{Value, json};

use crate::host::{Host, single};

const ACTIVITY: &str = "arn:aws:states:eu-west-1:000000000000:activity:pack";

fn task() -> Value {
    json!({ "Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 60, "HeartbeatSeconds": 10 })
}

fn start(host: &mut Host, worker: Option<&str>) {
    let event = host.tasks.last().expect("a task waits").event;
    let worker_name = worker.map(str::to_owned);
    host.send(Stimulus::TaskStarted { event, worker_name })
        .expect("nobody has taken the task");
}

#[test]
fn a_task_of_an_activity_begins_when_a_worker_takes_it() {
    let mut host = Host::started(&single(task()), &json!({ "box": 7 }));
    assert_eq!(host.history()[2..], ["3<2 ActivityScheduled"]);
    start(&mut host, Some("packer-1"));
    host.succeed(json!("packed")).unwrap();
    assert_eq!(
        host.history()[2..],
        [
            "3<2 ActivityScheduled",
            "4<3 ActivityStarted",
            "5<4 ActivitySucceeded",
            "6<5 TaskStateExited",
            "7<6 ExecutionSucceeded",
        ]
    );
    assert_eq!(host.output(), &json!("packed"));
    let shown = |index: usize| host.events[index].to_history_event(true);
    assert_eq!(
        shown(2)["activityScheduledEventDetails"],
        json!({
            "resource": ACTIVITY,
            "input": "{\"box\":7}",
            "inputDetails": { "truncated": false },
            "timeoutInSeconds": 60,
            "heartbeatInSeconds": 10,
        })
    );
    assert_eq!(
        shown(3)["activityStartedEventDetails"],
        json!({ "workerName": "packer-1" })
    );
}

#[test]
fn a_worker_need_not_say_its_name() {
    let mut host = Host::started(&single(task()), &json!({}));
    start(&mut host, None);
    assert_eq!(
        host.events[3].to_history_event(true)["activityStartedEventDetails"],
        json!({})
    );
}

#[test]
fn a_task_is_taken_once() {
    let mut host = Host::started(&single(task()), &json!({}));
    start(&mut host, None);
    let event = host.tasks[0].event;
    let again = Stimulus::TaskStarted {
        event,
        worker_name: None,
    };
    assert!(host.send(again).is_err());
}

#[test]
fn the_time_out_counts_from_the_schedule_and_the_heartbeat_from_the_worker() {
    let mut host = Host::started(&single(task()), &json!({}));
    let kinds = |host: &Host| {
        host.timers
            .iter()
            .map(|timer| timer.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&host), [TimerKind::TaskTimeout]);
    start(&mut host, None);
    assert_eq!(kinds(&host), [TimerKind::TaskTimeout, TimerKind::Heartbeat]);
    assert_eq!(host.fire(), TimerKind::Heartbeat);
    assert_eq!(
        host.history()[4..],
        ["5<4 ActivityTimedOut", "6<5 ExecutionFailed"]
    );
    assert!(host.timers.is_empty());
}

#[test]
fn a_task_that_nobody_takes_times_out() {
    let mut host = Host::started(&single(task()), &json!({}));
    assert_eq!(host.fire(), TimerKind::TaskTimeout);
    assert_eq!(
        host.history()[2..],
        [
            "3<2 ActivityScheduled",
            "4<3 ActivityTimedOut",
            "5<4 ExecutionFailed"
        ]
    );
}

#[test]
fn a_failure_that_a_worker_reports_can_be_tried_again() {
    let mut state = task();
    state["Retry"] = json!([{ "ErrorEquals": ["Jam"], "IntervalSeconds": 1 }]);
    let mut host = Host::started(&single(state), &json!({}));
    start(&mut host, None);
    host.fail("Jam", "the belt stands still").unwrap();
    assert_eq!(host.fire(), TimerKind::Retry);
    assert_eq!(
        host.history()[4..],
        ["5<4 ActivityFailed", "6<5 ActivityScheduled"]
    );
    start(&mut host, None);
}

#[test]
fn an_activity_that_does_not_exist_fails_the_execution_before_anything_is_scheduled() {
    let gone = "arn:aws:states:eu-west-1:000000000000:activity:deleted";
    let state = json!({ "Type": "Task", "Resource": gone });
    let host = Host::started(&single(state), &json!({}));
    assert_eq!(host.history()[2..], ["3<2 ExecutionFailed"]);
    let details = &host.events[2].to_history_event(true)["executionFailedEventDetails"];
    assert_eq!(details["error"], "States.Runtime");
    let cause = details["cause"].as_str().expect("a cause");
    assert!(
        cause.ends_with(&format!(
            "(entered at the event id #2). The activity {gone} does not exist."
        )),
        "{cause}"
    );
}

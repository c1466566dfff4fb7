//! Tasks that send a message, with and without a task token: the recorded sequences of events, their
//! details as `GetExecutionHistory` shows them, and results that come late or twice.

use rampmeter_asl::{End, Payload, Status, Stimulus, Unmoved, Waiting};
use serde_json::{Value, json};

use crate::host::{Host, callback, single};

#[test]
fn a_callback_that_succeeds_leaves_the_eight_events_that_aws_recorded() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({"a": 1}));
    host.succeed(json!("done")).unwrap();
    assert_eq!(
        host.history(),
        [
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered",
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskSubmitted",
            "6<5 TaskSucceeded",
            "7<6 TaskStateExited",
            "8<7 ExecutionSucceeded",
        ]
    );
    assert_eq!(host.output(), &json!("done"));
}

#[test]
fn events_look_on_the_wire_as_aws_sends_them() {
    let state = callback(json!({"TimeoutSeconds": 600, "HeartbeatSeconds": 60}));
    let mut host = Host::submitted(&single(state), &json!({"a": 1}));
    host.now += 1_500;
    host.succeed(json!("done")).unwrap();
    let events: Vec<Value> = host
        .events
        .iter()
        .map(|event| event.to_history_event(true))
        .collect();
    let whole = json!({"truncated": false});
    let resource = "sendMessage.waitForTaskToken";
    let expected = json!([
        {"timestamp": 1_700_000_000.0, "type": "ExecutionStarted", "id": 1, "previousEventId": 0,
         "executionStartedEventDetails": {"input": "{\"a\":1}", "inputDetails": whole,
             "roleArn": "arn:aws:iam::000000000000:role/orders"}},
        {"timestamp": 1_700_000_000.0, "type": "TaskStateEntered", "id": 2, "previousEventId": 0,
         "stateEnteredEventDetails": {"name": "A", "input": "{\"a\":1}", "inputDetails": whole}},
        {"timestamp": 1_700_000_000.0, "type": "TaskScheduled", "id": 3, "previousEventId": 2,
         "taskScheduledEventDetails": {"resourceType": "sqs", "resource": resource,
             "region": "eu-west-1", "timeoutInSeconds": 600, "heartbeatInSeconds": 60,
             "parameters": "{\"MessageBody\":{\"TaskToken\":\"task-token-3\"}}"}},
        {"timestamp": 1_700_000_000.0, "type": "TaskStarted", "id": 4, "previousEventId": 3,
         "taskStartedEventDetails": {"resourceType": "sqs", "resource": resource}},
        {"timestamp": 1_700_000_000.0, "type": "TaskSubmitted", "id": 5, "previousEventId": 4,
         "taskSubmittedEventDetails": {"resourceType": "sqs", "resource": resource,
             "output": "{\"MessageId\":\"m-1\"}", "outputDetails": whole}},
        {"timestamp": 1_700_000_001.5, "type": "TaskSucceeded", "id": 6, "previousEventId": 5,
         "taskSucceededEventDetails": {"resourceType": "sqs", "resource": resource,
             "output": "\"done\"", "outputDetails": whole}},
        {"timestamp": 1_700_000_001.5, "type": "TaskStateExited", "id": 7, "previousEventId": 6,
         "stateExitedEventDetails": {"name": "A", "output": "\"done\"", "outputDetails": whole}},
        {"timestamp": 1_700_000_001.5, "type": "ExecutionSucceeded", "id": 8, "previousEventId": 7,
         "executionSucceededEventDetails": {"output": "\"done\"", "outputDetails": whole}},
    ]);
    assert_eq!(Value::Array(events), expected);
}

#[test]
fn events_without_execution_data_show_no_data_but_why_they_failed() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({"secret": 1}));
    host.fail("Oops", "the reason").unwrap();
    for event in &host.events {
        let event = event.to_history_event(false);
        let text = event.to_string();
        assert!(
            !text.contains("secret") && !text.contains("MessageId"),
            "{text}"
        );
        assert!(
            !text.contains("truncated") && !text.contains("task-token"),
            "{text}"
        );
    }
    let last = host.events.last().unwrap().to_history_event(false);
    assert_eq!(
        last["executionFailedEventDetails"],
        json!({"error": "Oops", "cause": "the reason"})
    );
}

#[test]
fn a_callback_that_fails_ends_the_execution_with_its_error() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({}));
    host.fail("Http.StatusCode.400", "no such customer")
        .unwrap();
    assert_eq!(
        host.history()[5..],
        ["6<5 TaskFailed", "7<6 ExecutionFailed"]
    );
    assert_eq!(host.failure(), ("Http.StatusCode.400", "no such customer"));
    assert_eq!(
        host.events[5].to_history_event(true)["taskFailedEventDetails"],
        json!({"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken",
               "error": "Http.StatusCode.400", "cause": "no such customer"})
    );
}

#[test]
fn a_plain_send_ends_with_the_service_s_response() {
    let state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$.body"},
    });
    let host = Host::submitted(&single(state), &json!({"body": "hello"}));
    assert_eq!(
        host.history()[2..],
        [
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskSucceeded",
            "6<5 TaskStateExited",
            "7<6 ExecutionSucceeded",
        ]
    );
    assert_eq!(
        host.parameters(),
        &json!({"QueueUrl": "q", "MessageBody": "hello"})
    );
    assert!(!host.tasks[0].awaits_token);
    assert_eq!(host.output(), &json!({"MessageId": "m-1"}));
}

#[test]
fn a_plain_send_that_is_refused_is_a_failed_task() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "q", "MessageBody": null},
    });
    let mut host = Host::started(&single(state), &json!({}));
    refuse(&mut host);
    assert_eq!(
        host.history()[4..],
        ["5<4 TaskFailed", "6<5 ExecutionFailed"]
    );
    assert_eq!(host.failure(), ("SQS.AmazonSQSException", "no MessageBody"));
}

#[test]
fn a_callback_that_cannot_be_submitted_says_so_and_can_be_caught() {
    let state = callback(json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}));
    let mut definition = single(state);
    definition["States"]["B"] = json!({"Type": "Succeed"});
    let mut host = Host::started(&definition, &json!({}));
    refuse(&mut host);
    assert_eq!(
        host.history()[4..7],
        [
            "5<4 TaskSubmitFailed",
            "6<5 TaskStateExited",
            "7<6 SucceedStateEntered"
        ]
    );
    assert_eq!(
        host.output(),
        &json!({"Error": "SQS.AmazonSQSException", "Cause": "no MessageBody"})
    );
}

fn refuse(host: &mut Host) {
    let event = host.tasks[0].event;
    let (error, cause) = (
        "SQS.AmazonSQSException".to_owned(),
        "no MessageBody".to_owned(),
    );
    host.send(Stimulus::SubmitFailed {
        event,
        error,
        cause,
    })
    .expect("the task waits for it");
}

#[test]
fn a_task_names_its_event_its_entry_and_its_attempt() {
    let state = callback(json!({
        "HeartbeatSeconds": 7,
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
    }));
    let mut host = Host::submitted(&single(state), &json!({}));
    host.fail("Oops", "").unwrap();
    host.fire();
    let tasks: Vec<_> = host
        .tasks
        .iter()
        .map(|task| (task.event, task.entered_event, task.attempt))
        .collect();
    assert_eq!(tasks, [(3, 2, 1), (7, 2, 2)]);
    assert_eq!(host.tasks[1].state, "A");
    assert_eq!(host.tasks[1].heartbeat_seconds, Some(7));
    assert_eq!(
        host.parameters(),
        &json!({"MessageBody": {"TaskToken": "task-token-7"}})
    );
}

#[test]
fn a_second_answer_is_stale_and_changes_nothing() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({}));
    assert!(host.succeed(json!(1)).is_ok());
    assert_eq!(host.succeed(json!(2)), Err(Unmoved::Stale));
    assert_eq!(host.fail("late", ""), Err(Unmoved::Stale));
    assert_eq!(host.output(), &json!(1));
}

#[test]
fn an_answer_to_an_earlier_attempt_is_stale() {
    let state = callback(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]}));
    let mut host = Host::submitted(&single(state), &json!({}));
    host.fail("Oops", "").unwrap();
    assert_eq!(
        host.succeed(json!(1)),
        Err(Unmoved::Stale),
        "while the next attempt waits"
    );
    host.fire();
    host.submit();
    let late = Stimulus::TaskSucceeded {
        event: 3,
        output: Payload::from_value(json!(1)),
    };
    assert_eq!(
        host.send(late),
        Err(Unmoved::Stale),
        "while the next attempt runs"
    );
    host.succeed(json!(2)).unwrap();
    assert_eq!(host.output(), &json!(2));
}

#[test]
fn an_answer_may_come_before_the_submission_is_reported() {
    let mut host = Host::started(&single(callback(json!({}))), &json!({}));
    host.succeed(json!(1)).unwrap();
    assert_eq!(
        host.history()[4..6],
        ["5<4 TaskSucceeded", "6<5 TaskStateExited"]
    );
}

#[test]
fn a_failure_without_error_and_cause_is_caught_as_two_nulls() {
    let state = callback(json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}));
    let mut definition = single(state);
    definition["States"]["B"] = json!({"Type": "Succeed"});
    let mut host = Host::submitted(&definition, &json!({}));
    let failed = Stimulus::TaskFailed {
        event: 3,
        error: None,
        cause: None,
    };
    host.send(failed).unwrap();
    assert_eq!(host.output(), &json!({"Error": null, "Cause": null}));
}

#[test]
fn a_stopped_execution_waits_for_nothing_and_takes_no_answer() {
    let state = callback(json!({"TimeoutSeconds": 60, "HeartbeatSeconds": 5}));
    let mut host = Host::submitted(&single(state), &json!({}));
    let stop = Stimulus::Stop {
        error: Some("Enough".to_owned()),
        cause: None,
    };
    host.send(stop.clone()).unwrap();
    assert_eq!(host.history().last().unwrap(), "6<0 ExecutionAborted");
    assert_eq!(
        host.end(),
        &End::Aborted {
            error: Some("Enough".to_owned()),
            cause: None
        }
    );
    assert_eq!(host.succeed(json!(1)), Err(Unmoved::Stale));
    assert_eq!(host.send(stop), Err(Unmoved::Stale));
    assert_eq!(host.frame.waiting_for(), Waiting::Nothing);
    assert_eq!(
        host.frame.state(),
        "A",
        "a redrive has to know where it stopped"
    );
}

#[test]
fn a_frame_says_what_it_waits_for() {
    let mut host = Host::new(&single(callback(json!({}))), &json!({}));
    assert_eq!(host.frame.waiting_for(), Waiting::Nothing);
    assert_eq!(
        host.send(Stimulus::Continue),
        Err(Unmoved::Stale),
        "it has not begun"
    );
    let input = Payload::from_value(json!({}));
    host.send(Stimulus::Start {
        input: input.clone(),
    })
    .unwrap();
    assert_eq!(host.frame.waiting_for(), Waiting::Task { event: 3 });
    assert_eq!(host.frame.entered_event(), 2);
    assert_eq!((host.frame.id(), host.frame.parent()), (0, None));
    assert_eq!(host.status, Status::Waiting);
    assert_eq!(
        host.send(Stimulus::Start { input }),
        Err(Unmoved::Stale),
        "it has begun"
    );
    host.submit();
    let output = Payload::from_value(json!({}));
    assert_eq!(
        host.send(Stimulus::Submitted { event: 3, output }),
        Err(Unmoved::Stale),
        "a second time"
    );
}

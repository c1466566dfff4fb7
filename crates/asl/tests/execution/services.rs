//! What a task's resource changes: the family of its events, and whether it continues when the service
//! responds.

use rampmeter_asl::{Effect, Payload, Stimulus, TimerKind};
use serde_json::{Value, json};

use crate::host::{Host, single};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:price";

fn task(resource: &str) -> Value {
    single(json!({ "Type": "Task", "Resource": resource, "TimeoutSeconds": 60 }))
}

#[test]
fn a_function_named_by_its_arn_has_events_of_its_own() {
    let mut host = Host::started(&task(FUNCTION), &json!({ "sku": 7 }));
    let event = host.tasks[0].event;
    let output = Payload::from_value(json!(12));
    host.send(Stimulus::Submitted { event, output }).unwrap();
    assert_eq!(
        host.history()[2..],
        [
            "3<2 LambdaFunctionScheduled",
            "4<3 LambdaFunctionStarted",
            "5<4 LambdaFunctionSucceeded",
            "6<5 TaskStateExited",
            "7<6 ExecutionSucceeded",
        ]
    );
    assert_eq!(host.output(), &json!(12));
    let shown = |index: usize| host.events[index].to_history_event(true);
    assert_eq!(
        shown(2)["lambdaFunctionScheduledEventDetails"],
        json!({
            "resource": FUNCTION,
            "input": "{\"sku\":7}",
            "inputDetails": { "truncated": false },
            "timeoutInSeconds": 60,
        })
    );
    let members: Vec<_> = shown(3).as_object().unwrap().keys().cloned().collect();
    assert_eq!(members.len(), 4, "it has no details: {members:?}");
    assert_eq!(
        shown(4)["lambdaFunctionSucceededEventDetails"],
        json!({ "output": "12", "outputDetails": { "truncated": false } })
    );
}

#[test]
fn the_role_of_the_credentials_is_told_by_the_event_that_schedules_the_task() {
    let role = "arn:aws:iam::123456789012:role/r";
    let input = json!({ "role": role });
    for (resource, fields, details) in [
        (
            "arn:aws:states:::sqs:sendMessage",
            json!({ "Credentials": { "RoleArn.$": "$.role" } }),
            "taskScheduledEventDetails",
        ),
        (
            "arn:aws:states:::sqs:sendMessage",
            json!({ "QueryLanguage": "JSONata", "Credentials": { "RoleArn": "{% $states.input.role %}" } }),
            "taskScheduledEventDetails",
        ),
        (
            "arn:aws:lambda:eu-west-1:000000000000:function:f",
            json!({ "Credentials": { "RoleArn": role } }),
            "lambdaFunctionScheduledEventDetails",
        ),
    ] {
        let mut state = json!({ "Type": "Task", "Resource": resource });
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let host = Host::started(&single(state), &input);
        let scheduled = host.events[2].to_history_event(true);
        assert_eq!(
            scheduled[details]["taskCredentials"]["roleArn"], role,
            "{scheduled}"
        );
    }
    let faulty = json!({ "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "QueryLanguage": "JSONata", "Credentials": { "RoleArn": "{% $states.input.none %}" } });
    let host = Host::started(&single(faulty), &input);
    let (_, cause) = host.failure();
    assert!(cause.contains("the field 'Credentials/RoleArn' returned nothing"));
}

#[test]
fn a_function_that_fails_or_takes_too_long_says_so_in_its_own_events() {
    let mut host = Host::started(&task(FUNCTION), &json!({}));
    host.fail("ValueError", "no such sku").unwrap();
    assert_eq!(
        host.history()[4..],
        ["5<4 LambdaFunctionFailed", "6<5 ExecutionFailed"]
    );
    let mut host = Host::started(&task(FUNCTION), &json!({}));
    assert_eq!(host.fire(), TimerKind::TaskTimeout);
    assert_eq!(
        host.history()[4..],
        ["5<4 LambdaFunctionTimedOut", "6<5 ExecutionFailed"]
    );
    assert_eq!(host.failure(), ("States.Timeout", ""));
}

#[test]
fn a_job_is_submitted_and_then_awaited_without_a_task_token() {
    for suffix in [".sync", ".sync:2"] {
        let resource = format!("arn:aws:states:::states:startExecution{suffix}");
        let mut host = Host::submitted(&task(&resource), &json!({}));
        assert!(!host.tasks[0].awaits_token);
        host.succeed(json!({ "Status": "SUCCEEDED" })).unwrap();
        assert_eq!(
            host.history()[2..6],
            [
                "3<2 TaskScheduled",
                "4<3 TaskStarted",
                "5<4 TaskSubmitted",
                "6<5 TaskSucceeded",
            ]
        );
        let details = &host.events[4].to_history_event(true)["taskSubmittedEventDetails"];
        assert_eq!(details["resource"], format!("startExecution{suffix}"));
        assert_eq!(details["resourceType"], "states");
    }
}

#[test]
fn a_job_that_takes_too_long_is_abandoned() {
    let resource = "arn:aws:states:::states:startExecution.sync";
    let mut host = Host::submitted(&task(resource), &json!({}));
    let timer = host.timers.remove(0);
    host.now = timer.at;
    let advance = host
        .send(Stimulus::TimerFired {
            event: timer.event,
            kind: timer.kind,
        })
        .unwrap();
    assert!(advance.effects.contains(&Effect::Abandon(timer.event)));
}

#[test]
fn an_answer_that_comes_later_is_the_end_of_a_plain_task() {
    let mut host = Host::started(&task("arn:aws:states:::lambda:invoke"), &json!({}));
    assert_eq!(host.history().len(), 4, "it waits for the answer");
    host.submit();
    assert_eq!(host.history()[4], "5<4 TaskSucceeded");
}

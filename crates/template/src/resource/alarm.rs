//! Alarms: what `[slo]` calls acceptable, dead letters, throttles by the vendor and by Lambda, and tasks that nobody
//! answered. They go to the topic of the parameter, if there is one.

use std::time::Duration;

use rampmeter_config::{Target, Workflow};
use rampmeter_dispatch::Priority;
use serde_json::{Value, json};

use super::function::METRICS;
use super::parameter::{ALARM_TOPIC, HAS_ALARM_TOPIC};
use crate::deployment::Deployment;
use crate::document::{Template, attribute, either, reference, sub};
use crate::name;

/// The alarms of a target.
pub(crate) fn of_target(template: &mut Template, deployment: &Deployment<'_>, target: &Target) {
    for priority in Priority::ALL {
        let Some(slo) = deployment.config().slo.get(&priority) else {
            continue;
        };
        let word = name::of_priority(priority);
        let lower = word.to_lowercase();
        if let Some(oldest) = slo.oldest {
            let mut alarm = alarm(
                &format!("{}-{lower}-oldest", target.name),
                &format!(
                    "A {priority} call of {} has waited for too long.",
                    target.name
                ),
            );
            of_metric(
                &mut alarm,
                "AWS/SQS",
                "ApproximateAgeOfOldestMessage",
                "Maximum",
            );
            let queue = attribute(&name::queue_id(&target.name, priority), "QueueName");
            alarm["Properties"]["Dimensions"] = dimensions(&[("QueueName", queue)]);
            bound(&mut alarm, 60, seconds(oldest));
            let id = name::id(&target.name, &format!("{word}OldestAlarm"));
            template.resource(&id, "", alarm);
        }
        if let Some(wait) = slo.wait_p95 {
            let mut alarm = alarm(
                &format!("{}-{lower}-wait", target.name),
                &format!(
                    "5 of 100 {priority} calls of {} waited longer than is acceptable.",
                    target.name
                ),
            );
            of_metric(&mut alarm, METRICS, "CallWait", "");
            alarm["Properties"]["ExtendedStatistic"] = "p95".into();
            alarm["Properties"]["Dimensions"] = dimensions(&[
                ("service", target.name.as_str().into()),
                ("Priority", priority.as_str().into()),
            ]);
            bound(&mut alarm, 300, milliseconds(wait));
            let id = name::id(&target.name, &format!("{word}WaitAlarm"));
            template.resource(&id, "", alarm);
        }
    }
    dead_letters(template, &target.name);
    throttles(template, &target.name);
}

/// The alarm of a workflow: a task whose answer never came.
pub(crate) fn of_workflow(template: &mut Template, workflow: &Workflow) {
    let name = &workflow.name;
    let mut alarm = alarm(
        &format!("{name}-timed-out"),
        &format!(
            "An execution of {name} timed out: an answer never came, or a call waited for too long."
        ),
    );
    of_metric(&mut alarm, "AWS/States", "ExecutionsTimedOut", "Sum");
    let machine = reference(&name::id(name, "StateMachine"));
    alarm["Properties"]["Dimensions"] = dimensions(&[("StateMachineArn", machine)]);
    bound(&mut alarm, 300, 0);
    template.resource(&name::id(name, "TimedOutAlarm"), "", alarm);
}

fn dead_letters(template: &mut Template, target: &str) {
    let mut alarm = alarm(
        &format!("{target}-dead"),
        &format!("Calls of {target} have failed for good and are kept as dead letters."),
    );
    of_metric(
        &mut alarm,
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "Maximum",
    );
    let queue = attribute(&name::id(target, "DeadQueue"), "QueueName");
    alarm["Properties"]["Dimensions"] = dimensions(&[("QueueName", queue)]);
    bound(&mut alarm, 300, 0);
    template.resource(&name::id(target, "DeadAlarm"), "", alarm);
}

fn throttles(template: &mut Template, target: &str) {
    let mut foreign = alarm(
        &format!("{target}-foreign-throttle"),
        &format!(
            "{target} throttled us below our own limits: somebody else uses the account, or a limit is set too high."
        ),
    );
    of_metric(&mut foreign, METRICS, "ForeignThrottle", "Sum");
    foreign["Properties"]["Dimensions"] = dimensions(&[("service", target.into())]);
    bound(&mut foreign, 300, 0);
    template.resource(&name::id(target, "ForeignThrottleAlarm"), "", foreign);
    let function = reference(&name::id(target, "WorkerFunction"));
    for (what, metric, description, most) in [
        ("errors", "Errors", "The worker of", 0),
        (
            "throttles",
            "Throttles",
            "Lambda has no room for the worker of",
            30,
        ),
    ] {
        let end = if metric == "Errors" { " failed." } else { "." };
        let mut alarm = alarm(
            &format!("{target}-worker-{what}"),
            &format!("{description} {target}{end}"),
        );
        of_metric(&mut alarm, "AWS/Lambda", metric, "Sum");
        alarm["Properties"]["Dimensions"] = dimensions(&[("FunctionName", function.clone())]);
        bound(&mut alarm, 300, most);
        template.resource(
            &name::id(target, &format!("Worker{metric}Alarm")),
            "",
            alarm,
        );
    }
}

fn alarm(alarm_name: &str, description: &str) -> Value {
    let topic = json!([reference(ALARM_TOPIC)]);
    json!({
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub(format!("${{AWS::StackName}}-{alarm_name}")),
            "AlarmDescription": description,
            "AlarmActions": either(HAS_ALARM_TOPIC, topic, reference("AWS::NoValue")),
        },
    })
}

fn of_metric(alarm: &mut Value, namespace: &str, metric: &str, statistic: &str) {
    let properties = &mut alarm["Properties"];
    properties["Namespace"] = namespace.into();
    properties["MetricName"] = metric.into();
    if !statistic.is_empty() {
        properties["Statistic"] = statistic.into();
    }
}

fn bound(alarm: &mut Value, period_seconds: u64, most: u64) {
    let properties = &mut alarm["Properties"];
    properties["Period"] = period_seconds.into();
    properties["EvaluationPeriods"] = 1.into();
    properties["ComparisonOperator"] = "GreaterThanThreshold".into();
    properties["Threshold"] = most.into();
    properties["TreatMissingData"] = "notBreaching".into();
}

fn dimensions(pairs: &[(&str, Value)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect()
}

fn seconds(duration: Duration) -> u64 {
    milliseconds(duration).div_ceil(1000)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

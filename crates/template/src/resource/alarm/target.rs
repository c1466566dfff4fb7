//! The alarms of a target's calls: how long they wait, how they end, what their vendor says.

use std::time::Duration;

use rampmeter_config::Target;
use rampmeter_dispatch::Priority;

use super::{Alarm, MAX_SHARE, Metric, share, sum};
use crate::deployment::Deployment;
use crate::document::{Template, attribute, reference};
use crate::name;
use crate::resource::function::METRICS;
use crate::resource::parameter::FAILURES;

pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>, target: &Target) {
    for priority in Priority::ALL {
        objectives(template, deployment, target, priority);
    }
    failures(template, deployment, &target.name);
    dead_letters(template, &target.name);
    foreign_throttles(template, deployment, &target.name);
}

/// What `[slo]` says of a priority.
fn objectives(
    template: &mut Template,
    deployment: &Deployment<'_>,
    target: &Target,
    priority: Priority,
) {
    let Some(slo) = deployment.config().slo.get(&priority) else {
        return;
    };
    let name = &target.name;
    let word = name::of_priority(priority);
    let of = format!("{name}-{}", word.to_lowercase());
    if let Some(oldest) = slo.oldest {
        let queue = attribute(&name::queue_id(name, priority), "QueueName");
        let age = Metric::most(
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            queue,
        );
        let alarm = Alarm::new(
            &of,
            "oldest",
            &format!("A {priority} call of {name} has waited for too long."),
            "rampmeter aws status.",
        )
        .of_metric(&age, 60, seconds(oldest));
        template.resource(
            &name::id(name, &format!("{word}OldestAlarm")),
            "",
            alarm.resource(),
        );
    }
    if let Some(wait) = slo.wait_p95 {
        let waits = Metric {
            statistic: "p95",
            ..of_priority(deployment, name, priority, "CallWait")
        };
        let alarm = Alarm::new(
            &of,
            "wait",
            &format!("5 of 100 {priority} calls of {name} waited longer than is acceptable."),
            "rampmeter aws status.",
        )
        .of_metric(&waits, 300, milliseconds(wait));
        template.resource(
            &name::id(name, &format!("{word}WaitAlarm")),
            "",
            alarm.resource(),
        );
    }
}

/// Calls that failed for good: a large number of them, and a large share.
fn failures(template: &mut Template, deployment: &Deployment<'_>, target: &str) {
    let of_all = |what: &'static str| {
        Priority::ALL.map(|priority| of_priority(deployment, target, priority, what))
    };
    let failed: Vec<Metric> = of_all("CallFailed").into_iter().collect();
    let alarm = Alarm::new(
        target,
        "calls-failed",
        &format!("Many calls of {target} have failed for good."),
        "read Error and Cause of a message in its queue of dead letters.",
    )
    .of_expression(&sum(0..3), &failed, 300, reference(FAILURES));
    template.resource(&name::id(target, "CallsFailedAlarm"), "", alarm.resource());
    let mut both = failed;
    both.extend(of_all("CallSucceeded"));
    let alarm = Alarm::new(
        target,
        "calls-failing",
        &format!("More than {MAX_SHARE} of 100 calls of {target} fail for good."),
        "read Error and Cause of a message in its queue of dead letters.",
    )
    .of_expression(&share(&sum(0..3), &sum(3..6)), &both, 900, MAX_SHARE);
    template.resource(&name::id(target, "CallsFailingAlarm"), "", alarm.resource());
}

fn dead_letters(template: &mut Template, target: &str) {
    let queue = attribute(&name::id(target, "DeadQueue"), "QueueName");
    let letters = Metric::most(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "QueueName",
        queue,
    );
    let alarm = Alarm::new(
        target,
        "dead",
        &format!("Calls of {target} have failed for good and are kept as dead letters."),
        "read Error and Cause of a message in its queue of dead letters.",
    )
    .of_metric(&letters, 300, 0);
    template.resource(&name::id(target, "DeadAlarm"), "", alarm.resource());
}

fn foreign_throttles(template: &mut Template, deployment: &Deployment<'_>, target: &str) {
    let service = deployment.naming().staged(target);
    let throttles = Metric::sum(METRICS, "ForeignThrottle", "service", service.into());
    let alarm = Alarm::new(
        target,
        "foreign-throttle",
        &format!(
            "{target} throttled us below our own limits: somebody else uses the account, or a limit is set too high."
        ),
        "ask who else uses the account.",
    )
    .of_metric(&throttles, 300, 0);
    template.resource(
        &name::id(target, "ForeignThrottleAlarm"),
        "",
        alarm.resource(),
    );
}

fn of_priority(
    deployment: &Deployment<'_>,
    target: &str,
    priority: Priority,
    what: &'static str,
) -> Metric {
    let service = deployment.naming().staged(target);
    let mut metric = Metric::sum(METRICS, what, "service", service.into());
    metric
        .dimensions
        .push(("Priority", priority.as_str().into()));
    metric
}

fn seconds(duration: Duration) -> u64 {
    milliseconds(duration).div_ceil(1000)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

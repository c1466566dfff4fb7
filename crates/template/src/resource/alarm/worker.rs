//! The alarms of a target's functions: they fail, Lambda has no room for them, they sleep and nothing wakes them, or
//! undelivered messages are left lying.

use rampmeter_config::Target;

use super::{Alarm, Metric};
use crate::deployment::Deployment;
use crate::document::{Template, attribute, reference};
use crate::name;
use crate::resource::function::METRICS;
use crate::resource::schedule::MINUTES;

/// How long what could not be delivered may wait for its consumer, in seconds.
const UNDELIVERED_SECONDS: u64 = 900;

pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>, target: &Target) {
    let name = &target.name;
    let function = || reference(&name::id(name, "WorkerFunction"));
    let errors = Metric::sum("AWS/Lambda", "Errors", "FunctionName", function());
    let alarm = Alarm::new(
        name,
        "worker-errors",
        &format!("The worker of {name} failed."),
        "look at the last error in its log.",
    )
    .of_metric(&errors, 300, 0);
    template.resource(&name::id(name, "WorkerErrorsAlarm"), "", alarm.resource());
    let throttles = Metric::sum("AWS/Lambda", "Throttles", "FunctionName", function());
    let alarm = Alarm::new(
        name,
        "worker-throttles",
        &format!("Lambda has no room for the worker of {name}."),
        "aws lambda get-account-settings.",
    )
    .of_metric(&throttles, 300, 30);
    template.resource(
        &name::id(name, "WorkerThrottlesAlarm"),
        "",
        alarm.resource(),
    );
    undelivered(template, name);
    if deployment.has_table() {
        asleep(template, deployment, name);
    }
}

/// The worker's watch reports how many mappings are off that nothing will switch on. No report is just as bad.
fn asleep(template: &mut Template, deployment: &Deployment<'_>, target: &str) {
    let service = deployment.naming().staged(target);
    let asleep = Metric::most(METRICS, "MappingsAsleep", "service", service.into());
    let alarm = Alarm::new(
        target,
        "asleep",
        &format!("The queues of {target} wake no worker, and nothing will change that."),
        "enable the event source mappings of its worker.",
    )
    .of_metric(&asleep, 60 * MINUTES, 0)
    .after(3)
    .or_silence();
    template.resource(&name::id(target, "AsleepAlarm"), "", alarm.resource());
}

fn undelivered(template: &mut Template, target: &str) {
    let queue = attribute(&name::id(target, "UndeliveredQueue"), "QueueName");
    let age = Metric::most(
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        "QueueName",
        queue,
    );
    let alarm = Alarm::new(
        target,
        "undelivered",
        &format!("Nobody fails the tasks of calls of {target} that could not be delivered."),
        "look at the last error in the log of its consumer.",
    )
    .of_metric(&age, 300, UNDELIVERED_SECONDS);
    template.resource(&name::id(target, "UndeliveredAlarm"), "", alarm.resource());
}

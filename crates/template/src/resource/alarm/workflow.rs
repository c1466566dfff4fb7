//! The alarms of a workflow: executions that fail or time out, and a source whose messages start none.

use rampmeter_config::Workflow;

use super::{Alarm, MAX_SHARE, Metric, share, sum};
use crate::deployment::Deployment;
use crate::document::{Template, attribute, reference};
use crate::name;
use crate::resource::parameter::FAILURES;

/// How long a source's message may wait for its execution, in seconds.
const SOURCE_SECONDS: u64 = 900;

pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>, workflow: &Workflow) {
    let name = &workflow.name;
    let of = |metric: &'static str| {
        let machine = reference(&name::id(name, "StateMachine"));
        Metric::sum("AWS/States", metric, "StateMachineArn", machine)
    };
    let (failed, good) = (of("ExecutionsFailed"), of("ExecutionsSucceeded"));
    let alarm = Alarm::new(
        name,
        "executions-failed",
        &format!("Many executions of {name} have failed; a task that nobody answered in time is among them."),
        "look at the error of one of them in the console.",
    )
    .of_metric(&failed, 300, reference(FAILURES));
    template.resource(
        &name::id(name, "ExecutionsFailedAlarm"),
        "",
        alarm.resource(),
    );
    let alarm = Alarm::new(
        name,
        "executions-failing",
        &format!("More than {MAX_SHARE} of 100 executions of {name} fail."),
        "look at the error of one of them in the console.",
    )
    .of_expression(
        &share(&sum(0..1), &sum(1..2)),
        &[failed, good],
        900,
        MAX_SHARE,
    );
    template.resource(
        &name::id(name, "ExecutionsFailingAlarm"),
        "",
        alarm.resource(),
    );
    let alarm = Alarm::new(
        name,
        "timed-out",
        &format!("An execution of {name} took longer than the TimeoutSeconds of its definition."),
        "look at the state in which it stood.",
    )
    .of_metric(&of("ExecutionsTimedOut"), 300, 0);
    template.resource(&name::id(name, "TimedOutAlarm"), "", alarm.resource());
    if let Some(source) = &workflow.source {
        let source = deployment.naming().staged(source);
        of_source(template, name, &source);
    }
}

fn of_source(template: &mut Template, workflow: &str, source: &str) {
    let queue = |what: &str| attribute(&name::id(workflow, what), "QueueName");
    let aside = Metric::most(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "QueueName",
        queue("Unstarted"),
    );
    let alarm = Alarm::new(
        workflow,
        "unstarted",
        &format!("Messages of {source} started no execution of {workflow} and lie aside."),
        "look at the body of one of them.",
    )
    .of_metric(&aside, 300, 0);
    template.resource(&name::id(workflow, "UnstartedAlarm"), "", alarm.resource());
    let age = Metric::most(
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        "QueueName",
        queue("Source"),
    );
    let alarm = Alarm::new(
        workflow,
        "source-oldest",
        &format!("A message of {source} has waited for its execution of {workflow} for too long."),
        "look whether the pipe runs.",
    )
    .of_metric(&age, 300, SOURCE_SECONDS);
    template.resource(
        &name::id(workflow, "SourceOldestAlarm"),
        "",
        alarm.resource(),
    );
    let pipe = reference(&name::id(workflow, "Pipe"));
    let failed = Metric::sum("AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName", pipe);
    let alarm = Alarm::new(
        workflow,
        "pipe-failed",
        &format!("The pipe from {source} to {workflow} fails; its messages come again."),
        "look at the executions of the starter.",
    )
    .of_metric(&failed, 300, 0)
    .after(3);
    template.resource(&name::id(workflow, "PipeFailedAlarm"), "", alarm.resource());
}

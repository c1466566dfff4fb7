//! The schedule that checks a worker's mappings. A worker whose target is closed for long switches them off, and leaves
//! its waking to a schedule of its own, which fires once. Whatever may fail in that (the schedule, the switch, a
//! deployment in between), this one fires every few minutes and wakes a worker that nothing else will wake.

use rampmeter_config::Target;
use serde_json::json;

use crate::deployment::Deployment;
use crate::document::{Template, attribute};
use crate::name;

/// How often it checks, in minutes.
pub(crate) const MINUTES: u64 = 5;

/// The schedule of a target, which assumes the role that wakes its worker.
pub(crate) fn add(
    template: &mut Template,
    deployment: &Deployment<'_>,
    target: &Target,
    wake_role: &str,
) {
    let function = name::id(&target.name, "WorkerFunction");
    template.resource(
        &name::id(&target.name, "WatchSchedule"),
        "Finds a worker whose mappings are off although no schedule will switch them on, and wakes it.",
        json!({
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": deployment.naming().watch_schedule(&target.name),
                "ScheduleExpression": format!("rate({MINUTES} minutes)"),
                "FlexibleTimeWindow": { "Mode": "OFF" },
                "State": "ENABLED",
                "Target": {
                    "Arn": attribute(&function, "Arn"),
                    "RoleArn": attribute(wake_role, "Arn"),
                    "Input": json!({ "rampmeter": "watch" }).to_string(),
                    "RetryPolicy": { "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60 * MINUTES },
                },
            },
        }),
    );
}

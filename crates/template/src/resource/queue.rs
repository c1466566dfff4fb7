//! The queues of a target: three that calls wait in, one that SQS moves a message to when it was received too often, one
//! of dead letters. Their names are the contract with the worker and with everybody who sends.

use rampmeter_config::Target;
use rampmeter_dispatch::Priority;
use serde_json::{Value, json};

use crate::document::{Template, arn, attribute};
use crate::name;

/// How long a message may wait: the most that SQS has, 14 days.
pub(crate) const RETENTION_SECONDS: u64 = 14 * 24 * 60 * 60;
/// The most that SQS keeps a message invisible, 12 hours.
pub(crate) const MAX_INVISIBLE_SECONDS: u64 = 12 * 60 * 60;
/// How often a message may be received. A worker hands messages back that it cannot start, and every return counts.
pub(crate) const MAX_RECEIVES: u32 = 1_000;
/// AWS asks for six times the function's timeout.
pub(crate) const TIMEOUTS_INVISIBLE: u64 = 6;

/// The queues of a target whose function runs for at most `function_timeout` seconds.
pub(crate) fn add(template: &mut Template, target: &Target, function_timeout: u64) {
    let invisible = function_timeout * TIMEOUTS_INVISIBLE;
    let undelivered = name::id(&target.name, "UndeliveredQueue");
    let dead = name::id(&target.name, "DeadQueue");
    for priority in Priority::ALL {
        let mut queue = queue(&name::queue(&target.name, priority), invisible);
        if priority == Priority::High {
            queue["Properties"]["#RedrivePolicy"] = Value::from(
                "Attempts and deferrals are counted by the worker. This count rises with every return, so it only \
                 stops what would go round for ever.",
            );
        }
        queue["Properties"]["RedrivePolicy"] = json!({
            "deadLetterTargetArn": attribute(&undelivered, "Arn"),
            "maxReceiveCount": MAX_RECEIVES,
        });
        let comment = format!("{priority} calls of {}.", target.name);
        template.resource(&name::queue_id(&target.name, priority), &comment, queue);
    }
    // By name: an attribute would make a circle with the queues that redrive to this one.
    let sources = Priority::ALL.map(|priority| arn("sqs", &name::queue(&target.name, priority)));
    let mut queue_of_undelivered = queue(&name::undelivered_queue(&target.name), invisible);
    queue_of_undelivered["Properties"]["RedrivePolicy"] = json!({
        "deadLetterTargetArn": attribute(&dead, "Arn"),
        "maxReceiveCount": MAX_RECEIVES,
    });
    queue_of_undelivered["Properties"]["RedriveAllowPolicy"] =
        json!({ "redrivePermission": "byQueue", "sourceQueueArns": sources });
    template.resource(
        &undelivered,
        "Where SQS moves a message that was received too often. Its consumer fails the task that waits.",
        queue_of_undelivered,
    );
    let mut queue_of_dead = queue(&name::dead_queue(&target.name), 30);
    queue_of_dead["Properties"]["RedriveAllowPolicy"] = json!({
        "redrivePermission": "byQueue",
        "sourceQueueArns": [arn("sqs", &name::undelivered_queue(&target.name))],
    });
    template.resource(
        &dead,
        "Dead letters: the record of calls whose tasks have failed. Nobody consumes them.",
        queue_of_dead,
    );
}

/// A standard queue, or one in order if its name says so. It outlives the stack: what waits in it was acknowledged.
pub(crate) fn queue(name: &str, invisible_seconds: u64) -> Value {
    let mut queue = json!({
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "QueueName": name,
            "VisibilityTimeout": invisible_seconds,
            "MessageRetentionPeriod": RETENTION_SECONDS,
            "SqsManagedSseEnabled": true,
        },
    });
    if name.ends_with(".fifo") {
        queue["Properties"]["FifoQueue"] = Value::Bool(true);
    }
    queue
}

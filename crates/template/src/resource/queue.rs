//! The queues of a target: three in which calls wait, one to which SQS moves messages that were received too often, and
//! one for dead letters. Their names are the contract with the worker and with everybody who sends.

use rampmeter_config::Target;
use rampmeter_dispatch::Priority;
use serde_json::{Value, json};

use super::KEPT;
use super::encryption::QUEUE_KEY;
use super::function::UNDELIVERED_TIMEOUT;
use crate::deployment::Deployment;
use crate::document::{Template, arn, attribute, either, reference};
use crate::name;

/// How long a message may wait: the most that SQS has, 14 days.
pub(crate) const RETENTION_SECONDS: u64 = 14 * 24 * 60 * 60;
/// The most that SQS keeps a message invisible, 12 hours.
pub(crate) const MAX_INVISIBLE_SECONDS: u64 = 12 * 60 * 60;
/// How often a message may be received. A worker hands messages back that it cannot start, and every return counts.
pub(crate) const MAX_RECEIVES: u32 = 1_000;

/// The queues of a target whose function runs for at most `function_timeout` seconds. Lambda accepts no queue that
/// hides its messages for less than that. It is not six times as long, as AWS suggests for functions that use up a
/// receive when they are throttled: a worker that cannot begin would leave the whole backlog hidden, and receives are
/// not attempts here.
pub(crate) fn add(
    template: &mut Template,
    deployment: &Deployment<'_>,
    target: &Target,
    function_timeout: u64,
) {
    let naming = deployment.naming();
    let invisible = function_timeout;
    let undelivered = name::id(&target.name, "UndeliveredQueue");
    let dead = name::id(&target.name, "DeadQueue");
    for priority in Priority::ALL {
        let mut queue = queue(&naming.queue(&target.name, priority), invisible);
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
    // By name: an attribute would make a circular reference with the queues that redrive to this one.
    let sources = Priority::ALL.map(|priority| arn("sqs", &naming.queue(&target.name, priority)));
    let mut queue_of_undelivered =
        queue(&naming.undelivered_queue(&target.name), UNDELIVERED_TIMEOUT);
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
    let mut queue_of_dead = queue(&naming.dead_queue(&target.name), 30);
    queue_of_dead["Properties"]["RedriveAllowPolicy"] = json!({
        "redrivePermission": "byQueue",
        "sourceQueueArns": [arn("sqs", &naming.undelivered_queue(&target.name))],
    });
    template.resource(
        &dead,
        "Dead letters: the record of calls whose tasks have failed. Nobody consumes them.",
        queue_of_dead,
    );
    let queues = Priority::ALL.map(|priority| name::queue_id(&target.name, priority));
    let all: Vec<&str> = queues
        .iter()
        .chain([&undelivered, &dead])
        .map(String::as_str)
        .collect();
    template.resource(
        &name::id(&target.name, "QueuePolicy"),
        "Nobody reaches the queues without TLS.",
        over_tls_only(&all),
    );
}

/// The policy of queues that refuse requests without TLS.
pub(crate) fn over_tls_only(queues: &[&str]) -> Value {
    let urls: Vec<Value> = queues.iter().map(|queue| reference(queue)).collect();
    json!({
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": urls,
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Sid": "OverTlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sqs:*",
                    "#Resource": "The policy of a queue is about that queue.",
                    "Resource": "*",
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                }],
            },
        },
    })
}

/// A standard queue, or a FIFO queue if its name says so. It outlives the stack: what waits in it was acknowledged.
pub(crate) fn queue(name: &str, invisible_seconds: u64) -> Value {
    let mut queue = json!({
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": KEPT,
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "QueueName": name,
            "VisibilityTimeout": invisible_seconds,
            "MessageRetentionPeriod": RETENTION_SECONDS,
            "SqsManagedSseEnabled": either(QUEUE_KEY.condition, reference("AWS::NoValue"), true.into()),
            "KmsMasterKeyId": QUEUE_KEY.arn(),
        },
    });
    if name.ends_with(".fifo") {
        queue["Properties"]["FifoQueue"] = Value::Bool(true);
    }
    queue
}

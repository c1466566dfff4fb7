//! Event source mappings: a queue wakes its function, one message at a time.

use serde_json::{Value, json};

use crate::document::{attribute, reference};

/// The mapping of a queue to a function that runs at most `concurrency` times at once for it.
pub(crate) fn of(function: &str, queue: &str, concurrency: u32) -> Value {
    json!({
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": reference(function),
            "EventSourceArn": attribute(queue, "Arn"),
            "Enabled": true,
            "BatchSize": 1,
            "ScalingConfig": { "MaximumConcurrency": concurrency },
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    })
}

//! Roles: one for each function, state machine and pipe, each right limited to its resource. `*` is used only where AWS
//! has nothing narrower, with the reason beside it.

use serde_json::{Value, json};

use super::parameter::{BOUNDARY, HAS_BOUNDARY};
use crate::document::{attribute, either, reference};

const SEND_TRACES: &[&str] = &["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
const SAMPLE_TRACES: &[&str] = &["xray:GetSamplingRules", "xray:GetSamplingTargets"];
const NO_TRACE_RESOURCE: &str = "AWS X-Ray has no narrower resource.";

/// A right to do something with one resource.
pub(crate) fn allow(what: &str, actions: &[&str], on: impl Into<Value>) -> Value {
    json!({ "Sid": what, "Effect": "Allow", "Action": actions, "Resource": on.into() })
}

/// A right that AWS gives for everything or not at all.
pub(crate) fn allow_on_all(what: &str, actions: &[&str], why: &str) -> Value {
    json!({ "Sid": what, "Effect": "Allow", "Action": actions, "#Resource": why, "Resource": "*" })
}

/// A right under a condition.
pub(crate) fn allow_if(
    what: &str,
    actions: &[&str],
    on: impl Into<Value>,
    condition: Value,
) -> Value {
    let mut statement = allow(what, actions, on);
    statement["Condition"] = condition;
    statement
}

/// The right to write to a log group.
pub(crate) fn allow_logs(log_group: &str) -> Value {
    allow(
        "Log",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        attribute(log_group, "Arn"),
    )
}

/// The right of a function to send its traces. X-Ray has no resources.
pub(crate) fn allow_traces() -> Value {
    allow_on_all("Trace", SEND_TRACES, NO_TRACE_RESOURCE)
}

/// The right of a state machine to trace its executions: it decides which ones.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html>
pub(crate) fn allow_sampled_traces() -> Value {
    let actions = [SEND_TRACES, SAMPLE_TRACES].concat();
    allow_on_all("Trace", &actions, NO_TRACE_RESOURCE)
}

/// A role that a service assumes, with these rights.
pub(crate) fn role(service: &str, rights: &[Value]) -> Value {
    let mut trust = json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "sts:AssumeRole",
    });
    if service != "lambda.amazonaws.com" {
        // The service may assume it only for this account.
        trust["Condition"] =
            json!({ "StringEquals": { "aws:SourceAccount": reference("AWS::AccountId") } });
    }
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] },
            "PermissionsBoundary": either(HAS_BOUNDARY, reference(BOUNDARY), reference("AWS::NoValue")),
            "Policies": [{
                "PolicyName": "rights",
                "PolicyDocument": { "Version": "2012-10-17", "Statement": rights },
            }],
        },
    })
}

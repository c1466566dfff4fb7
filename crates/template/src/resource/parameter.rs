//! What is chosen when the stack is made: everything has a default but where the code is, which only a template without
//! SAM asks for.

use serde_json::{Value, json};

use crate::deployment::Emit;
use crate::document::{Template, reference};

/// The bucket and the two keys that a template without SAM takes code from.
pub(crate) const CODE_BUCKET: &str = "CodeBucket";
pub(crate) const WORKER_KEY: &str = "WorkerKey";
pub(crate) const LAYER_KEY: &str = "LayerKey";

pub(crate) const LOG_RETENTION: &str = "LogRetentionInDays";
pub(crate) const LOG_LEVEL: &str = "LogLevel";
pub(crate) const ARCHITECTURE: &str = "Architecture";
pub(crate) const ALARM_TOPIC: &str = "AlarmTopicArn";
pub(crate) const BOUNDARY: &str = "PermissionsBoundaryArn";

pub(crate) const SUBNETS: &str = "VpcSubnetIds";
pub(crate) const SECURITY_GROUPS: &str = "VpcSecurityGroupIds";

/// Whether workers are in a network of the user's.
pub(crate) const HAS_VPC: &str = "HasVpc";
/// Whether alarms tell somebody.
pub(crate) const HAS_ALARM_TOPIC: &str = "HasAlarmTopic";
/// Whether roles have a permissions boundary.
pub(crate) const HAS_BOUNDARY: &str = "HasPermissionsBoundary";

pub(crate) fn add(template: &mut Template, emit: Emit) {
    let mut groups = Vec::new();
    if emit == Emit::Cfn {
        groups.push(group("Code", &[CODE_BUCKET, WORKER_KEY, LAYER_KEY]));
        let text = |description: &str| json!({ "Type": "String", "Description": description, "MinLength": 1 });
        template.parameter(
            CODE_BUCKET,
            text("Bucket in the stack's region that holds the two archives."),
        );
        template.parameter(WORKER_KEY, text("Key of the worker's archive, worker.zip."));
        template.parameter(
            LAYER_KEY,
            text("Key of the configuration's archive, layer.zip. A new key is a new version of the layer."),
        );
    }
    groups.push(group(
        "Worker",
        &[ARCHITECTURE, LOG_LEVEL, SUBNETS, SECURITY_GROUPS],
    ));
    groups.push(group("Operation", &[LOG_RETENTION, ALARM_TOPIC, BOUNDARY]));
    template.metadata(
        "AWS::CloudFormation::Interface",
        json!({ "ParameterGroups": groups }),
    );
    template.parameter(
        ARCHITECTURE,
        json!({
            "Type": "String",
            "Description": "Processor that worker.zip was built for.",
            "Default": "arm64",
            "AllowedValues": ["arm64", "x86_64"],
        }),
    );
    template.parameter(
        LOG_LEVEL,
        json!({
            "Type": "String",
            "Description": "What the worker logs.",
            "Default": "info",
            "AllowedValues": ["error", "warn", "info", "debug"],
        }),
    );
    template.parameter(
        LOG_RETENTION,
        json!({
            "Type": "Number",
            "Description": "How long logs are kept.",
            "Default": 30,
            "AllowedValues": [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
        }),
    );
    template.parameter(
        ALARM_TOPIC,
        json!({ "Type": "String", "Description": "ARN of the SNS topic that alarms go to; none if empty.", "Default": "" }),
    );
    template.parameter(
        BOUNDARY,
        json!({ "Type": "String", "Description": "ARN of the policy that bounds every role of the stack; none if empty.", "Default": "" }),
    );
    for (parameter, what) in [
        (
            SUBNETS,
            "Private subnets of the workers, with a way to SQS, DynamoDB and Step Functions; none if empty.",
        ),
        (
            SECURITY_GROUPS,
            "Security groups of the workers in those subnets.",
        ),
    ] {
        template.parameter(
            parameter,
            json!({ "Type": "CommaDelimitedList", "Description": what, "Default": "" }),
        );
    }
    let subnets = json!({ "Fn::Join": ["", reference(SUBNETS)] });
    let is_empty = json!({ "Fn::Equals": [subnets, ""] });
    template.condition(HAS_VPC, json!({ "Fn::Not": [is_empty] }));
    for (condition, parameter) in [(HAS_ALARM_TOPIC, ALARM_TOPIC), (HAS_BOUNDARY, BOUNDARY)] {
        let is_empty = json!({ "Fn::Equals": [reference(parameter), ""] });
        template.condition(condition, json!({ "Fn::Not": [is_empty] }));
    }
}

fn group(label: &str, parameters: &[&str]) -> Value {
    json!({ "Label": { "default": label }, "Parameters": parameters })
}

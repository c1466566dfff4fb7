//! What is chosen when the stack is made. Everything has a default except the location of the code, which only a
//! template without SAM asks for.

use serde_json::{Value, json};

use super::encryption::{KEYS, Key, SECRET_KEY, TABLE_KEY};
use super::function::DEFAULT_MEMORY;
use crate::deployment::{Deployment, Emit};
use crate::document::{Template, reference};

/// The bucket and the two keys from which a template without SAM takes code.
pub(crate) const CODE_BUCKET: &str = "CodeBucket";
pub(crate) const WORKER_KEY: &str = "WorkerKey";
pub(crate) const LAYER_KEY: &str = "LayerKey";

pub(crate) const LOG_RETENTION: &str = "LogRetentionInDays";
pub(crate) const LOG_LEVEL: &str = "LogLevel";
pub(crate) const ARCHITECTURE: &str = "Architecture";
pub(crate) const MEMORY: &str = "WorkerMemory";
pub(crate) const RESERVE_CONCURRENCY: &str = "ReserveConcurrency";
pub(crate) const PROTECT_TABLE: &str = "ProtectTable";
pub(crate) const ALARM_TOPICS: &str = "AlarmTopicArns";
pub(crate) const FAILURES: &str = "AlarmAboveFailures";
pub(crate) const BOUNDARY: &str = "PermissionsBoundaryArn";

pub(crate) const SUBNETS: &str = "VpcSubnetIds";
pub(crate) const SECURITY_GROUPS: &str = "VpcSecurityGroupIds";

/// Whether workers are in a network of the user's.
pub(crate) const HAS_VPC: &str = "HasVpc";
/// Whether drainers have concurrency of their own.
pub(crate) const RESERVES_CONCURRENCY: &str = "ReservesConcurrency";
/// Whether the worker logs more than Lambda would keep by itself.
pub(crate) const LOGS_DETAIL: &str = "LogsDetail";
/// Whether alarms notify anybody.
pub(crate) const HAS_ALARM_TOPICS: &str = "HasAlarmTopics";
/// Whether roles have a permissions boundary.
pub(crate) const HAS_BOUNDARY: &str = "HasPermissionsBoundary";

pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>) {
    template.metadata(
        "AWS::CloudFormation::Interface",
        json!({ "ParameterGroups": groups(deployment) }),
    );
    if deployment.emit == Emit::Cfn {
        code(template);
    }
    worker(template, deployment);
    operation(template, deployment);
    for key in keys(deployment) {
        key.add(template);
    }
}

/// How the console shows them.
fn groups(deployment: &Deployment<'_>) -> Vec<Value> {
    let group = |label: &str, parameters: &[&str]| json!({ "Label": { "default": label }, "Parameters": parameters });
    let mut groups = Vec::new();
    if deployment.emit == Emit::Cfn {
        groups.push(group("Code", &[CODE_BUCKET, WORKER_KEY, LAYER_KEY]));
    }
    let mut worker = vec![ARCHITECTURE, MEMORY];
    let mut operation = vec![LOG_RETENTION, ALARM_TOPICS, FAILURES, BOUNDARY];
    if deployment.has_table() {
        worker.push(RESERVE_CONCURRENCY);
        operation.push(PROTECT_TABLE);
    }
    worker.extend([LOG_LEVEL, SUBNETS, SECURITY_GROUPS]);
    groups.push(group("Worker", &worker));
    groups.push(group("Operation", &operation));
    let keys: Vec<&str> = keys(deployment).map(|key| key.parameter).collect();
    groups.push(group("Encryption", &keys));
    groups
}

/// The keys for which this deployment has something to encrypt.
fn keys(deployment: &Deployment<'_>) -> impl Iterator<Item = Key> {
    let has_table = deployment.has_table();
    let has_secrets = deployment
        .plan
        .secrets
        .values()
        .any(|names| !names.is_empty());
    KEYS.into_iter().filter(move |key| match key.parameter {
        name if name == TABLE_KEY.parameter => has_table,
        name if name == SECRET_KEY.parameter => has_secrets,
        _ => true,
    })
}

fn code(template: &mut Template) {
    let text =
        |description: &str| json!({ "Type": "String", "Description": description, "MinLength": 1 });
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

fn worker(template: &mut Template, deployment: &Deployment<'_>) {
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
        MEMORY,
        json!({
            "Type": "Number",
            "Description": "Memory of each worker in MiB. Bodies of 1 MiB in 200 calls at once need 2048.",
            "Default": DEFAULT_MEMORY,
            "MinValue": 128,
            "MaxValue": 10_240,
        }),
    );
    if deployment.has_table() {
        let description = "Whether workers have concurrency of their own that nothing else in the account can take. \
                           Lambda leaves 100 unreserved and refuses the stack otherwise.";
        template.parameter(RESERVE_CONCURRENCY, choice(description, "no"));
        template.condition(RESERVES_CONCURRENCY, is_yes(RESERVE_CONCURRENCY));
    }
    template.parameter(
        LOG_LEVEL,
        json!({
            "Type": "String",
            "Description": "What the worker logs. Its metrics are written whatever this is.",
            "Default": "info",
            "AllowedValues": ["error", "warn", "info", "debug"],
        }),
    );
    let is_debug = json!({ "Fn::Equals": [reference(LOG_LEVEL), "debug"] });
    template.condition(LOGS_DETAIL, is_debug);
    for (parameter, what) in [
        (
            SUBNETS,
            "Private subnets of the workers, with a way to SQS, DynamoDB, Step Functions, Lambda and EventBridge Scheduler; none if empty.",
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
    template.condition(HAS_VPC, has_entries(SUBNETS));
}

fn operation(template: &mut Template, deployment: &Deployment<'_>) {
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
        ALARM_TOPICS,
        json!({
            "Type": "CommaDelimitedList",
            "Description": "ARNs of the SNS topics that alarms go to, five at most; none if empty.",
            "Default": "",
        }),
    );
    template.condition(HAS_ALARM_TOPICS, has_entries(ALARM_TOPICS));
    template.parameter(
        FAILURES,
        json!({
            "Type": "Number",
            "Description": "An alarm tells of more failed calls or executions than this in five minutes.",
            "Default": 25,
            "MinValue": 0,
        }),
    );
    template.parameter(
        BOUNDARY,
        json!({ "Type": "String", "Description": "ARN of the policy that bounds every role of the stack; none if empty.", "Default": "" }),
    );
    let is_empty = json!({ "Fn::Equals": [reference(BOUNDARY), ""] });
    template.condition(HAS_BOUNDARY, json!({ "Fn::Not": [is_empty] }));
    if deployment.has_table() {
        let description = "Whether the table of permits is protected from deletion. Set it once the first deployment has succeeded: \
                           a table that is protected cannot be rolled back.";
        template.parameter(
            PROTECT_TABLE,
            json!({ "Type": "String", "Description": description, "Default": "false", "AllowedValues": ["true", "false"] }),
        );
    }
}

/// An empty list holds one empty text.
fn has_entries(list: &str) -> Value {
    let joined = json!({ "Fn::Join": ["", reference(list)] });
    json!({ "Fn::Not": [{ "Fn::Equals": [joined, ""] }] })
}

fn choice(description: &str, default: &str) -> Value {
    json!({ "Type": "String", "Description": description, "Default": default, "AllowedValues": ["yes", "no"] })
}

fn is_yes(parameter: &str) -> Value {
    json!({ "Fn::Equals": [reference(parameter), "yes"] })
}

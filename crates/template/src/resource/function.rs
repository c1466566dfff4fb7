//! The functions of a target: the worker, which makes the calls, and the consumer of what could not be delivered. Both
//! are the same archive; the environment says which role it has.

use rampmeter_config::Target;
use rampmeter_dispatch::Priority;
use serde_json::{Map, Value, json};

use super::encryption::{QUEUE_KEY, SECRET_KEY, TABLE_KEY};
use super::parameter::{
    ARCHITECTURE, CODE_BUCKET, HAS_VPC, LOG_LEVEL, LOGS_DETAIL, MEMORY, RESERVES_CONCURRENCY,
    SECURITY_GROUPS, SUBNETS, WORKER_KEY,
};
use super::role::{allow, allow_if, allow_logs, allow_on_all, allow_traces, role};
use super::{layer, log_group, mapping, schedule, table};
use crate::deployment::{Deployment, Emit, WORKER_CODE};
use crate::document::{Template, arn, attribute, either, reference, sub};
use crate::name;
use crate::worker::Shape;

/// Memory of a worker, in MiB, where the parameter says nothing: room for 200 calls with bodies of a usual length.
/// Processor time is given in proportion.
pub(crate) const DEFAULT_MEMORY: u32 = 512;
/// The consumer of undelivered messages only reports and moves them, a few at once.
const UNDELIVERED_MEMORY: u32 = 256;
/// How long it has for a message, in seconds.
pub(crate) const UNDELIVERED_TIMEOUT: u64 = 60;

/// The rights of a function that is woken by a queue and responsible for its messages.
const CONSUME: &[&str] = &[
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
];
/// Why a right to report on tasks has no resource.
const NO_TASK_RESOURCE: &str =
    "Step Functions has no narrower resource: the task token itself says which task is meant.";

/// The functions of a target, with their roles, logs and mappings.
pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>, target: &Target) {
    let shape = Shape::of(target, deployment.config().aws.limiter);
    worker(template, deployment, target, shape);
    undelivered(template, deployment, target);
}

fn worker(template: &mut Template, deployment: &Deployment<'_>, target: &Target, shape: Shape) {
    let name = &target.name;
    let naming = deployment.naming();
    let (id, role_id, logs_id) = ids(name, "Worker");
    let mut more = Map::new();
    if deployment.has_table() {
        let wake_role = add_wake_role(template, deployment, name);
        schedule::add(template, deployment, target, &wake_role);
        more.insert(
            "RAMPMETER_SCHEDULER_ROLE".to_owned(),
            attribute(&wake_role, "Arn"),
        );
    }
    let log_group_name = format!("/aws/lambda/{}", naming.worker(name));
    log_group::add(template, &logs_id, &log_group_name);
    template.resource(&role_id, "", worker_role(deployment, name, &logs_id));
    let mut properties = properties(deployment, target, shape.role, more);
    let network =
        json!({ "SubnetIds": reference(SUBNETS), "SecurityGroupIds": reference(SECURITY_GROUPS) });
    properties["VpcConfig"] = either(HAS_VPC, network, reference("AWS::NoValue"));
    properties["FunctionName"] = naming.worker(name).into();
    properties["MemorySize"] = reference(MEMORY);
    properties["Timeout"] = shape.timeout.into();
    properties["ReservedConcurrentExecutions"] = reserved(deployment, shape);
    finish(&mut properties, deployment, &role_id, &logs_id);
    let comment = match shape.role {
        "drain" => format!(
            "Makes the calls of {name}: the mappings wake it, it takes leases from the table and messages from the \
             queues, highest priority first."
        ),
        _ => format!(
            "Makes the calls of {name}, one in each environment: the reserved concurrency is the limit."
        ),
    };
    template.resource(&id, &comment, function(deployment.emit, &properties));
    for priority in Priority::ALL {
        let queue = name::queue_id(name, priority);
        let mapping = mapping::of(&id, &queue, shape.concurrency_of(priority));
        let mapping_id = name::id(name, &(name::of_priority(priority) + "Mapping"));
        let comment = if priority == Priority::High {
            "One message at a time, and no more pollers than there are environments: they take no message that nobody \
             can serve. 2 is the least that AWS has."
        } else {
            ""
        };
        template.resource(&mapping_id, comment, mapping);
    }
}

/// The concurrency that a worker reserves. For a slot it is the limit itself. Drainers are bounded by their mappings, and
/// what they may do together by the table, so that nothing has to be reserved: an account whose limit is still 10 has nothing
/// to spare.
fn reserved(deployment: &Deployment<'_>, shape: Shape) -> Value {
    if deployment.has_table() {
        let none = reference("AWS::NoValue");
        either(RESERVES_CONCURRENCY, shape.concurrency.into(), none)
    } else {
        shape.concurrency.into()
    }
}

/// What the worker of a target may do.
fn worker_role(deployment: &Deployment<'_>, target: &str, logs: &str) -> Value {
    let queues = Priority::ALL.map(|priority| attribute(&name::queue_id(target, priority), "Arn"));
    let mut rights = vec![allow_logs(logs)];
    rights.extend(deployment.config().aws.tracing.then(allow_traces));
    rights.extend([
        allow("TakeCalls", CONSUME, Vec::from(queues)),
        allow(
            "KeepDeadLetters",
            &["sqs:SendMessage"],
            attribute(&name::id(target, "DeadQueue"), "Arn"),
        ),
        allow_on_all(
            "ReportOnTasks",
            &[
                "states:SendTaskSuccess",
                "states:SendTaskFailure",
                "states:SendTaskHeartbeat",
            ],
            NO_TASK_RESOURCE,
        ),
    ]);
    rights.push(QUEUE_KEY.allow_use());
    rights.extend(secrets(deployment, target));
    if deployment.has_table() {
        rights.push(permits(target));
        rights.push(TABLE_KEY.allow_use());
        rights.extend(closing(deployment, target, &name::id(target, "WakeRole")));
    }
    let mut role = role("lambda.amazonaws.com", &rights);
    // In a user's network, a function makes its own network interfaces.
    let of_network = json!([sub(
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )]);
    role["Properties"]["ManagedPolicyArns"] =
        either(HAS_VPC, of_network, reference("AWS::NoValue"));
    role
}

/// The role with which EventBridge Scheduler wakes a worker; its logical id.
fn add_wake_role(template: &mut Template, deployment: &Deployment<'_>, target: &str) -> String {
    let id = name::id(target, "WakeRole");
    let invoke = allow(
        "Wake",
        &["lambda:InvokeFunction"],
        worker_arn(deployment, target),
    );
    template.resource(
        &id,
        "EventBridge Scheduler takes it to wake the worker of a target that was closed.",
        role("scheduler.amazonaws.com", &[invoke]),
    );
    id
}

/// By name: the worker names the role that may wake it.
fn worker_arn(deployment: &Deployment<'_>, target: &str) -> Value {
    let worker = deployment.naming().worker(target);
    arn("lambda", &format!("function:{worker}"))
}

fn undelivered(template: &mut Template, deployment: &Deployment<'_>, target: &Target) {
    let name = &target.name;
    let (id, role_id, logs_id) = ids(name, "Undelivered");
    let queue = name::id(name, "UndeliveredQueue");
    let mut rights = vec![allow_logs(&logs_id)];
    rights.extend(deployment.config().aws.tracing.then(allow_traces));
    rights.extend([
        allow("TakeUndelivered", CONSUME, attribute(&queue, "Arn")),
        allow(
            "KeepDeadLetters",
            &["sqs:SendMessage"],
            attribute(&name::id(name, "DeadQueue"), "Arn"),
        ),
        allow_on_all(
            "ReportOnTasks",
            &["states:SendTaskFailure"],
            NO_TASK_RESOURCE,
        ),
        QUEUE_KEY.allow_use(),
    ]);
    let function_name = deployment.naming().undelivered_function(name);
    log_group::add(template, &logs_id, &format!("/aws/lambda/{function_name}"));
    template.resource(&role_id, "", role("lambda.amazonaws.com", &rights));
    let mut properties = properties(deployment, target, "undelivered", Map::new());
    properties["FunctionName"] = function_name.into();
    properties["Timeout"] = UNDELIVERED_TIMEOUT.into();
    finish(&mut properties, deployment, &role_id, &logs_id);
    template.resource(
        &id,
        "Fails the task of a message that was received too often, and keeps the message as a dead letter.",
        function(deployment.emit, &properties),
    );
    template.resource(
        &name::id(name, "UndeliveredMapping"),
        "",
        mapping::of(&id, &queue, 2),
    );
}

fn ids(target: &str, what: &str) -> (String, String, String) {
    let of = |end: &str| name::id(target, &format!("{what}{end}"));
    (of("Function"), of("Role"), of("Logs"))
}

/// What every function has, the code first.
fn properties(
    deployment: &Deployment<'_>,
    target: &Target,
    role: &str,
    more: Map<String, Value>,
) -> Value {
    let mut variables = json!({
        "RAMPMETER_ROLE": role,
        "RAMPMETER_TARGET": target.name,
        "RAMPMETER_CONFIG": format!("/opt/{}", deployment.configuration()),
        "RAMPMETER_QUEUES": queue_prefix(deployment, &target.name),
        "RAMPMETER_LOG": reference(LOG_LEVEL),
        "POWERTOOLS_SERVICE_NAME": deployment.naming().staged(&target.name),
        "POWERTOOLS_METRICS_NAMESPACE": METRICS,
    });
    if let Value::Object(variables) = &mut variables {
        if deployment.has_table() {
            variables.insert("RAMPMETER_TABLE".to_owned(), reference(table::ID));
        }
        variables.extend(more);
    }
    let mut properties = json!({ "FunctionName": "" });
    match deployment.emit {
        Emit::Sam => properties["CodeUri"] = WORKER_CODE.into(),
        Emit::Cfn => {
            properties["Code"] =
                json!({ "S3Bucket": reference(CODE_BUCKET), "S3Key": reference(WORKER_KEY) });
        }
    }
    properties["Handler"] = "bootstrap".into();
    properties["Runtime"] = "provided.al2023".into();
    properties["Architectures"] = json!([reference(ARCHITECTURE)]);
    properties["MemorySize"] = UNDELIVERED_MEMORY.into();
    properties["Timeout"] = 0.into();
    properties["Layers"] = json!([reference(layer::ID)]);
    properties["Environment"] = json!({ "Variables": variables });
    properties
}

/// Namespace of the metrics that the worker writes into its log.
pub(crate) const METRICS: &str = "Rampmeter";

fn finish(properties: &mut Value, deployment: &Deployment<'_>, role: &str, logs: &str) {
    properties["Role"] = attribute(role, "Arn");
    properties["LoggingConfig"] = json!({
        "LogFormat": "JSON",
        "LogGroup": reference(logs),
        "#ApplicationLogLevel": "Never above INFO: the metrics are log lines, which Lambda takes for INFO.",
        "ApplicationLogLevel": either(LOGS_DETAIL, "DEBUG".into(), "INFO".into()),
        "SystemLogLevel": "WARN",
    });
    if deployment.config().aws.tracing {
        match deployment.emit {
            Emit::Sam => properties["Tracing"] = "Active".into(),
            Emit::Cfn => properties["TracingConfig"] = json!({ "Mode": "Active" }),
        }
    }
}

fn function(emit: Emit, properties: &Value) -> Value {
    let kind = match emit {
        Emit::Sam => "AWS::Serverless::Function",
        Emit::Cfn => "AWS::Lambda::Function",
    };
    json!({ "Type": kind, "Properties": properties })
}

/// The prefix of the URLs of a target's queues.
pub(crate) fn queue_prefix(deployment: &Deployment<'_>, target: &str) -> Value {
    let name = deployment.naming().staged(target);
    sub(format!(
        "https://sqs.${{AWS::Region}}.${{AWS::URLSuffix}}/${{AWS::AccountId}}/{name}"
    ))
}

/// The right to its own item and the attempts of its own calls; to nothing of other targets.
fn permits(target: &str) -> Value {
    let keys = json!([format!("target/{target}"), format!("call/{target}/*")]);
    allow_if(
        "HoldPermits",
        &["dynamodb:GetItem", "dynamodb:PutItem"],
        attribute(table::ID, "Arn"),
        json!({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys } }),
    )
}

/// The rights to switch its own mappings off while its target is closed, and to have itself woken.
fn closing(deployment: &Deployment<'_>, target: &str, wake_role: &str) -> Vec<Value> {
    let function = worker_arn(deployment, target);
    let wake = deployment.naming().wake_schedule(target);
    let schedule = arn("scheduler", &format!("schedule/default/{wake}"));
    let mut own_mappings = allow_if(
        "SwitchOwnMappings",
        &["lambda:UpdateEventSourceMapping"],
        arn("lambda", "event-source-mapping:*"),
        json!({ "ArnEquals": { "lambda:FunctionArn": function } }),
    );
    if let Value::Object(statement) = &mut own_mappings {
        statement.insert(
            "#Resource".to_owned(),
            "A mapping's id is not known before it is made; the condition leaves those of this function.".into(),
        );
    }
    vec![
        allow_on_all(
            "FindOwnMappings",
            &["lambda:ListEventSourceMappings"],
            "Lambda has no narrower resource for a list.",
        ),
        own_mappings,
        allow(
            "ScheduleWake",
            &[
                "scheduler:CreateSchedule",
                "scheduler:UpdateSchedule",
                "scheduler:GetSchedule",
            ],
            schedule,
        ),
        allow_if(
            "LetSchedulerWake",
            &["iam:PassRole"],
            attribute(wake_role, "Arn"),
            json!({ "StringEquals": { "iam:PassedToService": "scheduler.amazonaws.com" } }),
        ),
    ]
}

/// The right to read the secrets of this target and no others.
fn secrets(deployment: &Deployment<'_>, target: &str) -> Vec<Value> {
    let names = deployment.plan.secrets.get(target).into_iter().flatten();
    let (parameters, secrets): (Vec<&String>, Vec<&String>) =
        names.partition(|name| name.starts_with('/'));
    let mut rights = Vec::new();
    if !secrets.is_empty() || !parameters.is_empty() {
        rights.push(SECRET_KEY.allow_reading());
    }
    if !secrets.is_empty() {
        // Secrets Manager adds a hyphen and six characters to a name.
        let arns = secrets
            .iter()
            .map(|name| arn("secretsmanager", &format!("secret:{name}-??????")));
        rights.push(allow(
            "ReadSecrets",
            &["secretsmanager:GetSecretValue"],
            arns.collect::<Vec<_>>(),
        ));
    }
    if !parameters.is_empty() {
        let arns = parameters
            .iter()
            .map(|name| arn("ssm", &format!("parameter{name}")));
        rights.push(allow(
            "ReadParameters",
            &["ssm:GetParameter"],
            arns.collect::<Vec<_>>(),
        ));
    }
    rights
}

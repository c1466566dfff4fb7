//! State machines: the definitions as they are, with the same substitutions as on one machine, and a role that allows
//! what each definition asks for.

use std::collections::BTreeMap;

use rampmeter_config::{Workflow, pascal_case};
use rampmeter_dispatch::Priority;
use serde_json::{Map, Value, json};

use super::encryption::QUEUE_KEY;
use super::role::{allow, allow_on_all, allow_sampled_traces, role};
use super::{function, log_group};
use crate::definition::substitutions;
use crate::deployment::{DEFINITIONS, Deployment, Emit};
use crate::document::{Template, arn, attribute, reference};
use crate::name;
use crate::rights::Rights;

/// Rights that Step Functions needs to write its logs.
const LOG_DELIVERY: &[&str] = &[
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
];

/// The state machine of a workflow, its role and its logs.
pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>, workflow: &Workflow) {
    let name = &workflow.name;
    let called = deployment.naming().staged(name);
    let id = name::id(name, "StateMachine");
    let (role_id, logs_id) = (
        name::id(name, "StateMachineRole"),
        name::id(name, "StateMachineLogs"),
    );
    let mut rights = vec![allow_log_delivery()];
    rights.extend(deployment.config().aws.tracing.then(allow_sampled_traces));
    rights.extend(of_definition(deployment, workflow));
    log_group::add(
        template,
        &logs_id,
        &format!("/aws/vendedlogs/states/{called}"),
    );
    template.resource(&role_id, "", role("states.amazonaws.com", &rights));
    let mut machine = match deployment.emit {
        Emit::Sam => json!({
            "Type": "AWS::Serverless::StateMachine",
            "Properties": {
                "Name": called,
                "Type": "STANDARD",
                "DefinitionUri": definition_file(name),
                "DefinitionSubstitutions": values(deployment, workflow),
                "Role": attribute(&role_id, "Arn"),
                "Logging": logging(&logs_id),
            },
        }),
        Emit::Cfn => json!({
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": called,
                "StateMachineType": "STANDARD",
                "DefinitionString": workflow.source_text,
                "DefinitionSubstitutions": values(deployment, workflow),
                "RoleArn": attribute(&role_id, "Arn"),
                "LoggingConfiguration": logging(&logs_id),
            },
        }),
    };
    if deployment.config().aws.tracing {
        let property = match deployment.emit {
            Emit::Sam => "Tracing",
            Emit::Cfn => "TracingConfiguration",
        };
        machine["Properties"][property] = json!({ "Enabled": true });
    }
    let comment = match workflow.definition_path.file_name() {
        Some(file) => format!("The workflow of {}.", file.display()),
        None => String::new(),
    };
    template.resource(&id, &comment, without_empty(machine));
}

/// Where the definition of a workflow is, from the template's folder.
pub fn definition_file(workflow: &str) -> String {
    format!("{DEFINITIONS}/{workflow}.asl.json")
}

/// Logs only errors, and no data of executions: the history of an execution has that for 90 days.
pub(crate) fn logging(logs: &str) -> Value {
    json!({
        "Level": "ERROR",
        "IncludeExecutionData": false,
        "Destinations": [{ "CloudWatchLogsLogGroup": { "LogGroupArn": attribute(logs, "Arn") } }],
    })
}

/// The right to have logs delivered.
pub(crate) fn allow_log_delivery() -> Value {
    allow_on_all(
        "DeliverLogs",
        LOG_DELIVERY,
        "CloudWatch Logs has no narrower resource for the delivery of logs.",
    )
}

/// A definition without substitutions has no property for them.
fn without_empty(mut machine: Value) -> Value {
    if let Some(Value::Object(properties)) = machine.get_mut("Properties") {
        properties.retain(|key, value| {
            key != "DefinitionSubstitutions" || value.as_object().is_some_and(|map| !map.is_empty())
        });
    }
    machine
}

/// The substitutions that the definition uses, and what they stand for on AWS.
fn values(deployment: &Deployment<'_>, workflow: &Workflow) -> Map<String, Value> {
    let predefined = predefined(deployment);
    let mut used: Vec<&str> = substitutions(&workflow.source_text).collect();
    used.sort_unstable();
    used.dedup();
    let value = |name: &str| {
        let own = workflow
            .substitutions
            .get(name)
            .map(|own| own.as_str().into());
        own.or_else(|| predefined.get(name).cloned())
    };
    used.into_iter()
        .filter_map(|name| Some((name.to_owned(), value(name)?)))
        .collect()
}

/// The names that are predefined on both hosts.
fn predefined(deployment: &Deployment<'_>) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for target in deployment.config().targets.keys() {
        let pascal = pascal_case(target);
        values.insert(
            format!("{pascal}Queues"),
            function::queue_prefix(deployment, target),
        );
        for priority in Priority::ALL {
            let url = reference(&name::queue_id(target, priority));
            values.insert(pascal.clone() + &name::of_priority(priority), url);
        }
    }
    for workflow in deployment.config().workflows.keys() {
        // By name: two workflows may start each other.
        let called = deployment.naming().staged(workflow);
        let machine = arn("states", &format!("stateMachine:{called}"));
        values.insert(pascal_case(workflow) + "Arn", machine);
    }
    values
}

/// What a definition needs, as rights of its role.
fn of_definition(deployment: &Deployment<'_>, workflow: &Workflow) -> Vec<Value> {
    let needed = Rights::of(deployment.config(), workflow);
    let named = |service: &str, kind: &str, name: &String| match name.starts_with("arn:") {
        true => Value::from(name.as_str()),
        false => arn(service, &format!("{kind}{name}")),
    };
    let mut rights = Vec::new();
    if !needed.queues.is_empty() {
        let queues = needed.queues.iter().map(|queue| named("sqs", "", queue));
        let queues: Vec<Value> = queues.collect();
        rights.push(allow("SendMessages", &["sqs:SendMessage"], queues));
        rights.push(QUEUE_KEY.allow_use());
    }
    if !needed.functions.is_empty() {
        let functions = needed.functions.iter().flat_map(|function| {
            let plain = named("lambda", "function:", function);
            let qualified = match function.starts_with("arn:") {
                true => Value::from(format!("{function}:*")),
                false => arn("lambda", &format!("function:{function}:*")),
            };
            [plain, qualified]
        });
        let functions: Vec<Value> = functions.collect();
        rights.push(allow(
            "InvokeFunctions",
            &["lambda:InvokeFunction"],
            functions,
        ));
    }
    let own = deployment.naming().staged(&workflow.name);
    rights.extend(executions(&needed, &own));
    if !needed.connections.is_empty() {
        rights.extend(connections(&needed));
    }
    rights
}

/// Executions that it starts, and those that it waits for.
fn executions(needed: &Rights, own: &str) -> Vec<Value> {
    let machine = |name: &str| match name.starts_with("arn:") {
        true => Value::from(name),
        false => arn("states", &format!("stateMachine:{name}")),
    };
    let execution = |name: &str| match name.starts_with("arn:") {
        true => Value::from(name.replace(":stateMachine:", ":execution:") + ":*"),
        false => arn("states", &format!("execution:{name}:*")),
    };
    let mut started: Vec<&str> = needed.machines.keys().map(String::as_str).collect();
    let mut awaited: Vec<&str> = Vec::new();
    let waits = needed.machines.iter().filter(|(_, waits)| **waits);
    awaited.extend(waits.map(|(name, _)| name.as_str()));
    let mut rights = Vec::new();
    if needed.map_run {
        // A Distributed Map starts executions of its own state machine.
        started.push(own);
        rights.push(allow(
            "FollowMapRuns",
            &[
                "states:DescribeExecution",
                "states:StopExecution",
                "states:RedriveExecution",
            ],
            vec![
                arn("states", &format!("execution:{own}:*")),
                arn("states", &format!("execution:{own}/*")),
            ],
        ));
    }
    if !started.is_empty() {
        let machines: Vec<Value> = started.into_iter().map(machine).collect();
        rights.insert(
            0,
            allow("StartExecutions", &["states:StartExecution"], machines),
        );
    }
    if !awaited.is_empty() {
        let executions: Vec<Value> = awaited.into_iter().map(execution).collect();
        rights.push(allow(
            "FollowExecutions",
            &["states:DescribeExecution", "states:StopExecution"],
            executions,
        ));
        rights.push(allow(
            "HearOfTheirEnd",
            &["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            arn(
                "events",
                "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule",
            ),
        ));
    }
    rights
}

fn connections(needed: &Rights) -> Vec<Value> {
    let connections: Vec<Value> = needed
        .connections
        .iter()
        .map(|arn| arn.as_str().into())
        .collect();
    vec![
        allow_on_all(
            "CallEndpoints",
            &["states:InvokeHTTPEndpoint"],
            "Step Functions has no narrower resource; the connections below bound it.",
        ),
        allow(
            "ReadConnections",
            &["events:RetrieveConnectionCredentials"],
            connections,
        ),
        allow(
            "ReadCredentialsOfConnections",
            &[
                "secretsmanager:GetSecretValue",
                "secretsmanager:DescribeSecret",
            ],
            arn("secretsmanager", "secret:events!connection/*"),
        ),
    ]
}

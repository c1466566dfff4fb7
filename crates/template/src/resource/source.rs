//! `source`: a queue whose messages start executions, one each, named by the message's id, so that a message that is
//! delivered twice starts nothing twice.
//!
//! A pipe cannot name the executions that it starts. So it hands each message to a small EXPRESS state machine, which
//! starts the execution with the name and takes `ExecutionAlreadyExists` for success. There is no code of ours in it.

use rampmeter_config::Workflow;
use serde_json::{Value, json};

use super::role::{allow, allow_sampled_traces, role};
use super::{log_group, machine, queue};
use crate::deployment::Deployment;
use crate::document::{Template, arn, attribute, laid_out, reference};
use crate::name;

/// How often a message may fail to start an execution before it is put aside.
const MAX_STARTS: u32 = 5;
/// How long a message is invisible while its execution is started, in seconds.
const INVISIBLE_SECONDS: u64 = 120;

pub(crate) fn add(
    template: &mut Template,
    deployment: &Deployment<'_>,
    workflow: &Workflow,
    source: &str,
) {
    let id = |what: &str| name::id(&workflow.name, what);
    let (queue_id, unstarted_id) = (id("Source"), id("Unstarted"));
    let mut source_queue = queue::queue(source, INVISIBLE_SECONDS);
    source_queue["Properties"]["RedrivePolicy"] = json!({
        "deadLetterTargetArn": attribute(&unstarted_id, "Arn"),
        "maxReceiveCount": MAX_STARTS,
    });
    let comment = format!("Each message starts one execution of {}.", workflow.name);
    template.resource(&queue_id, &comment, source_queue);
    let mut unstarted = queue::queue(&name::unstarted_queue(source), INVISIBLE_SECONDS);
    unstarted["Properties"]["RedriveAllowPolicy"] = json!({
        "redrivePermission": "byQueue",
        "sourceQueueArns": [arn("sqs", source)],
    });
    template.resource(
        &unstarted_id,
        "Messages that started nothing, such as one whose body is not JSON.",
        unstarted,
    );
    starter(template, deployment, workflow);
    pipe(template, workflow, &queue_id);
}

/// The state machine that starts executions by name.
fn starter(template: &mut Template, deployment: &Deployment<'_>, workflow: &Workflow) {
    let id = |what: &str| name::id(&workflow.name, what);
    let (logs, role_id) = (id("StarterLogs"), id("StarterRole"));
    let starter = name::starter(&workflow.name);
    let machine_arn = arn("states", &format!("stateMachine:{}", workflow.name));
    let tracing = deployment.config().aws.tracing;
    let mut rights = vec![machine::allow_log_delivery()];
    rights.extend(tracing.then(allow_sampled_traces));
    rights.push(allow(
        "StartExecutions",
        &["states:StartExecution"],
        machine_arn,
    ));
    log_group::add(
        template,
        &logs,
        &format!("/aws/vendedlogs/states/{starter}"),
    );
    template.resource(&role_id, "", role("states.amazonaws.com", &rights));
    template.resource(
        &id("Starter"),
        "Names the execution by the message's id: a pipe cannot. A message that is delivered again finds its \
         execution there.",
        json!({
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": starter,
                "StateMachineType": "EXPRESS",
                "DefinitionString": definition(),
                "DefinitionSubstitutions": { "Workflow": arn("states", &format!("stateMachine:{}", workflow.name)) },
                "RoleArn": attribute(&role_id, "Arn"),
                "LoggingConfiguration": machine::logging(&logs),
                "TracingConfiguration": { "Enabled": tracing },
            },
        }),
    );
}

/// The pipe hands over a list of one message.
fn definition() -> String {
    let definition = json!({
        "StartAt": "Start the execution",
        "States": {
            "Start the execution": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution",
                "Parameters": {
                    "StateMachineArn": "${Workflow}",
                    "Name.$": "$[0].messageId",
                    "Input.$": "$[0].body",
                },
                "Retry": [{ "ErrorEquals": ["Sfn.ThrottlingException", "Sfn.SfnException"], "MaxAttempts": 2, "JitterStrategy": "FULL" }],
                "Catch": [{
                    "ErrorEquals": ["Sfn.ExecutionAlreadyExistsException"],
                    "Next": "It has started before",
                }],
                "End": true,
            },
            "It has started before": { "Type": "Succeed" },
        },
    });
    laid_out(&definition)
}

fn pipe(template: &mut Template, workflow: &Workflow, queue_id: &str) {
    let id = |what: &str| name::id(&workflow.name, what);
    let (starter, role_id) = (id("Starter"), id("PipeRole"));
    let rights = vec![
        allow(
            "TakeMessages",
            &[
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
            ],
            attribute(queue_id, "Arn"),
        ),
        allow(
            "HandThemOver",
            &["states:StartSyncExecution"],
            reference(&starter),
        ),
    ];
    template.resource(&role_id, "", role("pipes.amazonaws.com", &rights));
    let pipe: Value = json!({
        "Type": "AWS::Pipes::Pipe",
        "Properties": {
            "RoleArn": attribute(&role_id, "Arn"),
            "Source": attribute(queue_id, "Arn"),
            "SourceParameters": { "SqsQueueParameters": { "BatchSize": 1 } },
            "Target": reference(&starter),
            "#TargetParameters": "It waits for the end: a message is deleted only when its execution has started.",
            "TargetParameters": {
                "StepFunctionStateMachineParameters": { "InvocationType": "REQUEST_RESPONSE" },
            },
        },
    });
    template.resource(&id("Pipe"), "", pipe);
}

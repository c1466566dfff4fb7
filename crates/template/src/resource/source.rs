//! `source`: a queue whose messages start executions, one each, named by the message's id, so that a message that is
//! delivered twice starts nothing twice.
//!
//! A pipe cannot name the executions that it starts. So it passes each message to a small EXPRESS state machine, which
//! starts the execution under that name and treats `ExecutionAlreadyExists` as success. A body that cannot be an input
//! is put aside at once; anything else that goes wrong, above all a burst beyond what Step Functions starts in a
//! second, is retried for as long as the message lives. It needs no code of ours.

use rampmeter_config::Workflow;
use serde_json::{Value, json};

use super::encryption::QUEUE_KEY;
use super::role::{allow, allow_sampled_traces, role};
use super::{log_group, machine, queue};
use crate::deployment::Deployment;
use crate::document::{Template, arn, attribute, pretty_json, reference};
use crate::name;

/// How often a message may fail to start an execution before it is put aside: as often as SQS allows. Each time takes at
/// least [`INVISIBLE_SECONDS`], so that a message which is only throttled lives for days and not for minutes.
const MAX_STARTS: u32 = 1_000;
/// How long a message is invisible while its execution is started, in seconds.
const INVISIBLE_SECONDS: u64 = 180;
/// How long the state machine tries to start an execution, in seconds. A pipe waits for it for five minutes.
const MAX_STARTING_SECONDS: u64 = 150;
/// The errors of Step Functions for an input that it will never accept.
const UNFIT: [&str; 2] = [
    "Sfn.InvalidExecutionInputException",
    "Sfn.ValidationException",
];
/// Its error for a message that was delivered before.
const STARTED_BEFORE: &str = "Sfn.ExecutionAlreadyExistsException";

pub(crate) fn add(
    template: &mut Template,
    deployment: &Deployment<'_>,
    workflow: &Workflow,
    source: &str,
) {
    let id = |what: &str| name::id(&workflow.name, what);
    let (queue_id, unstarted_id) = (id("Source"), id("Unstarted"));
    let called = deployment.naming().staged(source);
    let mut source_queue = queue::queue(&called, INVISIBLE_SECONDS);
    source_queue["Properties"]["RedrivePolicy"] = json!({
        "deadLetterTargetArn": attribute(&unstarted_id, "Arn"),
        "maxReceiveCount": MAX_STARTS,
    });
    let comment = format!("Each message starts one execution of {}.", workflow.name);
    template.resource(&queue_id, &comment, source_queue);
    let mut unstarted = queue::queue(
        &deployment.naming().unstarted_queue(source),
        INVISIBLE_SECONDS,
    );
    unstarted["Properties"]["RedriveAllowPolicy"] = json!({
        "redrivePermission": "byQueue",
        "sourceQueueArns": [arn("sqs", &called)],
    });
    template.resource(
        &unstarted_id,
        "Messages that started nothing, such as one whose body is not JSON.",
        unstarted,
    );
    template.resource(
        &id("SourcePolicy"),
        "",
        queue::over_tls_only(&[&queue_id, &unstarted_id]),
    );
    starter(template, deployment, workflow, called.ends_with(".fifo"));
    pipe(template, workflow, &queue_id);
}

/// The state machine that starts executions by name.
fn starter(
    template: &mut Template,
    deployment: &Deployment<'_>,
    workflow: &Workflow,
    in_order: bool,
) {
    let id = |what: &str| name::id(&workflow.name, what);
    let (logs, role_id) = (id("StarterLogs"), id("StarterRole"));
    let starter = deployment.naming().starter(&workflow.name);
    let machine = deployment.naming().staged(&workflow.name);
    let machine_arn = arn("states", &format!("stateMachine:{machine}"));
    let tracing = deployment.config().aws.tracing;
    let mut rights = vec![machine::allow_log_delivery()];
    rights.extend(tracing.then(allow_sampled_traces));
    rights.push(allow(
        "StartExecutions",
        &["states:StartExecution"],
        machine_arn.clone(),
    ));
    rights.push(allow(
        "PutAside",
        &["sqs:SendMessage"],
        attribute(&id("Unstarted"), "Arn"),
    ));
    rights.push(QUEUE_KEY.allow_use());
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
                "DefinitionString": definition(in_order),
                "DefinitionSubstitutions": {
                    "Partition": reference("AWS::Partition"),
                    "Workflow": machine_arn,
                    "Unstarted": reference(&id("Unstarted")),
                },
                "RoleArn": attribute(&role_id, "Arn"),
                "LoggingConfiguration": machine::logging(&logs),
                "TracingConfiguration": { "Enabled": tracing },
            },
        }),
    );
}

/// Its definition. The pipe passes a list of one message.
fn definition(in_order: bool) -> String {
    let mut aside = json!({
        "QueueUrl": "${Unstarted}",
        "MessageBody.$": "$[0].body",
        "MessageAttributes": {
            "MessageId": { "DataType": "String", "StringValue.$": "$[0].messageId" },
        },
    });
    if in_order {
        aside["MessageGroupId.$"] = "$[0].attributes.MessageGroupId".into();
        aside["MessageDeduplicationId.$"] = "$[0].messageId".into();
    }
    let definition = json!({
        "StartAt": "Start the execution",
        "TimeoutSeconds": MAX_STARTING_SECONDS,
        "States": {
            "Start the execution": {
                "Type": "Task",
                "Resource": "arn:${Partition}:states:::aws-sdk:sfn:startExecution",
                "Parameters": {
                    "StateMachineArn": "${Workflow}",
                    "Name.$": "$[0].messageId",
                    "Input.$": "$[0].body",
                },
                "Retry": [
                    { "ErrorEquals": [STARTED_BEFORE, UNFIT[0], UNFIT[1]], "MaxAttempts": 0 },
                    again(),
                ],
                "Catch": [
                    { "ErrorEquals": [STARTED_BEFORE], "Next": "It has started before" },
                    { "ErrorEquals": UNFIT, "ResultPath": null, "Next": "Put it aside" },
                ],
                "End": true,
            },
            "It has started before": { "Type": "Succeed" },
            "Put it aside": {
                "Type": "Task",
                "Resource": "arn:${Partition}:states:::sqs:sendMessage",
                "Parameters": aside,
                "Retry": [again()],
                "End": true,
            },
        },
    });
    pretty_json(&definition)
}

/// Tries for a minute and a half: 1, 2, 4, 8, 16 s and then every 20 s, each reduced by random jitter.
fn again() -> Value {
    json!({
        "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
        "IntervalSeconds": 1,
        "BackoffRate": 2,
        "MaxDelaySeconds": 20,
        "MaxAttempts": 8,
        "JitterStrategy": "FULL",
    })
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
        QUEUE_KEY.allow_reading(),
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

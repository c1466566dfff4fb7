//! Rights by name: whether what a request names is within the scope of its credential. What cannot be judged by a name
//! is not: lists of everything, definitions that may send anywhere, and any new operation.

use rampmeter_config::{Pattern, Scope};
use serde_json::Value;

use crate::operation::{Operation, Right};
use crate::protocol::service::Service;

/// The lanes of a target's queues, and its dead letters.
const LANES: [&str; 4] = ["high", "medium", "batch", "dead"];

/// Members that name a queue: by its URL, its name or its ARN.
const QUEUES: [&str; 4] = ["QueueUrl", "QueueName", "SourceArn", "DestinationArn"];

/// Members that name a workflow: by its ARN, or by the ARN of something that belongs to it.
const WORKFLOWS: [&str; 6] = [
    "stateMachineArn",
    "executionArn",
    "mapRunArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "resourceArn",
];

/// Operations that bring a definition along: its states may send to any queue.
const DEFINING: [&str; 4] = [
    "CreateStateMachine",
    "UpdateStateMachine",
    "TestState",
    "ValidateStateMachineDefinition",
];

/// Whether everything that a request names is within a scope. `targets`: those of the configuration.
pub(super) fn reaches(
    scope: &Scope,
    targets: &[String],
    operation: &Operation,
    parameters: &Value,
) -> bool {
    match operation.right {
        Right::Identify => return true,
        // Whoever reports on a task holds its task token; a worker that asks for an activity's task has none yet.
        Right::Report => return operation.name != "GetActivityTask",
        _ => {}
    }
    if DEFINING.contains(&operation.name) {
        return false;
    }
    let named = |members: &[&str]| -> Vec<String> {
        let found = members.iter().filter_map(|member| parameters.get(member));
        found
            .map(|value| value.as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let (names, within): (_, &dyn Fn(&str) -> bool) = match operation.service {
        Service::Sqs => (named(&QUEUES), &|text| {
            reaches_queue(scope, targets, queue_name(text))
        }),
        Service::States => (named(&WORKFLOWS), &|arn| {
            workflow_of(arn).is_some_and(|name| any(&scope.workflows, name))
        }),
        Service::Sts => return false,
    };
    let names = names.into_iter().chain(dead_letter_queue(parameters));
    let mut names = names.peekable();
    names.peek().is_some() && names.all(|name| within(&name))
}

/// The queue to which another one moves its messages. A policy that cannot be read names none within reach.
fn dead_letter_queue(parameters: &Value) -> Option<String> {
    let policy = parameters.get("Attributes")?.get("RedrivePolicy")?;
    let policy: Option<Value> = policy
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    let queue = policy.and_then(|policy| Some(policy["deadLetterTargetArn"].as_str()?.to_owned()));
    Some(queue.unwrap_or_default())
}

fn any(patterns: &[Pattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

/// A target's queue is reached by the name of its target too.
fn reaches_queue(scope: &Scope, targets: &[String], queue: &str) -> bool {
    let target = queue
        .rsplit_once('-')
        .filter(|(_, lane)| LANES.contains(lane))
        .map(|(target, _)| target)
        .filter(|target| targets.iter().any(|known| known == target));
    any(&scope.queues, queue) || target.is_some_and(|target| any(&scope.targets, target))
}

/// The last segment of a URL or an ARN, or the name itself: as the operations read it.
fn queue_name(text: &str) -> &str {
    let text = text.strip_suffix('/').unwrap_or(text);
    text.rsplit(['/', ':']).next().unwrap_or(text)
}

/// The workflow that an ARN of Step Functions belongs to: `arn:aws:states:REGION:ACCOUNT:KIND:WORKFLOW...`.
fn workflow_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let kind = parts.nth(5)?;
    let of_a_workflow = matches!(kind, "stateMachine" | "execution" | "express" | "mapRun");
    let name = parts.next()?.split('/').next()?;
    (of_a_workflow && !name.is_empty()).then_some(name)
}

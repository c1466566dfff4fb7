//! `docs/aws-api.md`, made from the table of operations: what is served, what is not, and which right each operation needs.
//! A test holds the page against the code, so that it cannot drift.

use std::fmt::Write;

use super::access::needed;
use crate::protocol::service::Service;
use crate::table::of_service;

/// The command that makes the page.
const COMMAND: &str = "rampmeter aws-api > docs/aws-api.md";

/// Every operation that AWS has of Step Functions (2016-11-23) and SQS (2012-11-05).
const STATES: &str = "CreateActivity CreateStateMachine CreateStateMachineAlias DeleteActivity DeleteStateMachine \
DeleteStateMachineAlias DeleteStateMachineVersion DescribeActivity DescribeExecution DescribeMapRun DescribeStateMachine \
DescribeStateMachineAlias DescribeStateMachineForExecution GetActivityTask GetExecutionHistory ListActivities \
ListExecutions ListMapRuns ListStateMachineAliases ListStateMachineVersions ListStateMachines ListTagsForResource \
PublishStateMachineVersion RedriveExecution SendTaskFailure SendTaskHeartbeat SendTaskSuccess StartExecution \
StartSyncExecution StopExecution TagResource TestState UntagResource UpdateMapRun UpdateStateMachine \
UpdateStateMachineAlias ValidateStateMachineDefinition";
const SQS: &str = "AddPermission CancelMessageMoveTask ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue \
DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues \
ListMessageMoveTasks ListQueueTags ListQueues PurgeQueue ReceiveMessage RemovePermission SendMessage SendMessageBatch \
SetQueueAttributes StartMessageMoveTask TagQueue UntagQueue";

/// What an operation does differently from AWS, besides what the page says of all of them.
const DIFFERS: &[(&str, &str)] = &[
    ("AddPermission", POLICY),
    ("ChangeMessageVisibility", LANES),
    ("ChangeMessageVisibilityBatch", LANES),
    (
        "CreateActivity",
        "`encryptionConfiguration` is kept and has no effect",
    ),
    (
        "CreateQueue",
        "encryption settings are kept and have no effect",
    ),
    ("CreateStateMachine", SETTINGS),
    ("DeleteMessage", LANES),
    ("DeleteMessageBatch", LANES),
    (
        "DescribeMapRun",
        "`redriveCount`, `resultsWritten` and the counts of redrives are 0: results are not written to files, and child executions are \
not redriven",
    ),
    (
        "GetCallerIdentity",
        "without `[server] credentials` everybody is the root of the account, with them a user named by the access key id",
    ),
    ("GetQueueAttributes", "the numbers of messages are exact"),
    ("ReceiveMessage", LANES),
    (
        "RedriveExecution",
        "child executions of a map run are not redriven one by one",
    ),
    ("RemovePermission", POLICY),
    ("SendTaskFailure", TOKEN),
    ("SendTaskHeartbeat", TOKEN),
    ("SendTaskSuccess", TOKEN),
    (
        "SetQueueAttributes",
        "encryption settings are kept and have no effect",
    ),
    ("StartExecution", TRACE),
    (
        "StartSyncExecution",
        "`traceHeader` is checked and has no effect; 64 MB are billed, whatever was used",
    ),
    (
        "TestState",
        "a Task needs a mock; the mock is compared with the answers of Athena, Batch, CodeBuild, DynamoDB, ECS, EventBridge, Glue, \
Lambda, S3, Secrets Manager, SNS, SQS, Step Functions, Systems Manager and HTTP tasks, as far as workflows commonly call them; others \
are taken as they are; there are no secrets to reveal",
    ),
    ("UpdateStateMachine", SETTINGS),
];
const SETTINGS: &str = "roles, logging, tracing and encryption are kept and have no effect; a state that this host does not serve fails \
when it is reached";
const LANES: &str = "refused for the queues of a target with an embedded worker";
const POLICY: &str =
    "the policy is kept and shown; who may do what is said by `[server] credentials`";
const TOKEN: &str = "an error never shows the task token";
const TRACE: &str = "`traceHeader` is checked and has no effect";

/// The whole page.
pub fn page() -> String {
    let mut page = String::from("# The AWS API that is served\n\n");
    let _ = writeln!(
        page,
        "<!-- Made from the code by `{COMMAND}`. Do not edit: a test compares it. -->\n"
    );
    page.push_str(
        "One port, 4566 unless `server.aws` or `--port` says otherwise. An operation is named by `X-Amz-Target` (AWS JSON \
1.0) or, for SQS and STS, by `Action` (the Query protocol: a form or the parameters of a URL, answered in XML). A form is \
read as one whatever `X-Amz-Target` says. A request may be as long as its longest member, 1 MiB, with every byte of it \
escaped.\n\n\
`eval \"$(rampmeter env)\"` sets all that SDKs and the aws CLI need. For StartSyncExecution and TestState, SDKs put `sync-` before the \
host of the endpoint. `AWS_DISABLE_HOST_PREFIX_INJECTION`, which recent versions of boto3 and of the aws CLI know, turns that off. \
Other SDKs need an endpoint whose prefixed form leads here: `http://rampmeter.localhost:4566`, which `rampmeter env` prints where \
names under `.localhost` are resolved (systemd-resolved, nss-myhostname), or a line `127.0.0.1 rampmeter.localhost \
sync-rampmeter.localhost` in `/etc/hosts`, or the SDK's own option (`disableHostPrefix`, `inject_host_prefix`). Between containers, \
give the server the second name `sync-NAME`.\n\n\
A queue URL carries the host under which the client reached the server. In requests, the last segment of its path counts, \
so `http://localhost:4566/000000000000/q`, `http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q` and \
`http://localhost:4566/queue/us-east-1/000000000000/q` are the same queue. `GET /_localstack/health` answers when the \
server is ready.\n\n\
Without `[server] credentials` every signature is taken, the server listens on loopback only, and access key ids of real \
accounts (`AKIA...`, `ASIA...`) are refused unless `allow_aws_keys = true`. A GET without a signature in its headers may only \
read, since any link or image makes a browser send one. With credentials every request must be signed \
(Signature Version 4, in the header or in a presigned URL, at most five minutes old) for the server's region, and a \
credential may do what its rights name: `read`, `send`, or `operate`, which is everything.\n\n\
Of all operations: the region and the account in the ARN of a state machine, an execution, a map run or an activity and in a queue \
URL are not compared with the server's; no request is throttled, and of the quotas of an account only the numbers of activities, \
versions, aliases and tags are kept. The column \"differs\" names what else is otherwise than on AWS.\n",
    );
    for service in Service::ALL {
        let _ = writeln!(
            page,
            "\n## {}\n\nSigning name `{}`, target prefix `{}`.\n\n| operation | right | differs |\n|---|---|---|",
            service.title(),
            service.signing_name(),
            service.target_prefix()
        );
        let mut operations: Vec<_> = of_service(service).collect();
        operations.sort_by_key(|operation| operation.name);
        for operation in operations {
            let right = needed(operation.right).map_or("any", |right| right.as_str());
            let differs = DIFFERS.iter().find(|(name, _)| *name == operation.name);
            let differs = differs
                .map(|(_, how)| format!(" {how}"))
                .unwrap_or_default();
            let _ = writeln!(page, "| {} | {right} |{differs} |", operation.name);
        }
        let missing = not_served(service);
        if !missing.is_empty() {
            let _ = writeln!(page, "\nNot served: {}.", missing.join(", "));
        }
    }
    page
}

fn not_served(service: Service) -> Vec<&'static str> {
    let all = match service {
        Service::States => STATES,
        Service::Sqs => SQS,
        Service::Sts => "",
    };
    all.split_whitespace()
        .filter(|name| !of_service(service).any(|operation| operation.name == *name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_about_the_aws_api_is_what_the_code_serves() {
        let page = include_str!("../../../../docs/aws-api.md");
        assert!(page == super::page(), "make it again: {COMMAND}");
    }

    #[test]
    fn what_differs_is_told_of_operations_that_are_served() {
        for (name, _) in DIFFERS {
            let is_served = |service| of_service(service).any(|served| served.name == *name);
            assert!(Service::ALL.into_iter().any(is_served), "{name}");
        }
    }

    #[test]
    fn every_operation_that_is_served_is_one_of_aws() {
        for (service, all) in [(Service::States, STATES), (Service::Sqs, SQS)] {
            for operation in of_service(service) {
                let known = all.split_whitespace().any(|name| name == operation.name);
                assert!(known, "{}", operation.name);
            }
        }
    }
}

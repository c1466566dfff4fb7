//! Which optimised integrations AWS has, so that a `Resource` that names none of them is an error of the
//! definition, as on AWS. Which of them this host serves is in `resource`.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html>

use crate::model::resource::{Action, Pattern};

/// How a state may wait for an action.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// It continues when the service responds, and in no other way.
    Never,
    /// For a task token too.
    Token,
    /// For the end of the job too.
    Job,
    /// For either.
    Both,
}

use Waits::{Both, Job, Never, Token};

/// Each service with its actions.
const INTEGRATIONS: &[(&str, &[(&str, Waits)])] = &[
    ("apigateway", &[("invoke", Token)]),
    (
        "athena",
        &[
            ("startQueryExecution", Job),
            ("stopQueryExecution", Never),
            ("getQueryExecution", Never),
            ("getQueryResults", Never),
        ],
    ),
    ("batch", &[("submitJob", Both)]),
    (
        "bedrock",
        &[("createModelCustomizationJob", Job), ("invokeModel", Token)],
    ),
    (
        "codebuild",
        &[
            ("startBuild", Job),
            ("stopBuild", Never),
            ("batchDeleteBuilds", Never),
            ("batchGetReports", Never),
            ("startBuildBatch", Job),
            ("stopBuildBatch", Never),
            ("retryBuildBatch", Job),
            ("deleteBuildBatch", Never),
        ],
    ),
    ("databrew", &[("startJobRun", Job)]),
    (
        "dynamodb",
        &[
            ("getItem", Never),
            ("putItem", Never),
            ("updateItem", Never),
            ("deleteItem", Never),
        ],
    ),
    ("ecs", &[("runTask", Both)]),
    (
        "eks",
        &[
            ("call", Never),
            ("runJob", Both),
            ("createCluster", Job),
            ("deleteCluster", Job),
            ("createFargateProfile", Job),
            ("deleteFargateProfile", Job),
            ("createNodegroup", Job),
            ("deleteNodegroup", Job),
        ],
    ),
    (
        "elasticmapreduce",
        &[
            ("createCluster", Job),
            ("terminateCluster", Job),
            ("addStep", Job),
            ("cancelStep", Never),
            ("setClusterTerminationProtection", Never),
            ("modifyInstanceFleetByName", Never),
            ("modifyInstanceGroupByName", Never),
        ],
    ),
    (
        "emr-containers",
        &[
            ("createVirtualCluster", Never),
            ("deleteVirtualCluster", Job),
            ("startJobRun", Job),
        ],
    ),
    (
        "emr-serverless",
        &[
            ("createApplication", Job),
            ("startApplication", Job),
            ("stopApplication", Job),
            ("deleteApplication", Job),
            ("startJobRun", Job),
            ("cancelJobRun", Job),
        ],
    ),
    ("events", &[("putEvents", Token)]),
    ("glue", &[("startJobRun", Job)]),
    ("http", &[("invoke", Never)]),
    ("lambda", &[("invoke", Token)]),
    ("mediaconvert", &[("createJob", Job)]),
    (
        "sagemaker",
        &[
            ("createEndpoint", Never),
            ("updateEndpoint", Never),
            ("createEndpointConfig", Never),
            ("createHyperParameterTuningJob", Job),
            ("createLabelingJob", Job),
            ("createModel", Never),
            ("createProcessingJob", Job),
            ("createTrainingJob", Job),
            ("createTransformJob", Job),
        ],
    ),
    ("sns", &[("publish", Token)]),
    ("sqs", &[("sendMessage", Token)]),
    ("states", &[("startExecution", Both)]),
];

/// Whether a `Resource` is one that AWS knows, as far as that can be told without a list of all its services.
pub(crate) fn is_known(arn: &str) -> bool {
    let Some((_partition, rest)) = arn
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let Some(text) = rest.strip_prefix("states:::") else {
        // An activity or a function, which has been recognised before.
        return rest.starts_with("lambda:") || rest.contains(":activity:");
    };
    let Some(action) = Action::parse(text) else {
        return false;
    };
    if action.service.starts_with("aws-sdk:") {
        // Any operation of any service; there are no jobs to wait for.
        return matches!(
            action.pattern,
            Pattern::RequestResponse | Pattern::WaitForTaskToken
        );
    }
    let served = INTEGRATIONS
        .iter()
        .find(|(service, _)| *service == action.service)
        .and_then(|(_, actions)| actions.iter().find(|(name, _)| *name == action.name));
    served.is_some_and(|(_, waits)| match action.pattern {
        Pattern::RequestResponse => true,
        Pattern::WaitForTaskToken => matches!(waits, Token | Both),
        Pattern::Sync => matches!(waits, Job | Both),
        Pattern::Sync2 => action.service == "states",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_no_service_has_is_not_known() {
        for (text, known) in [
            ("dynamodb:putItem", true),
            ("dynamodb:query", false),
            ("dynamodb:putItem.sync", false),
            ("sns:publish.waitForTaskToken", true),
            ("states:startExecution.sync:2", true),
            ("batch:submitJob.sync", true),
            ("batch:submitJob.sync:2", false),
            ("nonsense:do", false),
            ("nonsense", false),
            ("aws-sdk:dynamodb:query", true),
            ("aws-sdk:sns:publish.waitForTaskToken", true),
            ("aws-sdk:glue:startJobRun.sync", false),
        ] {
            assert_eq!(
                is_known(&format!("arn:aws:states:::{text}")),
                known,
                "{text}"
            );
        }
        assert!(is_known("arn:aws:states:us-east-1:000000000000:activity:a"));
        assert!(!is_known("arn:aws:sns:us-east-1:000000000000:topic"));
    }
}

//! The layer with the configuration: the worker's archive is the same for everybody, and this is what differs. SAM and
//! CloudFormation make a new version for a new content; old versions stay until the stack goes.

use serde_json::json;

use super::parameter::{CODE_BUCKET, LAYER_KEY};
use crate::deployment::{Deployment, Emit, LAYER};
use crate::document::{Template, reference};

/// Its logical id.
pub(crate) const ID: &str = "ConfigurationLayer";

pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>) {
    let description = "The configuration that the workers read.";
    let layer = match deployment.emit {
        Emit::Sam => json!({
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {
                "Description": description,
                "ContentUri": format!("{LAYER}/"),
                "CompatibleRuntimes": ["provided.al2023"],
                "RetentionPolicy": "Delete",
            },
        }),
        Emit::Cfn => json!({
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {
                "Description": description,
                "Content": { "S3Bucket": reference(CODE_BUCKET), "S3Key": reference(LAYER_KEY) },
                "CompatibleRuntimes": ["provided.al2023"],
            },
        }),
    };
    let comment = format!(
        "Holds {}, unchanged. The functions find it under /opt.",
        deployment.configuration()
    );
    template.resource(ID, &comment, layer);
}

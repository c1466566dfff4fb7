//! Log groups: made by the stack, so that they have a retention and go with it.

use serde_json::json;

use super::encryption::LOG_KEY;
use super::parameter::LOG_RETENTION;
use crate::document::{Template, reference};

pub(crate) fn add(template: &mut Template, id: &str, name: &str) {
    template.resource(
        id,
        "",
        json!({
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": name,
                "RetentionInDays": reference(LOG_RETENTION),
                "KmsKeyId": LOG_KEY.arn(),
            },
        }),
    );
}
